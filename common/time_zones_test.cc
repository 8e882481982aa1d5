// Rule G5: an H-hour reads right in four zones and across the changes of daylight saving time.
#include "common/time_zones.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> InFourZones(const char* utc) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, utc, &time, &error)) << error;
  absl::StatusOr<std::vector<std::string>> texts = FormatInZones(time, kFourZones);
  EXPECT_TRUE(texts.ok()) << texts.status();
  return texts.value_or(std::vector<std::string>());
}

TEST(TimeZones, G5TheHHourOfUnitedFrontReadsRightInFourZones) {
  EXPECT_THAT(InFourZones("2021-08-27T03:00:00Z"), ElementsAre("2021-08-26 23:00 EDT", "2021-08-26 22:00 CDT",
                                                               "2021-08-26 21:00 MDT", "2021-08-26 20:00 PDT"));
}

TEST(TimeZones, G5ClocksGoForwardOneZoneAfterTheOther) {
  // 14 March 2021, 02:00 local time in each zone.
  EXPECT_THAT(InFourZones("2021-03-14T06:59:00Z"), ElementsAre("2021-03-14 01:59 EST", "2021-03-14 00:59 CST",
                                                               "2021-03-13 23:59 MST", "2021-03-13 22:59 PST"));
  EXPECT_THAT(InFourZones("2021-03-14T07:00:00Z"), ElementsAre("2021-03-14 03:00 EDT", "2021-03-14 01:00 CST",
                                                               "2021-03-14 00:00 MST", "2021-03-13 23:00 PST"));
  EXPECT_THAT(InFourZones("2021-03-14T08:00:00Z"), ElementsAre("2021-03-14 04:00 EDT", "2021-03-14 03:00 CDT",
                                                               "2021-03-14 01:00 MST", "2021-03-14 00:00 PST"));
}

TEST(TimeZones, G5TheHourThatComesTwiceIsToldApartByItsZone) {
  // 7 November 2021: 01:30 in New York, twice.
  EXPECT_THAT(InFourZones("2021-11-07T05:30:00Z"), ElementsAre("2021-11-07 01:30 EDT", "2021-11-07 00:30 CDT",
                                                               "2021-11-06 23:30 MDT", "2021-11-06 22:30 PDT"));
  EXPECT_THAT(InFourZones("2021-11-07T06:30:00Z"), ElementsAre("2021-11-07 01:30 EST", "2021-11-07 01:30 CDT",
                                                               "2021-11-07 00:30 MDT", "2021-11-06 23:30 PDT"));
}

TEST(TimeZones, G5AZoneWithoutDaylightSavingKeepsItsClock) {
  EXPECT_EQ(FormatInZone(absl::FromUnixSeconds(1630033200), "America/Phoenix").value(), "2021-08-26 20:00 MST");
  EXPECT_EQ(FormatInZone(absl::FromUnixSeconds(1636263000), "America/Phoenix").value(), "2021-11-06 22:30 MST");
}

TEST(TimeZones, AnUnknownZoneIsNotFoundAndNamed) {
  const absl::Status status = FormatInZone(absl::UnixEpoch(), "America/Frankfort").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("America/Frankfort"));
  EXPECT_EQ(FormatInZone(absl::UnixEpoch(), "").status().code(), absl::StatusCode::kNotFound);
  const absl::string_view zones[] = {"America/Chicago", "Nowhere"};
  EXPECT_EQ(FormatInZones(absl::UnixEpoch(), zones).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace muster
