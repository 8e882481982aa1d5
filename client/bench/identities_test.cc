#include "client/bench/identities.h"

#include <openssl/pem.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/identity.h"
#include "common/testing/test_certificates.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class AuthorityTest : public testing::Test {
 protected:
  AuthorityTest() : folder_(MakeFolder()), ca_(MakeCa()) {
    std::filesystem::create_directories(folder_ + "/ca");
    std::ofstream(folder_ + "/ca/ca.crt") << ca_.certificate_pem;
    std::ofstream(folder_ + "/ca/ca.key") << ca_.key_pem;
  }
  ~AuthorityTest() override { std::filesystem::remove_all(folder_); }

  // Tests run beside each other.
  static std::string MakeFolder() {
    std::string made = testing::TempDir() + "/bench-authority-XXXXXX";
    return mkdtemp(made.data()) == nullptr ? "" : made;
  }
  static TestCertificate MakeCa() {
    TestCertificateOptions options;
    options.is_ca = true;
    return MakeTestCertificate(options);
  }
  static std::string PemOf(const Identity& identity) {
    const UniqueBio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), identity.certificate.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }

  const std::string folder_;
  const TestCertificate ca_;
};

TEST_F(AuthorityTest, IssuesWhatMusterTakesForAnIdentity) {
  const auto authority = Authority::Load(folder_);
  ASSERT_TRUE(authority.ok()) << authority.status();
  const auto identity = (*authority)->Issue("spiffe://muster.example/agency/bench-1/operator", kNow);
  ASSERT_TRUE(identity.ok()) << identity.status();
  const auto read = IdentityFromPem(PemOf(*identity), "muster.example");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->agency_id, "bench-1");
  EXPECT_EQ(read->post, "operator");
  EXPECT_EQ(read->key_sha256_hex, KeySha256Of(*identity));
  EXPECT_LT(read->not_before, kNow);
  EXPECT_GT(read->not_after, kNow);
}

TEST_F(AuthorityTest, EveryCertificateHasAKeyOfItsOwn) {
  const auto authority = Authority::Load(folder_);
  ASSERT_TRUE(authority.ok()) << authority.status();
  const auto one = (*authority)->Issue("spiffe://muster.example/agency/bench-1/operator", kNow);
  const auto other = (*authority)->Issue("spiffe://muster.example/agency/bench-1/operator", kNow);
  EXPECT_NE(KeySha256Of(*one), KeySha256Of(*other));
}

TEST_F(AuthorityTest, AFolderWithoutAKeyIsRefused) {
  std::filesystem::remove(folder_ + "/ca/ca.key");
  EXPECT_FALSE(Authority::Load(folder_).ok());
}

TEST_F(AuthorityTest, AKeyOfAnotherAuthorityIsRefused) {
  std::ofstream(folder_ + "/ca/ca.key", std::ios::trunc) << MakeCa().key_pem;
  EXPECT_FALSE(Authority::Load(folder_).ok());
}

}  // namespace
}  // namespace muster::bench
