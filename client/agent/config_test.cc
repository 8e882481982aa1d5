#include "client/agent/config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/config.h"
#include "common/toml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::agent {
namespace {

using config::v1::AgentConfig;
using testing::HasSubstr;

constexpr char kLeast[] = "state_dir = \"state\"\n[key]\nfile = \"agent.key\"\n";

absl::StatusOr<AgentConfig> Complete(const std::string& text) {
  AgentConfig config;
  const absl::Status parsed = ParseToml(text, "agent.toml", &config);
  if (!parsed.ok()) return parsed;
  return CompleteAgentConfig(config, "agent.toml", "/etc/muster");
}

std::string WrongWith(const std::string& text) { return std::string(Complete(text).status().message()); }

TEST(AgentConfigTest, TheLeastThereIsGetsTheDocumentedDefaults) {
  const auto config = Complete(kLeast);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen().socket(), "/etc/muster/state/agent.sock");
  EXPECT_EQ(config->listen().socket_mode(), "0660");
  EXPECT_EQ(ToDuration(config->link().answer_within()), absl::Seconds(5));
  EXPECT_EQ(ToDuration(config->link().keepalive()), absl::Seconds(15));
  EXPECT_EQ(ToDuration(config->link().keepalive_timeout()), absl::Seconds(5));
  EXPECT_EQ(ToDuration(config->link().reconnect_max()), absl::Seconds(30));
  EXPECT_EQ(ToDuration(config->hook().timeout()), absl::Seconds(30));
  EXPECT_EQ(config->keep().days(), 90u);
}

TEST(AgentConfigTest, RelativePathsAreTakenFromTheFilesFolderAndAbsoluteOnesStand) {
  const auto config =
      Complete("state_dir = \"/var/lib/muster\"\n[key]\nfile = \"../agent.key\"\n[listen]\nsocket = \"s\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state_dir(), "/var/lib/muster");
  EXPECT_EQ(config->key().file(), "/etc/agent.key");
  EXPECT_EQ(config->listen().socket(), "/etc/muster/s");
}

TEST(AgentConfigTest, AnAnswerAtOnceMayBeAskedFor) {
  const auto config = Complete(absl::StrCat(kLeast, "[link]\nanswer_within = \"0s\"\n"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(ToDuration(config->link().answer_within()), absl::ZeroDuration());
}

TEST(AgentConfigTest, EverythingThatIsWrongIsSaidAtOnce) {
  const std::string wrong = WrongWith("[keep]\ndays = 3\n[listen]\nsocket_mode = \"rw\"\n");
  EXPECT_THAT(wrong, HasSubstr("state_dir: is missing"));
  EXPECT_THAT(wrong, HasSubstr("key: is missing"));
  EXPECT_THAT(wrong, HasSubstr("keep.days: is 3, wanted is 30"));
  EXPECT_THAT(wrong, HasSubstr("listen.socket_mode: is \"rw\""));
}

TEST(AgentConfigTest, DurationsOutsideWhatIsPossibleAreRefused) {
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[link]\nkeepalive = \"1s\"\n")), HasSubstr("link.keepalive: is 1s"));
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[link]\nanswer_within = \"-5s\"\n")), HasSubstr("link.answer_within"));
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[hook]\ntimeout = \"0s\"\n")), HasSubstr("hook.timeout"));
}

TEST(AgentConfigTest, TcpNeedsAnAddressAndMutualTls) {
  const std::string wrong = WrongWith(absl::StrCat(kLeast, "[listen.tcp]\naddress = \"192.0.2.1:7444\"\n"));
  EXPECT_THAT(wrong, HasSubstr("listen.tcp.address"));
  EXPECT_THAT(wrong, HasSubstr("certificate_file, key_file and ca_file"));
}

TEST(AgentConfigTest, ASocketPathThatIsTooLongForTheSystemIsRefused) {
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[listen]\nsocket = \"/", std::string(120, 'x'), "\"\n")),
              HasSubstr("listen.socket: has 121 bytes"));
}

TEST(AgentConfigTest, AnUnknownKeyIsNamedWithItsNearestNeighbour) {
  EXPECT_THAT(WrongWith(absl::StrCat(kLeast, "[link]\nkeep_alive = \"15s\"\n")), HasSubstr("keepalive"));
}

}  // namespace
}  // namespace muster::agent
