#include "common/identity.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/testing/test_certificates.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDomain[] = "muster.test";
constexpr char kGoodUri[] = "spiffe://muster.test/agency/mo-ago/command-post-1";

std::string PemWith(std::vector<std::string> uris) {
  return MakeTestCertificate({.uris = std::move(uris)}).certificate_pem;
}

// What every test of a bad certificate expects.
void ExpectRefused(const absl::Status& status, const std::string& why) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
  EXPECT_EQ(RejectedOf(status).reason(), v1::ERROR_REASON_CERTIFICATE_UNUSABLE) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
}

TEST(IdentityTest, ACertificateWithOneGoodUriNamesAgencyAndPost) {
  const absl::StatusOr<CertificateIdentity> identity = IdentityFromPem(PemWith({kGoodUri}), kDomain);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->agency_id, "mo-ago");
  EXPECT_EQ(identity->post, "command-post-1");
  EXPECT_EQ(identity->serial_hex, "0a1b2c");
  EXPECT_EQ(identity->not_before, absl::FromUnixSeconds(1'600'000'000));
  EXPECT_EQ(identity->not_after, absl::FromUnixSeconds(4'000'000'000));
}

// The digest is made by the openssl command, not by our code.
TEST(IdentityTest, TheDigestIsTheOneThatOpensslPrints) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri}});
  const std::string path = absl::StrCat(::testing::TempDir(), "/fingerprint.pem");
  std::ofstream(path) << made.certificate_pem;
  FILE* pipe = popen(absl::StrCat("openssl x509 -noout -pubkey -in ", path,
                                  " | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r")
                         .c_str(),
                     "r");
  ASSERT_NE(pipe, nullptr);
  char printed[65] = {};
  ASSERT_EQ(fread(printed, 1, 64, pipe), 64u);
  pclose(pipe);
  const absl::StatusOr<CertificateIdentity> identity = IdentityFromPem(made.certificate_pem, kDomain);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->key_sha256_hex, printed);
}

// The signature is not part of what is signed: of an ECDSA signature (r, s) the holder can make (r, n - s), as good.
TEST(IdentityTest, AnAlteredSignatureDoesNotChangeWhatARevocationNames) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri}});
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(made.certificate_pem.data(), static_cast<int>(made.certificate_pem.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr),
                                                                &X509_free);
  ASSERT_NE(certificate, nullptr);
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate.get());
  signature->data[signature->length - 1] ^= 1;
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  ASSERT_EQ(PEM_write_bio_X509(out.get(), certificate.get()), 1);
  char* text = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(out.get(), &text));
  const std::string altered(text, size);
  ASSERT_NE(altered, made.certificate_pem);
  EXPECT_EQ(IdentityFromPem(altered, kDomain)->key_sha256_hex,
            IdentityFromPem(made.certificate_pem, kDomain)->key_sha256_hex);
}

TEST(IdentityTest, OtherKindsOfNamesBesideTheUriAreAllowed) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri}, .dns_names = {"post.mo.example"}});
  EXPECT_TRUE(IdentityFromPem(made.certificate_pem, kDomain).ok());
}

TEST(IdentityTest, TheLeafOfAChainCounts) {
  const TestCertificate authority = MakeTestCertificate({.common_name = "CA", .is_ca = true});
  const TestCertificate leaf = MakeTestCertificate({.uris = {kGoodUri}, .issuer = &authority});
  const auto identity = IdentityFromPem(absl::StrCat(leaf.certificate_pem, authority.certificate_pem), kDomain);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->agency_id, "mo-ago");
}

TEST(IdentityTest, TheCommonNameIsNeverAnIdentity) {
  const TestCertificate made = MakeTestCertificate({.common_name = kGoodUri});
  ExpectRefused(IdentityFromPem(made.certificate_pem, kDomain).status(), "0 URI");
}

TEST(IdentityTest, ADnsNameIsNeverAnIdentity) {
  const TestCertificate made = MakeTestCertificate({.dns_names = {kGoodUri}});
  ExpectRefused(IdentityFromPem(made.certificate_pem, kDomain).status(), "0 URI");
}

TEST(IdentityTest, TwoUrisAreRefusedEvenWhenBothAreTheSame) {
  ExpectRefused(IdentityFromPem(PemWith({kGoodUri, kGoodUri}), kDomain).status(), "2 URI");
  ExpectRefused(IdentityFromPem(PemWith({kGoodUri, "https://mo.example"}), kDomain).status(), "2 URI");
}

TEST(IdentityTest, TwoAlternativeNameExtensionsAreRefused) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri, kGoodUri}, .two_extensions = true});
  ExpectRefused(IdentityFromPem(made.certificate_pem, kDomain).status(), "more than one");
}

TEST(IdentityTest, AnAuthoritysCertificateIsRefused) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri}, .is_ca = true});
  ExpectRefused(IdentityFromPem(made.certificate_pem, kDomain).status(), "authority");
}

TEST(IdentityTest, EmbeddedNulIsRefusedAndShownEscaped) {
  using std::string_literals::operator""s;
  for (const std::string& uri : {std::string(kGoodUri) + "\0"s, std::string(kGoodUri) + "\0.evil"s,
                                 "spiffe://muster.test\0.evil/agency/mo-ago/post"s}) {
    const absl::Status status = IdentityFromPem(PemWith({uri}), kDomain).status();
    ExpectRefused(status, "\\x00");
    EXPECT_EQ(status.message().find('\0'), absl::string_view::npos);
  }
}

