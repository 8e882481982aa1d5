// What the two listeners answer, without sockets.
#include "client/gateway/http/front.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/testing/front_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

constexpr char kWhoAmI[] = "/muster.v1.AgencyService/WhoAmI";
constexpr char kCallHold[] = "/muster.v1.ReadinessService/CallHold";
constexpr char kSubscribe[] = "/muster.v1.FeedService/Subscribe";
constexpr char kSessionService[] = "/muster.gateway.v1.SessionService/";
constexpr char kPassword[] = "four words to remember";

TEST_F(FrontTest, AViewerReads) {
  const HttpAnswer answer = Call(kWhoAmI, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(called_, std::vector<std::string>{kWhoAmI});
}

TEST_F(FrontTest, AViewerIsRefusedAChangeAndAnOperatorIsNot) {
  const HttpAnswer refused = Call(kCallHold, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("j-smith is a viewer here"));
  EXPECT_TRUE(called_.empty());
  EXPECT_EQ(Call(kCallHold, "{}", SignedIn(v1::PERSON_ROLE_OPERATOR)).status, 200);
}

TEST_F(FrontTest, NobodyIsServedWithoutASession) {
  EXPECT_EQ(Call(kWhoAmI, "{}").status, 401);
  EXPECT_THAT(Call(kWhoAmI, "{}", "not-a-session").body, HasSubstr("the session has ended"));
  EXPECT_TRUE(called_.empty());
}

TEST_F(FrontTest, EachProtocolIsAnsweredInItsOwn) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  const HttpAnswer web = Call(kWhoAmI, std::string(5, '\0'), token, "application/grpc-web+proto");
  EXPECT_EQ(web.status, 200);
  EXPECT_EQ(HeaderOf(web, "Content-Type"), "application/grpc-web+proto");
  EXPECT_THAT(web.body, HasSubstr("grpc-status: 0"));
  EXPECT_EQ(HeaderOf(Call(kWhoAmI, "", token, "application/proto"), "Content-Type"), "application/proto");
}

TEST_F(FrontTest, AMediaTypeThatDoesNotFitTheMethodIsRefused) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  EXPECT_EQ(Call(kWhoAmI, "", token, "application/connect+json").status, 415);
  EXPECT_EQ(Call(kSubscribe, "{}", token, "application/json").status, 415);
  const HttpAnswer form = Call(kWhoAmI, "a=b", token, "application/x-www-form-urlencoded");
  EXPECT_EQ(form.status, 415);
  EXPECT_THAT(HeaderOf(form, "Accept-Post"), HasSubstr("application/grpc-web"));
}

TEST_F(FrontTest, AnotherSitesPageCannotCallEvenWithTheCookie) {
  HttpRequest request = Post(kWhoAmI, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  request.headers.emplace_back("Origin", "https://evil.example");
  EXPECT_EQ(main_.Serve(request).status, 403);
  EXPECT_TRUE(called_.empty());
}

TEST_F(FrontTest, AnotherNameIsMisdirected) {
  HttpRequest request = Request("GET", "/");
  request.headers = {{"Host", "evil.example:8443"}};
  EXPECT_EQ(main_.Serve(request).status, 421);
}

TEST_F(FrontTest, ACompressedRequestIsNotUnderstood) {
  HttpRequest request = Post(kWhoAmI, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  request.headers.emplace_back("Content-Encoding", "gzip");
  EXPECT_EQ(main_.Serve(request).status, 501);
}

TEST_F(FrontTest, AnUnknownMethodIsUnimplementedAndMethodsOfHttpThatAreNotOursAreNotAllowed) {
  EXPECT_EQ(Call("/muster.v1.PlanService/Nothing", "{}", SignedIn(v1::PERSON_ROLE_VIEWER)).status, 501);
  EXPECT_EQ(main_.Serve(Request("OPTIONS", kWhoAmI)).status, 405);
  EXPECT_EQ(main_.Serve(Request("PUT", "/")).status, 405);
}

TEST_F(FrontTest, TooManyCallsOfOneSessionWait) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 200);
  EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 429);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 200);
}

TEST_F(FrontTest, OnePersonCannotTakeEveryThreadInHoweverManySessions) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  const std::string second = SignedIn(v1::PERSON_ROLE_VIEWER);
  const std::string other = SignedIn(v1::PERSON_ROLE_VIEWER, "m-jones");
  connection_->on_call = [&](size_t, const std::string& method, const google::protobuf::Message&,
                             google::protobuf::Message*) {
    if (method == kWhoAmI) {
      EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", token).status, 429);
      EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", second).status, 429);
      EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", other).status, 200);
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 200);
  EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", token).status, 200);
}

