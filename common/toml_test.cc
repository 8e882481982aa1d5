#include "common/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/near_miss.h"
#include "muster/config/v1/config.pb.h"
#include "muster/v1/activity.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

template <typename Message>
std::string ErrorOf(const char* text) {
  Message message;
  const absl::Status status = ParseToml(text, "file.toml", &message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message.DebugString();
  return std::string(status.message());
}

TEST(Toml, ConfigurationIsRead) {
  config::v1::BrokerConfig config;
  const absl::Status status = ParseToml(R"(
data_dir = "/var/lib/muster"  # A comment.
[listen]
address = "127.0.0.1:7443"
[tls]
reload_interval = "1m1.5s"
[limits]
queue_max = 4_000_000_000
history_notices_max = 9223372036854775807
[bootstrap]
registrar = { agency_id = "mo-ago", name = "Missouri «AGO»", kind = "attorney_general", registrar = true }
)",
                                        "musterd.toml", &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(config.data_dir(), "/var/lib/muster");
  EXPECT_EQ(config.listen().address(), "127.0.0.1:7443");
  EXPECT_EQ(config.tls().reload_interval().seconds(), 61);
  EXPECT_EQ(config.tls().reload_interval().nanos(), 500000000);
  EXPECT_EQ(config.limits().queue_max(), 4000000000u);
  EXPECT_EQ(config.limits().history_notices_max(), 9223372036854775807u);
  EXPECT_EQ(config.bootstrap().registrar().kind(), v1::AGENCY_KIND_ATTORNEY_GENERAL);
  EXPECT_EQ(config.bootstrap().registrar().name(), "Missouri «AGO»");
  EXPECT_TRUE(config.bootstrap().registrar().registrar());
  EXPECT_FALSE(config.has_admin());
}

TEST(Toml, EnumsHaveFullAndShortNames) {
  v1::Agency agency;
  ASSERT_TRUE(ParseToml("kind = 'state_police'", "t", &agency).ok());
  EXPECT_EQ(agency.kind(), v1::AGENCY_KIND_STATE_POLICE);
  ASSERT_TRUE(ParseToml("kind = 'AGENCY_KIND_FEDERAL'", "t", &agency).ok());
  EXPECT_EQ(agency.kind(), v1::AGENCY_KIND_FEDERAL);
  v1::Audience audience;
  ASSERT_TRUE(ParseToml("roles = ['participant', 'ROLE_PROSECUTOR']", "t", &audience).ok());
  EXPECT_THAT(audience.roles(), ElementsAre(v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR));
}

TEST(Toml, DateTimesWithOffsetAreTimestamps) {
  v1::TimeWindow window;
  ASSERT_TRUE(ParseToml("start = 2021-08-26T19:00:00.25-05:00\nend = '2021-08-28T05:00:00Z'", "t", &window).ok());
  EXPECT_EQ(FromProto(window.start()), absl::FromUnixMillis(1630022400250));
  EXPECT_EQ(FromProto(window.end()), absl::FromUnixSeconds(1630126800));
  EXPECT_THAT(ErrorOf<v1::TimeWindow>("start = 2021-08-26T19:00:00"),
              HasSubstr("start: wanted is a date and time with its offset"));
  EXPECT_THAT(ErrorOf<v1::TimeWindow>("start = 2021-08-26"), HasSubstr("offset"));
  EXPECT_THAT(ErrorOf<v1::TimeWindow>("start = 'tomorrow'"), HasSubstr("offset"));
}

TEST(Toml, ArraysOfTablesAreRepeatedMessages) {
  v1::PublishPlan plan;
  const absl::Status status = ParseToml(R"(
operation_id = "united-front-2021"
[[sections]]
section_id = "situation"
body = """
One
two"""
[[sections]]
section_id = "safety"
[sections.audience]
roles = ["participant"]
)",
                                        "plan.toml", &plan);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(plan.sections_size(), 2);
  EXPECT_EQ(plan.sections(0).body(), "One\ntwo");
  EXPECT_EQ(plan.sections(1).audience().roles_size(), 1);
}

TEST(Toml, NumbersAndBytesAreConverted) {
  v1::LatLng position;
  ASSERT_TRUE(ParseToml("latitude = 38\nlongitude = -92.5", "t", &position).ok());
  EXPECT_EQ(position.latitude(), 38);
  EXPECT_EQ(position.longitude(), -92.5);
  v1::SubscribeRequest request;
  ASSERT_TRUE(ParseToml("after_cursor = 'AAEC'", "t", &request).ok());
  EXPECT_EQ(request.after_cursor(), absl::string_view("\0\1\2", 3));
}

TEST(Toml, SyntaxErrorNamesFileLineAndColumn) {
  EXPECT_THAT(ErrorOf<config::v1::BrokerConfig>("data_dir = 'x'\n[listen\n"), StartsWith("file.toml:2:8: not TOML: "));
  EXPECT_THAT(ErrorOf<config::v1::BrokerConfig>("a = 1\na = 2"), StartsWith("file.toml:2:"));
}

