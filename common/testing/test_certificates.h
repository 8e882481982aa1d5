// Certificates made on the spot, right or wrong in every way a test needs. Test code only.
#ifndef MUSTER_COMMON_TESTING_TEST_CERTIFICATES_H_
#define MUSTER_COMMON_TESTING_TEST_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace muster {

// PEM texts that belong together.
struct TestCertificate {
  std::string certificate_pem;
  std::string key_pem;
};

struct TestCertificateOptions {
  std::string common_name = "Test Certificate";
  // URI subject alternative names, byte for byte.
  std::vector<std::string> uris = {};
  std::vector<std::string> dns_names = {};
  bool is_ca = false;
  // Puts the URIs into two subject alternative name extensions instead of one.
  bool two_extensions = false;
  absl::Time not_before = absl::FromUnixSeconds(1'600'000'000);
  absl::Time not_after = absl::FromUnixSeconds(4'000'000'000);
  // Null: signed by itself. Not owned.
  const TestCertificate* issuer = nullptr;
};

// A new P-256 key and its certificate, serial number 0x0a1b2c. CHECK-fails when OpenSSL does.
TestCertificate MakeTestCertificate(const TestCertificateOptions& options);

}  // namespace muster

#endif  // MUSTER_COMMON_TESTING_TEST_CERTIFICATES_H_