TEST_F(FrontTest, OnlyAnOperatorsBodyMayBeLong) {
  const std::string viewer = SignedIn(v1::PERSON_ROLE_VIEWER);
  const std::string operators = SignedIn(v1::PERSON_ROLE_OPERATOR);
  EXPECT_EQ(calls_.BodyBytesMax(Post(kWhoAmI, "")), 16u << 10);
  EXPECT_EQ(calls_.BodyBytesMax(Post(kWhoAmI, "", viewer)), 64u << 10);
  EXPECT_EQ(calls_.BodyBytesMax(Post(kWhoAmI, "", operators)), 4u << 20);
}

TEST_F(FrontTest, AnInvitationThenAPasswordOpenASessionWithAnUnreadableCookie) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  const HttpAnswer enrolled = Call(absl::StrCat(kSessionService, "Enroll"),
                                   absl::StrCat(R"({"code":")", code, R"(","password":")", kPassword, R"("})"));
  ASSERT_EQ(enrolled.status, 200) << enrolled.body;
  EXPECT_THAT(HeaderOf(enrolled, "Set-Cookie"), HasSubstr("HttpOnly; SameSite=Strict"));
  const HttpAnswer signed_in = Call(absl::StrCat(kSessionService, "SignIn"),
                                    absl::StrCat(R"({"person":"j-smith","password":")", kPassword, R"("})"));
  ASSERT_EQ(signed_in.status, 200) << signed_in.body;
  const std::string cookie = HeaderOf(signed_in, "Set-Cookie");
  EXPECT_EQ(Call(kWhoAmI, "{}", TokenInCookies(cookie)).status, 200);
}

TEST_F(FrontTest, SigningInAgainEndsTheSessionBefore) {
  const std::string code = *people_->Invite("j-smith", v1::PERSON_ROLE_VIEWER);
  const std::string before = SignedIn(v1::PERSON_ROLE_VIEWER);
  const std::string body = absl::StrCat(R"({"code":")", code, R"(","password":")", kPassword, R"("})");
  ASSERT_EQ(Call(absl::StrCat(kSessionService, "Enroll"), body, before).status, 200);
  EXPECT_EQ(Call(kWhoAmI, "{}", before).status, 401);
}

TEST_F(FrontTest, GetSessionTellsAnEndedSessionFromNone) {
  const std::string path = absl::StrCat(kSessionService, "GetSession");
  EXPECT_EQ(Call(path, "{}").body, R"({"certificateLoginUrl":"https://localhost:8444/"})");
  EXPECT_THAT(Call(path, "{}", "gone").body, HasSubstr(R"("ended":true)"));
  EXPECT_THAT(Call(path, "{}", SignedIn(v1::PERSON_ROLE_OPERATOR)).body, HasSubstr("PERSON_ROLE_OPERATOR"));
}

TEST_F(FrontTest, SigningOutEndsTheSessionAndTakesTheCookieBack) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  const HttpAnswer answer = Call(absl::StrCat(kSessionService, "SignOut"), "{}", token);
  EXPECT_THAT(HeaderOf(answer, "Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 401);
}

TEST_F(FrontTest, TooManyAttemptsToSignInFromOneAddressWait) {
  const std::string path = absl::StrCat(kSessionService, "SignIn");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Call(path, absl::StrCat(R"({"person":"p)", i, R"(","password":"x"})")).status, 401);
  }
  EXPECT_EQ(Call(path, R"({"person":"p","password":"x"})").status, 429);
}

TEST_F(FrontTest, OneAddressCannotTakeEveryPlaceWhereASignInWaits) {
  const std::string path = absl::StrCat(kSessionService, "SignIn");
  const std::shared_ptr<void> others_attempt = attempts_each_.Take("127.0.0.1");
  EXPECT_EQ(Call(path, R"({"person":"p","password":"x"})").status, 429);
  HttpRequest from_elsewhere = Post(path, R"({"person":"p","password":"x"})");
  from_elsewhere.peer = "127.0.0.2";
  EXPECT_EQ(main_.Serve(from_elsewhere).status, 401);
}

TEST_F(FrontTest, OnlyTheLockOfANameSaysForHowLong) {
  const std::string path = absl::StrCat(kSessionService, "SignIn");
  const std::string body = R"({"person":"j-smith","password":"wrong"})";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Call(path, body).status, 401);
  const HttpAnswer locked = Call(path, body);
  EXPECT_EQ(locked.status, 429);
  EXPECT_THAT(locked.body, HasSubstr("locked for 15 minutes"));
  EXPECT_THAT(locked.body, HasSubstr("google.rpc.RetryInfo"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Call(path, body).status, 429);
  const HttpAnswer limited = Call(path, body);
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(limited.body, HasSubstr("from this address"));
  EXPECT_THAT(limited.body, testing::Not(HasSubstr("RetryInfo")));
}