TEST(Toml, UnknownKeyIsRefusedWithItsPathAndTheNearestKnownOne) {
  EXPECT_EQ(ErrorOf<config::v1::BrokerConfig>("[limits]\nqueue_mx = 3"),
            "file.toml:2:1: limits.queue_mx: is not known; did you mean queue_max?");
  EXPECT_EQ(ErrorOf<config::v1::AdminConfig>("colour = 3"),
            "file.toml:1:1: colour: is not known; known here are: address");
  EXPECT_THAT(ErrorOf<v1::PublishPlan>("[[sections]]\n[[sections]]\ntitel = ''"),
              HasSubstr("sections[1].titel: is not known; did you mean title?"));
}

TEST(Toml, BadValuesNameTheKeyAndWhatIsWanted) {
  EXPECT_EQ(ErrorOf<config::v1::BrokerConfig>("data_dir = 3"), "file.toml:1:12: data_dir: wanted is text in quotes");
  EXPECT_THAT(ErrorOf<config::v1::LimitsConfig>("queue_max = -1"),
              HasSubstr("queue_max: wanted is a whole number from 0 to 4294967295"));
  EXPECT_THAT(ErrorOf<config::v1::LimitsConfig>("queue_max = 'x'"), HasSubstr("a whole number"));
  EXPECT_THAT(ErrorOf<config::v1::TlsConfig>("reload_interval = 5"), HasSubstr("a duration with its unit"));
  EXPECT_THAT(ErrorOf<config::v1::TlsConfig>("reload_interval = 'inf'"), HasSubstr("a duration with its unit"));
  EXPECT_THAT(ErrorOf<v1::Agency>("may_lead = 'yes'"), HasSubstr("true or false"));
  EXPECT_THAT(ErrorOf<v1::LatLng>("latitude = 'north'"), HasSubstr("a number"));
  EXPECT_THAT(ErrorOf<v1::Audience>("roles = 'participant'"), HasSubstr("a list"));
  EXPECT_THAT(ErrorOf<config::v1::BrokerConfig>("tls = 'on'"), HasSubstr("a table"));
  EXPECT_THAT(ErrorOf<v1::SubscribeRequest>("after_cursor = '!!!'"), HasSubstr("base64"));
  EXPECT_THAT(ErrorOf<v1::Agency>("kind = 'sherif'"),
              AllOf(HasSubstr("one of attorney_general, "), HasSubstr("did you mean sheriff?")));
  EXPECT_THAT(ErrorOf<v1::Agency>("kind = 4"), HasSubstr("one of attorney_general, "));
}

TEST(Toml, EveryProblemIsReportedAtOnce) {
  const std::vector<std::string> lines =
      absl::StrSplit(ErrorOf<v1::Agency>("nam = 'x'\nkind = 'army'\nmay_lead = 1"), '\n');
  EXPECT_THAT(lines, SizeIs(3));
}

TEST(Toml, TwoMembersOfAOneofAreRefused) {
  EXPECT_THAT(ErrorOf<v1::Submission>("[add_site]\n[amend_plan]"), HasSubstr("amend_plan: excludes add_site"));
}

TEST(Toml, FormerContentsAreReplaced) {
  v1::Agency agency;
  agency.set_name("before");
  ASSERT_TRUE(ParseToml("", "t", &agency).ok());
  EXPECT_EQ(agency.name(), "");
}

TEST(Toml, FileIsLoadedAndItsErrorsNameIt) {
  const std::string path = testing::TempDir() + "/toml_test_agency.toml";
  std::ofstream(path) << "agency_id = 'mo-ago'\n";
  v1::Agency agency;
  EXPECT_TRUE(LoadTomlFile(path, &agency).ok());
  EXPECT_EQ(agency.agency_id(), "mo-ago");
  std::ofstream(path) << "agency = 'mo-ago'\n";
  EXPECT_THAT(std::string(LoadTomlFile(path, &agency).message()), StartsWith(path + ":1:1: agency: "));
  std::remove(path.c_str());
  const absl::Status missing = LoadTomlFile(path, &agency);
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr(path));
  EXPECT_EQ(LoadTomlFile(testing::TempDir(), &agency).code(), absl::StatusCode::kUnavailable);
}

TEST(Toml, QuotedTextIsReadAsItWas) {
  const std::string text = "a \"b\" \\c\\ \t\n\x01\x1f\x7f ' # \xc3\xa9 \xe2\x98\x83";
  config::v1::BrokerConfig read;
  const absl::Status parsed = ParseToml("data_dir = " + TomlString(text), "x", &read);
  ASSERT_TRUE(parsed.ok()) << parsed;
  EXPECT_EQ(read.data_dir(), text);
}

TEST(NearMiss, NearestCandidateWithinAThirdIsSuggested) {
  const std::vector<std::string> known = {"queue_max", "batch_max", "address"};
  EXPECT_EQ(NearMiss("queue_mx", known), "queue_max");
  EXPECT_EQ(NearMiss("adress", known), "address");
  EXPECT_EQ(NearMiss("quuee_max", known), "queue_max");
  EXPECT_EQ(NearMiss("colour", known), "");
  EXPECT_EQ(NearMiss("", known), "");
  EXPECT_EQ(NearMiss(std::string(100000, 'x'), known), "");
}

}  // namespace
}  // namespace muster
