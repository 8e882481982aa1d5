// What the two listeners answer, without sockets.
#include "client/gateway/http/front.h"

#include <openssl/x509_vfy.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/session/cookie.h"
#include "client/gateway/testing/temporary_folder.h"
#include "client/lib/testing/fake_connection.h"
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

// Keeps what is written; the reader goes away after so many pieces.
class FakeSink : public StreamSink {
 public:
  explicit FakeSink(size_t pieces_max = 1000) : pieces_max_(pieces_max) {}
  bool Write(absl::string_view bytes) override {
    if (pieces.size() >= pieces_max_) return false;
    pieces.emplace_back(bytes);
    return true;
  }
  void OnGone(std::function<void()>) override {}
  std::vector<std::string> pieces;

 private:
  const size_t pieces_max_;
};

std::string HeaderOf(const HttpAnswer& answer, absl::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (absl::EqualsIgnoreCase(each, name)) return value;
  }
  return "";
}

class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    connection_->on_call = [this](size_t, const std::string& method, const google::protobuf::Message&,
                                  google::protobuf::Message*) {
      called_.push_back(method);
      return absl::OkStatus();
    };
  }

  static HttpRequest Request(const std::string& method, const std::string& path) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.peer = "127.0.0.1";
    request.headers = {{"Host", "localhost:8443"}};
    return request;
  }
  static HttpRequest Post(const std::string& path, const std::string& body, const std::string& token = "",
                          const std::string& content_type = "application/json") {
    HttpRequest request = Request("POST", path);
    request.headers.emplace_back("Content-Type", content_type);
    if (!token.empty()) request.headers.emplace_back("Cookie", absl::StrCat(kCookieName, "=", token));
    request.body = body;
    return request;
  }
  HttpAnswer Call(const std::string& path, const std::string& body, const std::string& token = "",
                  const std::string& content_type = "application/json") {
    return main_.Serve(Post(path, body, token, content_type));
  }
  // The token of a session of somebody with this role.
  std::string SignedIn(v1::PersonRole role) {
    v1::PersonRecord person;
    person.set_name("j-smith");
    person.set_role(role);
    return sessions_.Begin(person, std::nullopt);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'630'000'000)};
  TemporaryFolder folder_;
  std::unique_ptr<People> people_ = *People::Open(folder_.path() + "/state", &clock_);
  Passwords passwords_{LeastCost()};
  SignIn sign_in_{people_.get(), &passwords_, &clock_};
  Sessions sessions_{{}, &clock_};
  RateLimit per_session_{50, 10, &clock_};
  RateLimit per_address_{50, 40, &clock_};
  RateLimit sign_ins_{5, 10, &clock_};
  StreamSlots slots_{2};
  CallSlots calls_each_{1};
  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  Methods methods_;
  Forwarder forwarder_{connection_};
  SessionService session_service_{&sign_in_, &sessions_, &sign_ins_};
  Calls calls_{
      {&methods_, &forwarder_, &sessions_, &session_service_, &per_session_, &per_address_, &slots_, &calls_each_}};
  MainFront main_{Origins("127.0.0.1:8443", "", 8443), 8444, false, std::nullopt, &calls_, &per_address_};
  LoginFront login_{Origins("127.0.0.1:8444", "", 8444), 8443, false, people_.get(), &sessions_, &sign_ins_};
  std::vector<std::string> called_;
};

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

TEST_F(FrontTest, OneSessionCannotTakeEveryThread) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  const std::string other = SignedIn(v1::PERSON_ROLE_VIEWER);
  connection_->on_call = [&](size_t, const std::string& method, const google::protobuf::Message&,
                             google::protobuf::Message*) {
    if (method == kWhoAmI) {
      EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", token).status, 429);
      EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", other).status, 200);
    }
    return absl::OkStatus();
  };
  EXPECT_EQ(Call(kWhoAmI, "{}", token).status, 200);
  EXPECT_EQ(Call("/muster.v1.FeedService/GetFeedCursor", "{}", token).status, 200);
}

TEST_F(FrontTest, AStrangersBodyIsShort) {
  EXPECT_LE(calls_.BodyBytesMax(Post(kWhoAmI, "")), 64u << 10);
  EXPECT_GE(calls_.BodyBytesMax(Post(kWhoAmI, "", SignedIn(v1::PERSON_ROLE_VIEWER))), 1u << 20);
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

TEST_F(FrontTest, EveryAnswerHasTheSecurityHeaders) {
  for (const HttpAnswer& answer :
       {Call(kWhoAmI, "{}"), Call(kWhoAmI, "", "", "text/plain"), main_.Serve(Request("GET", "/")),
        main_.Serve(Request("GET", "/page/locked")), main_.Serve(Request("BREW", "/"))}) {
    EXPECT_THAT(HeaderOf(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(HeaderOf(answer, "X-Content-Type-Options"), "nosniff");
  }
}

class LoginTest : public FrontTest {
 protected:
  HttpAnswer Show(std::optional<PeerCertificate> certificate) {
    HttpRequest request = Request("GET", "/");
    request.headers = {{"Host", "localhost:8444"}};
    request.certificate = std::move(certificate);
    return login_.Serve(request);
  }
  PeerCertificate Certificate(int verify_error = X509_V_OK) const {
    return {.sha256_hex = sha256_, .not_after = clock_.Now() + absl::Hours(1), .verify_error = verify_error};
  }

  const std::string sha256_ = std::string(64, 'a');
};

TEST_F(LoginTest, AnInvitedCertificateSignsInAndIsSentToTheMainListener) {
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_OPERATOR, sha256_).ok());
  const HttpAnswer answer = Show(Certificate());
  EXPECT_EQ(answer.status, 303);
  EXPECT_EQ(HeaderOf(answer, "Location"), "https://localhost:8443/");
  const auto session = sessions_.Find(TokenInCookies(HeaderOf(answer, "Set-Cookie")));
  ASSERT_TRUE(session.has_value());
  EXPECT_TRUE(session->session.by_certificate());
  EXPECT_EQ(FromProto(session->session.ends_at()), clock_.Now() + absl::Hours(1));
}

TEST_F(LoginTest, EachFailureHasItsOwnPageAndNoSession) {
  EXPECT_THAT(Show(std::nullopt).body, HasSubstr("<h1>No certificate</h1>"));
  EXPECT_THAT(Show(Certificate(X509_V_ERR_CERT_HAS_EXPIRED)).body, HasSubstr("<h1>Certificate expired</h1>"));
  EXPECT_THAT(Show(Certificate(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)).body,
              HasSubstr("<h1>Certificate not accepted</h1>"));
  EXPECT_THAT(Show(Certificate()).body, HasSubstr("<h1>Not invited</h1>"));
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, sha256_).ok());
  ASSERT_TRUE(people_->Remove("j-smith").ok());
  EXPECT_THAT(Show(Certificate()).body, HasSubstr("<h1>Access removed</h1>"));
  EXPECT_EQ(sessions_.count(), 0u);
}

TEST_F(LoginTest, AnInvitedCertificateThatIsNotVerifiedSignsNobodyIn) {
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_OPERATOR, sha256_).ok());
  EXPECT_EQ(Show(Certificate(X509_V_ERR_CERT_SIGNATURE_FAILURE)).status, 403);
  EXPECT_EQ(sessions_.count(), 0u);
}

TEST_F(LoginTest, TheLoginListenerTakesNoCalls) {
  HttpRequest request = Post(kWhoAmI, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  request.headers[0].second = "localhost:8444";
  EXPECT_EQ(login_.Serve(request).status, 405);
}

}  // namespace
}  // namespace muster::gateway