TEST_F(FrontTest, ASignInMustObeyTheRulesOfItsFields) {
  const std::string path = absl::StrCat(kSessionService, "SignIn");
  EXPECT_EQ(Call(path, R"({"person":"j-smith"})").status, 400);
  EXPECT_EQ(Call(path, absl::StrCat(R"({"person":"j-smith","password":")", std::string(2000, 'x'), "\"}")).status, 400);
}

TEST_F(FrontTest, AFeedIsPassedOnMessageByMessageAndItsEndIsTold) {
  muster::v1::SubscribeResponse message;
  message.set_caught_up(true);
  connection_->feeds.push_back({.messages = {message, message}, .end = absl::OutOfRangeError("trimmed")});
  const Framing framing = {Protocol::kConnectStream, Codec::kJson};
  const HttpAnswer answer =
      Call(kSubscribe, EncodeMessage(framing, "{}"), SignedIn(v1::PERSON_ROLE_VIEWER), "application/connect+json");
  ASSERT_TRUE(answer.stream);
  FakeSink sink;
  answer.stream(sink);
  ASSERT_EQ(sink.pieces.size(), 3u);
  EXPECT_EQ(sink.pieces[0], EncodeMessage(framing, R"({"caughtUp":true})"));
  EXPECT_EQ(sink.pieces[2], EncodeEnd(framing, absl::OutOfRangeError("trimmed")));
}

TEST_F(FrontTest, AFeedEndsWhenItsReaderIsGone) {
  connection_->feeds.push_back({.messages = {{}, {}, {}}, .end = absl::OkStatus(), .stays_open = true});
  const Framing framing = {Protocol::kGrpcWeb, Codec::kProto};
  const HttpAnswer answer =
      Call(kSubscribe, EncodeMessage(framing, ""), SignedIn(v1::PERSON_ROLE_VIEWER), "application/grpc-web");
  FakeSink sink(/*pieces_max=*/1);
  answer.stream(sink);  // Returns.
  EXPECT_EQ(sink.pieces.size(), 1u);
}

TEST_F(FrontTest, NoMoreStreamsThanThereAreSlots) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  const Framing framing = {Protocol::kConnectStream, Codec::kProto};
  const std::string body = EncodeMessage(framing, "");
  const HttpAnswer first = Call(kSubscribe, body, token, "application/connect+proto");
  const HttpAnswer second = Call(kSubscribe, body, token, "application/connect+proto");
  const HttpAnswer third = Call(kSubscribe, body, token, "application/connect+proto");
  EXPECT_TRUE(first.stream && second.stream);
  EXPECT_FALSE(third.stream);
  EXPECT_THAT(third.body, HasSubstr("resource_exhausted"));
}

TEST_F(FrontTest, ANinthStreamOfASessionIsRefusedWithWhatToDoAndCostsTheBrokerNothing) {
  const Framing framing = {Protocol::kConnectStream, Codec::kJson};
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  std::vector<std::unique_ptr<Sessions::Hold>> open;
  for (size_t i = 0; i < Sessions::kStreamsPerSessionMax; ++i) open.push_back(sessions_.HoldOpen(token, [] {}));
  const HttpAnswer answer = Call(kSubscribe, EncodeMessage(framing, "{}"), token, "application/connect+json");
  ASSERT_TRUE(answer.stream);
  FakeSink sink;
  answer.stream(sink);
  ASSERT_EQ(sink.pieces.size(), 1u);
  EXPECT_THAT(sink.pieces[0], HasSubstr("resource_exhausted"));
  EXPECT_THAT(sink.pieces[0], HasSubstr("a session may have 8"));
  EXPECT_THAT(sink.pieces[0], HasSubstr("close some windows"));
  EXPECT_TRUE(connection_->opened_after().empty());
}

TEST_F(FrontTest, EveryAnswerHasTheSecurityHeaders) {
  for (const HttpAnswer& answer :
       {Call(kWhoAmI, "{}"), Call(kWhoAmI, "", "", "text/plain"), main_.Serve(Request("GET", "/")),
        main_.Serve(Request("GET", "/page/locked")), main_.Serve(Request("BREW", "/"))}) {
    EXPECT_THAT(HeaderOf(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(HeaderOf(answer, "X-Content-Type-Options"), "nosniff");
  }
}

}  // namespace
}  // namespace muster::gateway
