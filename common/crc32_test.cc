#include "common/crc32.h"

#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

// The check value of the catalogue of CRCs for CRC-32/ISO-HDLC.
TEST(Crc32Test, IsThatOfZlib) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(Crc32(""), 0u);
}

TEST(Crc32Test, PartsAreTheWhole) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i * 7));
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const absl::string_view whole = bytes;
    EXPECT_EQ(Crc32(whole.substr(cut), Crc32(whole.substr(0, cut))), Crc32(whole)) << "cut at " << cut;
  }
  EXPECT_EQ(Crc32(absl::string_view(), 7), 7u);
}

}  // namespace
}  // namespace muster
