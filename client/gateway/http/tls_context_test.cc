#include "client/gateway/http/tls_context.h"

#include <string>

#include "common/testing/test_certificates.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

TEST(TlsContextTest, FilesThatAreNotRightAreNamed) {
  const TlsFiles names = {"c.pem", "k.key", "ca.pem"};
  const TestCertificate one = MakeTestCertificate({});
  const TestCertificate other = MakeTestCertificate({});
  const absl::Status mixed = MakeTlsContext({one.certificate_pem, other.key_pem, ""}, names).status();
  EXPECT_THAT(std::string(mixed.message()), HasSubstr("k.key is not the key of the certificate in c.pem"));
  const absl::Status none = MakeTlsContext({"", one.key_pem, ""}, names).status();
  EXPECT_THAT(std::string(none.message()), HasSubstr("c.pem cannot be used"));
}

TEST(TlsContextTest, AChainOfWhichOnlyPartHasArrivedIsRefused) {
  const TestCertificate authority = MakeTestCertificate({.is_ca = true});
  const TestCertificate leaf = MakeTestCertificate({.issuer = &authority});
  const std::string chain = leaf.certificate_pem + authority.certificate_pem;
  EXPECT_TRUE(MakeTlsContext({chain, leaf.key_pem, ""}, {}).ok());
  for (const size_t missing : {size_t{40}, authority.certificate_pem.size() - 40}) {
    EXPECT_FALSE(MakeTlsContext({chain.substr(0, chain.size() - missing), leaf.key_pem, ""}, {}).ok()) << missing;
  }
}

TEST(TlsContextTest, ACertificateThatIsNotValidNowIsTold) {
  const TestCertificate certificate = MakeTestCertificate(
      {.not_before = absl::FromUnixSeconds(1'600'000'000), .not_after = absl::FromUnixSeconds(1'600'000'100)});
  const auto context = MakeTlsContext({certificate.certificate_pem, certificate.key_pem, ""}, {});
  ASSERT_TRUE(context.ok()) << context.status();
  EXPECT_TRUE(CheckIsValidAt(absl::FromUnixSeconds(1'600'000'050), {}, **context).ok());
  EXPECT_FALSE(CheckIsValidAt(absl::FromUnixSeconds(1'599'999'999), {}, **context).ok());
  EXPECT_FALSE(CheckIsValidAt(absl::FromUnixSeconds(1'600'000'101), {}, **context).ok());
}

}  // namespace
}  // namespace muster::gateway
