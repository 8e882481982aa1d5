#include "common/uuid_bytes.h"

#include <string>

#include "common/uuid.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

TEST(UuidBytes, TheExampleInRfc9562HasTheBytesThatItsTextSays) {
  const UuidBytes expected = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                              0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
  EXPECT_EQ(UuidV7Bytes("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), expected);
  EXPECT_EQ(UuidText(expected), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(UuidBytes, TextAndBytesGiveEachOtherBackAndSortAlike) {
  std::string previous = NewUuidV7(absl::FromUnixMillis(1629979200123));
  for (int i = 0; i < 2000; ++i) {
    const std::string text = NewUuidV7(absl::FromUnixMillis(1629979200123 + (i * 7919) % 65537));
    const UuidBytes bytes = UuidV7Bytes(text).value();
    EXPECT_EQ(UuidText(bytes), text);
    EXPECT_EQ(UuidV7Time(bytes), UuidV7Time(text).value());
    EXPECT_EQ(bytes < UuidV7Bytes(previous).value(), text < previous);
    previous = text;
  }
}

TEST(UuidBytes, WhatIsNoVersionSevenHasNone) {
  for (const char* text : {"", "not-a-uuid", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
                           "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e279b07cc398c4dc0c0c07398f"}) {
    EXPECT_FALSE(UuidV7Bytes(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace muster
