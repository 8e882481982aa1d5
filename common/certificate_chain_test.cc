#include "common/certificate_chain.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/testing/test_certificates.h"

namespace muster {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class CertificateChainTest : public testing::Test {
 protected:
  TestCertificate Authority(const std::string& name = "Authority") {
    return MakeTestCertificate({.common_name = name, .is_ca = true});
  }
  TestCertificate Leaf(const TestCertificate& issuer) {
    return MakeTestCertificate({.common_name = "Leaf",
                                .uris = {"spiffe://muster.example/agency/ky-ago/operator"},
                                .not_after = kNow + absl::Hours(1),
                                .issuer = &issuer});
  }
};

TEST_F(CertificateChainTest, WhatAnAuthoritySignedIsAccepted) {
  const TestCertificate authority = Authority();
  const TestCertificate other = Authority("Another");
  EXPECT_EQ(CheckClientChain(Leaf(authority).certificate_pem,
                             absl::StrCat(other.certificate_pem, authority.certificate_pem), kNow),
            absl::OkStatus());
}

TEST_F(CertificateChainTest, WhatNoneSignedIsNot) {
  const TestCertificate authority = Authority();
  const TestCertificate other = Authority("Another");
  const absl::Status status = CheckClientChain(Leaf(other).certificate_pem, authority.certificate_pem, kNow);
  EXPECT_EQ(RejectedOf(status).reason(), v1::ERROR_REASON_CERTIFICATE_UNUSABLE) << status;
  // Its own signer beside it vouches for nothing.
  EXPECT_FALSE(CheckClientChain(absl::StrCat(Leaf(other).certificate_pem, other.certificate_pem),
                                authority.certificate_pem, kNow)
                   .ok());
}

TEST_F(CertificateChainTest, WhatHasExpiredIsNot) {
  const TestCertificate authority = Authority();
  const std::string leaf = Leaf(authority).certificate_pem;
  EXPECT_TRUE(CheckClientChain(leaf, authority.certificate_pem, kNow).ok());
  EXPECT_FALSE(CheckClientChain(leaf, authority.certificate_pem, kNow + absl::Hours(2)).ok());
}

TEST_F(CertificateChainTest, AnIntermediateThatComesAlongIsFollowed) {
  const TestCertificate root = Authority();
  const TestCertificate between = MakeTestCertificate({.common_name = "Between", .is_ca = true, .issuer = &root});
  const std::string leaf = Leaf(between).certificate_pem;
  EXPECT_FALSE(CheckClientChain(leaf, root.certificate_pem, kNow).ok());
  EXPECT_EQ(CheckClientChain(absl::StrCat(leaf, between.certificate_pem), root.certificate_pem, kNow),
            absl::OkStatus());
}

TEST_F(CertificateChainTest, WhatIsNoCertificateIsRefused) {
  const TestCertificate authority = Authority();
  EXPECT_FALSE(CheckClientChain("", authority.certificate_pem, kNow).ok());
  EXPECT_FALSE(CheckClientChain("nonsense", authority.certificate_pem, kNow).ok());
  EXPECT_FALSE(CheckClientChain(Leaf(authority).certificate_pem, "", kNow).ok());
}

}  // namespace
}  // namespace muster