TEST(IdentityTest, WhatIsNotACertificateIsRefused) {
  const TestCertificate made = MakeTestCertificate({.uris = {kGoodUri}});
  std::string damaged = made.certificate_pem;
  damaged.resize(damaged.size() / 2);
  for (const std::string& pem : {std::string(), std::string("hello"), made.key_pem, damaged,
                                 std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    ExpectRefused(IdentityFromPem(pem, kDomain).status(), "not a PEM certificate");
  }
  ExpectRefused(IdentityFromPem(std::string(100'000, 'x'), kDomain).status(), "larger than");
}

TEST(ParseSpiffeUriTest, TheLongestNamesAreAccepted) {
  const std::string longest(63, 'a');
  const auto name = ParseSpiffeUri(absl::StrCat("spiffe://muster.test/agency/", longest, "/", longest), kDomain);
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->post, longest);
}

class BadUriTest : public ::testing::TestWithParam<std::string> {};

TEST_P(BadUriTest, IsRefused) { ExpectRefused(ParseSpiffeUri(GetParam(), kDomain).status(), "URI"); }

INSTANTIATE_TEST_SUITE_P(
    All, BadUriTest,
    ::testing::Values("", "spiffe://", "spiffe://muster.test", "spiffe://muster.test/",
                      "https://muster.test/agency/mo/post", "SPIFFE://muster.test/agency/mo/post",
                      "spiffe:/muster.test/agency/mo/post", " spiffe://muster.test/agency/mo/post",
                      "spiffe://muster.test/agency/mo/post ",
                      // Another trust domain, or one that only begins or ends like ours.
                      "spiffe://other.test/agency/mo/post", "spiffe://muster.test.evil/agency/mo/post",
                      "spiffe://evil.muster.test/agency/mo/post", "spiffe://Muster.test/agency/mo/post",
                      "spiffe://muster.test:443/agency/mo/post", "spiffe://user@muster.test/agency/mo/post",
                      "spiffe:///agency/mo/post",
                      // Another path.
                      "spiffe://muster.test/agency/mo", "spiffe://muster.test/agency/mo/",
                      "spiffe://muster.test/agency//post", "spiffe://muster.test/agency/mo/post/",
                      "spiffe://muster.test/agency/mo/post/x", "spiffe://muster.test//agency/mo/post",
                      "spiffe://muster.test/broker/mo/post", "spiffe://muster.test/Agency/mo/post",
                      "spiffe://muster.test/agency/../post",
                      // Query, fragment, percent-encoding, upper case, and what is not a slug.
                      "spiffe://muster.test/agency/mo/post?", "spiffe://muster.test/agency/mo/post?x=1",
                      "spiffe://muster.test/agency/mo/post#x", "spiffe://muster.test/agency/m%6f/post",
                      "spiffe://muster.test/agency/MO/post", "spiffe://muster.test/agency/mo/Post",
                      "spiffe://muster.test/agency/mo_ago/post", "spiffe://muster.test/agency/1mo/post",
                      "spiffe://muster.test/agency/mo--ago/post", "spiffe://muster.test/agency/mo-/post",
                      "spiffe://muster.test/agency/-mo/post", "spiffe://muster.test/agency/mo/p\n",
                      "spiffe://muster.test/agency/m\xC3\xB6/post", "spiffe://muster.test\\/agency/mo/post",
                      // Over-long.
                      "spiffe://muster.test/agency/" + std::string(64, 'a') + "/post",
                      "spiffe://muster.test/agency/mo/" + std::string(64, 'a'),
                      "spiffe://muster.test/agency/mo/" + std::string(5'000, 'a')));

TEST(ParseSpiffeUriTest, AnEmptyTrustDomainAcceptsNothing) {
  ExpectRefused(ParseSpiffeUri("spiffe:///agency/mo/post", "").status(), "trust domain");
}

TEST(ParseSpiffeUriTest, MessagesStayShortAndPrintable) {
  const absl::Status status =
      ParseSpiffeUri(absl::StrCat("spiffe://", std::string(1'500, '\n'), "/x"), kDomain).status();
  EXPECT_LT(status.message().size(), 800u);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\n")));
}

TEST(DescribeCertificateFileTest, ShowsWhatMusterWouldRefuse) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/described.pem");
  std::ofstream(path) << PemWith({kGoodUri, "https://mo.example/\x01"});
  const absl::StatusOr<CertificateInfo> info = DescribeCertificateFile(path);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->uris, ::testing::ElementsAre(kGoodUri, "https://mo.example/\\x01"));
  EXPECT_EQ(info->key_sha256_hex.size(), 64u);
  EXPECT_FALSE(info->is_ca);
}

TEST(DescribeCertificateFileTest, ErrorsNameTheFile) {
  const absl::Status missing = DescribeCertificateFile("/nonexistent/x.pem").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("/nonexistent/x.pem"));
  const std::string path = absl::StrCat(::testing::TempDir(), "/empty.pem");
  std::ofstream(path) << "no certificate";
  EXPECT_EQ(DescribeCertificateFile(path).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DescribeCertificateFile(::testing::TempDir()).status().ok(), false);
}

}  // namespace
}  // namespace muster
