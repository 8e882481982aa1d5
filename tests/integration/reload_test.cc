// New certificate files come into force without a restart.
#include <filesystem>

#include "common/identity.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"
#include "tests/integration/tls_probe.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

class Reload : public IntegrationTest {
 protected:
  // The serial number of the certificate that the broker shows to a new connection.
  std::string SerialShown() {
    return AttemptTls(broker_.address(), {.certificate = OperatorOf(kLead), .offer = nullptr}).peer_serial;
  }
  static std::string SerialOf(const CertificateFiles& files) {
    const absl::StatusOr<CertificateInfo> info = DescribeCertificateFile(files.certificate);
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? info->serial_hex : "";
  }
  CertificateFiles NewBrokerCertificate() {
    return IssueCertificate(broker_.folder(), "spiffe://muster.example/broker/next", absl::Hours(24));
  }
  static void Replace(const std::string& file, const std::string& with) {
    fs::copy_file(with, file, fs::copy_options::overwrite_existing);
  }
};

TEST_F(Reload, NewConnectionsSeeTheNewCertificateAndOldOnesGoOn) {
  const CertificateFiles files = broker_.certificate_files();
  EXPECT_EQ(SerialShown(), SerialOf(files));
  WatchedFeed feed(As(kLead).connection());
  ASSERT_TRUE(feed.WaitUntilOpen());

  const CertificateFiles next = NewBrokerCertificate();
  Replace(files.key, next.key);
  Replace(files.certificate, next.certificate);
  EXPECT_TRUE(Eventually([&] { return SerialShown() == SerialOf(next); })) << broker_.Log();
  EXPECT_FALSE(feed.ended());
  EXPECT_TRUE(As(kLead).WhoAmI().ok());
  EXPECT_TRUE(broker_.ClientOf(kLead).WhoAmI().ok()) << "a new connection, with gRPC's own checks";
}

TEST_F(Reload, AKeyThatDoesNotBelongToTheCertificateIsNotInstalled) {
  const CertificateFiles files = broker_.certificate_files();
  const std::string before = SerialOf(files);
  const CertificateFiles next = NewBrokerCertificate();
  Replace(files.certificate, next.certificate);  // And the old key.
  ASSERT_TRUE(Eventually([&] { return broker_.Log().find("not usable") != std::string::npos; }));
  EXPECT_EQ(SerialShown(), before);
  EXPECT_TRUE(broker_.ClientOf(kLead).WhoAmI().ok()) << "the old pair stays in force";
  // Once the pair is whole, it comes into force.
  Replace(files.key, next.key);
  EXPECT_TRUE(Eventually([&] { return SerialShown() == SerialOf(next); }));
}

}  // namespace
}  // namespace muster
