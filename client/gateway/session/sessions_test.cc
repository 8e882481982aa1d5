#include "client/gateway/session/sessions.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/gateway/session/cookie.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

v1::PersonRecord Person(const std::string& name, v1::PersonRole role = v1::PERSON_ROLE_VIEWER) {
  v1::PersonRecord person;
  person.set_name(name);
  person.set_role(role);
  return person;
}

bool AllStand(const SessionView&) { return true; }

class SessionsTest : public testing::Test {
 protected:
  FakeClock clock_{absl::FromUnixSeconds(1'630'000'000)};
  Sessions sessions_{{.idle = absl::Minutes(30), .longest = absl::Hours(12)}, &clock_};
};

TEST_F(SessionsTest, ATokenFindsItsPersonAndRole) {
  const std::string token = sessions_.Begin(Person("j-smith", v1::PERSON_ROLE_OPERATOR), std::nullopt);
  const auto found = sessions_.Find(token);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->session.person(), "j-smith");
  EXPECT_EQ(found->session.role(), v1::PERSON_ROLE_OPERATOR);
  EXPECT_FALSE(found->session.by_certificate());
  EXPECT_EQ(FromProto(found->session.ends_at()), clock_.Now() + absl::Hours(12));
}

TEST_F(SessionsTest, NoOtherTokenFindsAnything) {
  const std::string token = sessions_.Begin(Person("j-smith"), std::nullopt);
  EXPECT_EQ(token.size(), 43u);
  for (const std::string& other : {std::string(), token.substr(1), token + "x", std::string(43, 'A')}) {
    EXPECT_FALSE(sessions_.Find(other).has_value());
  }
}

TEST_F(SessionsTest, AnIdleSessionEndsAndOneInUseDoesNot) {
  const std::string idle = sessions_.Begin(Person("a"), std::nullopt);
  const std::string used = sessions_.Begin(Person("b"), std::nullopt);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Minutes(10));
    EXPECT_TRUE(sessions_.Find(used).has_value());
  }
  EXPECT_FALSE(sessions_.Find(idle).has_value());
}

TEST_F(SessionsTest, NoSessionLastsLongerThanTheLongest) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  for (int i = 0; i < 47; ++i) {
    clock_.Advance(absl::Minutes(15));
    EXPECT_TRUE(sessions_.Find(token).has_value());
  }
  clock_.Advance(absl::Minutes(15));
  EXPECT_FALSE(sessions_.Find(token).has_value());
}

TEST_F(SessionsTest, ACertificatesSessionEndsWithTheCertificate) {
  const absl::Time not_after = clock_.Now() + absl::Minutes(5);
  const std::string token = sessions_.Begin(Person("a"), not_after);
  EXPECT_EQ(FromProto(sessions_.Find(token)->session.ends_at()), not_after);
  clock_.Advance(absl::Minutes(5));
  EXPECT_FALSE(sessions_.Find(token).has_value());
}

TEST_F(SessionsTest, AnOpenStreamKeepsASessionFromBeingIdle) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  auto hold = sessions_.HoldOpen(token, [] {});
  ASSERT_NE(hold, nullptr);
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(sessions_.Find(token).has_value());
  hold.reset();
  clock_.Advance(absl::Minutes(30));
  EXPECT_FALSE(sessions_.Find(token).has_value());
}

TEST_F(SessionsTest, SigningOutEndsTheStreams) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  int ended = 0;
  const auto hold = sessions_.HoldOpen(token, [&] { ++ended; });
  sessions_.End(token);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(sessions_.Find(token).has_value());
  sessions_.End(token);
  EXPECT_EQ(ended, 1);
}

TEST_F(SessionsTest, AStreamThatIsGoneIsNotTold) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  int ended = 0;
  sessions_.HoldOpen(token, [&] { ++ended; }).reset();
  sessions_.End(token);
  EXPECT_EQ(ended, 0);
}

TEST_F(SessionsTest, ASweepEndsTheStreamsOfSessionsWhosePersonIsGone) {
  const std::string gone = sessions_.Begin(Person("gone"), std::nullopt);
  const std::string stays = sessions_.Begin(Person("stays"), std::nullopt);
  std::vector<std::string> ended;
  const auto first = sessions_.HoldOpen(gone, [&] { ended.push_back("gone"); });
  const auto second = sessions_.HoldOpen(stays, [&] { ended.push_back("stays"); });
  sessions_.Sweep([](const SessionView& view) { return view.session.person() != "gone"; });
  EXPECT_EQ(ended, std::vector<std::string>{"gone"});
  EXPECT_FALSE(sessions_.Find(gone).has_value());
  EXPECT_TRUE(sessions_.Find(stays).has_value());
}

