// What the login listener answers, without sockets.
#include <openssl/x509_vfy.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/gateway/testing/front_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

constexpr char kWhoAmI[] = "/muster.v1.AgencyService/WhoAmI";

class LoginTest : public FrontTest {
 protected:
  static HttpRequest WithCertificate(std::optional<PeerCertificate> certificate) {
    HttpRequest request = Request("GET", "/");
    request.headers = {{"Host", "localhost:8444"}};
    request.certificate = std::move(certificate);
    return request;
  }
  HttpAnswer Show(std::optional<PeerCertificate> certificate) {
    return login_.Serve(WithCertificate(std::move(certificate)));
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

TEST_F(LoginTest, AnotherWebSiteBeginsNoSession) {
  const std::string token = SignedIn(v1::PERSON_ROLE_VIEWER);
  ASSERT_TRUE(people_->AddCertificate("j-smith", v1::PERSON_ROLE_VIEWER, sha256_).ok());
  HttpRequest request = WithCertificate(Certificate());
  request.headers.emplace_back("Cookie", absl::StrCat(kCookieName, "=", token));
  request.headers.emplace_back("Sec-Fetch-Site", "cross-site");
  const HttpAnswer answer = login_.Serve(request);
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(HeaderOf(answer, "Set-Cookie"), "");
  EXPECT_TRUE(sessions_.Find(token).has_value());
  for (const char* ours : {"none", "same-site"}) {
    request.headers.back().second = ours;
    EXPECT_EQ(login_.Serve(request).status, 303) << ours;
  }
}

TEST_F(LoginTest, TheLoginListenerTakesNoCalls) {
  HttpRequest request = Post(kWhoAmI, "{}", SignedIn(v1::PERSON_ROLE_VIEWER));
  request.headers[0].second = "localhost:8444";
  EXPECT_EQ(login_.Serve(request).status, 405);
}

}  // namespace
}  // namespace muster::gateway
