#include "client/gateway/config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/config.h"
#include "common/toml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using config::v1::GatewayConfig;
using testing::HasSubstr;

constexpr char kLeast[] =
    "state_dir = \"state\"\n[listen]\ncertificate_file = \"g.pem\"\nkey_file = \"g.key\"\n"
    "[brokers]\naddresses = [\"unix:/run/agent.sock\"]\n";

absl::StatusOr<GatewayConfig> Complete(const std::string& text) {
  GatewayConfig config;
  const absl::Status parsed = ParseToml(text, "gateway.toml", &config);
  if (!parsed.ok()) return parsed;
  return CompleteGatewayConfig(config, "gateway.toml", "/etc/muster");
}

std::string WrongWith(const std::string& text) { return std::string(Complete(text).status().message()); }

TEST(GatewayConfigTest, TheLeastThereIsGetsTheDocumentedDefaults) {
  const auto config = Complete(kLeast);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen().address(), "127.0.0.1:8443");
  EXPECT_EQ(config->dashboard_dir(), "/usr/share/muster/dashboard");
  EXPECT_EQ(ToDuration(config->session().idle()), absl::Minutes(30));
  EXPECT_EQ(ToDuration(config->session().longest()), absl::Hours(12));
  EXPECT_EQ(config->limits().calls_per_second(), 50u);
  EXPECT_EQ(config->limits().sign_ins_per_second(), 5u);
  EXPECT_EQ(config->limits().streams(), 64u);
  EXPECT_EQ(config->limits().connections(), 512u);
  EXPECT_EQ(config->limits().connections_per_address(), 128u);
}

TEST(GatewayConfigTest, RelativePathsAreTakenFromTheFilesFolder) {
  const auto config = Complete(kLeast);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state_dir(), "/etc/muster/state");
  EXPECT_EQ(config->listen().key_file(), "/etc/muster/g.key");
}

TEST(GatewayConfigTest, AnAddressBeyondThisMachineMustBeMeant) {
  const std::string listen =
      "state_dir = \"s\"\n[brokers]\naddresses = [\"unix:/a\"]\n[listen]\ncertificate_file = \"g.pem\"\n"
      "key_file = \"g.key\"\naddress = \"0.0.0.0:8443\"\n";
  EXPECT_THAT(WrongWith(listen), HasSubstr("beyond_this_machine"));
  EXPECT_TRUE(Complete(absl::StrCat(listen, "beyond_this_machine = true\n")).ok());
}

TEST(GatewayConfigTest, EverythingThatIsWrongIsSaidAtOnce) {
  const std::string wrong = WrongWith("[session]\nidle = \"0s\"\n[listen]\naddress = \"here\"\n");
  EXPECT_THAT(wrong, HasSubstr("state_dir: is missing"));
  EXPECT_THAT(wrong, HasSubstr("listen.address: is \"here\""));
  EXPECT_THAT(wrong, HasSubstr("listen: certificate_file"));
  EXPECT_THAT(wrong, HasSubstr("brokers.addresses: is missing"));
  EXPECT_THAT(wrong, HasSubstr("session.idle: is 0, wanted is 1s"));
}

TEST(GatewayConfigTest, BrokersNeedTheOfficesCertificateAndASocketDoesNot) {
  const std::string wrong = WrongWith("state_dir = \"s\"\n[brokers]\naddresses = [\"broker.example:7443\"]\n");
  EXPECT_THAT(wrong, HasSubstr("brokers: certificate_file"));
  EXPECT_TRUE(Complete(kLeast).ok());
}

TEST(GatewayConfigTest, TheCertificateLoginNeedsAPortAndAuthoritiesOfItsOwn) {
  const std::string wrong =
      WrongWith(absl::StrCat(kLeast, "[listen.certificate_login]\naddress = \"127.0.0.1:8443\"\n"));
  EXPECT_THAT(wrong, HasSubstr("give it a port of its own"));
  EXPECT_THAT(wrong, HasSubstr("certificate_login.ca_file: is missing"));
}

TEST(GatewayConfigTest, AKeyThatDoesNotExistIsNamed) {
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[limits]\nstream = 3\n")), HasSubstr("limits.stream"));
}

TEST(GatewayConfigTest, OnlyRealLoopbackAddressesAreThisMachine) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "localhost", "::1"}) EXPECT_TRUE(IsLoopbackHost(host)) << host;
  for (const char* host : {"127.example.org", "0.0.0.0", "::", "128.0.0.1", ""}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(GatewayConfigTest, AnIpv6AddressIsSplitFromItsPort) {
  std::string host;
  std::string port;
  ASSERT_TRUE(SplitAddress("[::1]:8443", &host, &port));
  EXPECT_EQ(host, "::1");
  EXPECT_EQ(port, "8443");
}

}  // namespace
}  // namespace muster::gateway