TEST_F(SessionsTest, ASweepEndsTheStreamsOfSessionsThatHaveLastedTooLong) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  int ended = 0;
  const auto hold = sessions_.HoldOpen(token, [&] { ++ended; });
  clock_.Advance(absl::Hours(12));
  sessions_.Sweep(AllStand);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(sessions_.count(), 0u);
}

TEST_F(SessionsTest, OneSessionHoldsEightStreams) {
  const std::string token = sessions_.Begin(Person("a"), std::nullopt);
  std::vector<std::unique_ptr<Sessions::Hold>> holds;
  for (size_t i = 0; i < Sessions::kStreamsPerSessionMax; ++i) holds.push_back(sessions_.HoldOpen(token, [] {}));
  EXPECT_NE(holds.back(), nullptr);
  EXPECT_EQ(sessions_.HoldOpen(token, [] {}), nullptr);
  holds.pop_back();
  EXPECT_NE(sessions_.HoldOpen(token, [] {}), nullptr);
}

TEST_F(SessionsTest, OnePersonHoldsThirtyTwoStreamsInAllSessions) {
  std::vector<std::unique_ptr<Sessions::Hold>> holds;
  std::string token;
  for (size_t i = 0; i < Sessions::kStreamsPerPersonMax; ++i) {
    if (i % Sessions::kStreamsPerSessionMax == 0) token = sessions_.Begin(Person("a"), std::nullopt);
    holds.push_back(sessions_.HoldOpen(token, [] {}));
    ASSERT_NE(holds.back(), nullptr);
  }
  const std::string one_more = sessions_.Begin(Person("a"), std::nullopt);
  EXPECT_EQ(sessions_.HoldOpen(one_more, [] {}), nullptr);
  EXPECT_NE(sessions_.HoldOpen(sessions_.Begin(Person("b"), std::nullopt), [] {}), nullptr);
  holds.pop_back();
  EXPECT_NE(sessions_.HoldOpen(one_more, [] {}), nullptr);
}

TEST_F(SessionsTest, ASessionWithAnOpenStreamIsNotTheLeastRecentlyUsed) {
  const std::string watching = sessions_.Begin(Person("a"), std::nullopt);
  const auto hold = sessions_.HoldOpen(watching, [] {});
  for (size_t i = 0; i < 2 * Sessions::kPerPersonMax; ++i) {
    clock_.Advance(absl::Seconds(1));
    (void)sessions_.Begin(Person("a"), std::nullopt);
  }
  EXPECT_TRUE(sessions_.Find(watching).has_value());
}

TEST_F(SessionsTest, ASeventeenthSessionEndsThePersonsLeastRecentlyUsed) {
  const std::string first = sessions_.Begin(Person("a"), std::nullopt);
  const std::string others = sessions_.Begin(Person("b"), std::nullopt);
  for (size_t i = 0; i < Sessions::kPerPersonMax; ++i) {
    clock_.Advance(absl::Seconds(1));
    (void)sessions_.Begin(Person("a"), std::nullopt);
  }
  EXPECT_FALSE(sessions_.Find(first).has_value());
  EXPECT_TRUE(sessions_.Find(others).has_value());
  EXPECT_EQ(sessions_.count(), Sessions::kPerPersonMax + 1);
}

TEST(CookieTest, TheTokenIsFoundAmongOtherCookies) {
  EXPECT_EQ(TokenInCookies("a=b; __Host-muster=tok_en-1; c=d"), "tok_en-1");
  EXPECT_EQ(TokenInCookies("__Host-muster="), "");
  EXPECT_EQ(TokenInCookies("x__Host-muster=t"), "");
  EXPECT_EQ(TokenInCookies(""), "");
}

TEST(CookieTest, TwoTokensAreNone) { EXPECT_EQ(TokenInCookies("__Host-muster=a; __Host-muster=b"), ""); }

TEST(CookieTest, NoScriptAndNoOtherSiteGetsTheCookie) {
  EXPECT_EQ(SetCookie("t"), "__Host-muster=t; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(ClearCookie(), "__Host-muster=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
}

}  // namespace
}  // namespace muster::gateway
