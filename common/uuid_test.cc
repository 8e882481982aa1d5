#include "common/uuid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster {
namespace {

const absl::Time kNow = absl::FromUnixMillis(1629979200123);

TEST(Uuid, NewIdIsVersionSevenInLowerCase) {
  const std::string id = NewUuidV7(kNow);
  EXPECT_EQ(id.size(), 36u);
  EXPECT_TRUE(IsUuidV7(id)) << id;
}

TEST(Uuid, TimeOfAnIdIsWhenItWasMadeToTheMillisecond) {
  EXPECT_EQ(UuidV7Time(NewUuidV7(kNow + absl::Microseconds(999))).value(), kNow);
}

TEST(Uuid, TimeOfTheExampleInRfc9562IsTheOneItStates) {
  EXPECT_EQ(UuidV7Time("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").value(), absl::FromUnixMillis(0x017F22E279B0));
}

TEST(Uuid, IdsSortInTheOrderOfTheirMicroseconds) {
  std::string previous = NewUuidV7(kNow);
  for (int i = 1; i < 3000; ++i) {
    const std::string next = NewUuidV7(kNow + absl::Microseconds(i));
    EXPECT_LT(previous, next);
    previous = next;
  }
}

TEST(Uuid, IdsOfOneInstantDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewUuidV7(kNow));
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(Uuid, TimesOutOfRangeAreClamped) {
  EXPECT_EQ(UuidV7Time(NewUuidV7(absl::InfinitePast())).value(), absl::UnixEpoch());
  EXPECT_TRUE(IsUuidV7(NewUuidV7(absl::InfiniteFuture())));
}

TEST(Uuid, AnythingElseIsNotVersionSeven) {
  for (const char* text : {"", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
                           "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
                           "017f22e2x79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c0739\xff\xff"}) {
    EXPECT_FALSE(IsUuidV7(text)) << text;
    EXPECT_EQ(UuidV7Time(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(Uuid, EveryPlaceTakesExactlyItsCharacters) {
  const std::string good = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  for (size_t i = 0; i < good.size(); ++i) {
    const std::string allowed = good[i] == '-' ? "-" : i == 14 ? "7" : i == 19 ? "89ab" : "0123456789abcdef";
    for (int c = 0; c < 256; ++c) {
      std::string id = good;
      id[i] = static_cast<char>(c);
      EXPECT_EQ(IsUuidV7(id), allowed.find(id[i]) != std::string::npos) << i << " " << c;
    }
  }
}

}  // namespace
}  // namespace muster
