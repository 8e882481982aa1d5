#include "server/log/batch_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

// The worked example of docs/LOG_FORMAT.md, computed there by Python's zlib and hashlib. If this fails, logs that were
// written before cannot be read: raise the format number and keep reading the old one.
TEST(BatchFormatTest, TheBytesAreThoseOfTheDocumentedExample) {
  const StoredBatch first = MakeBatch({{1, "hello"}, {2, "go"}}, GenesisChecksum());
  EXPECT_EQ(absl::BytesToHexString(first.bytes), "050000007a00ac5c68656c6c6f020000000181bb0b676f");
  EXPECT_EQ(absl::BytesToHexString(first.checksum), "d12959b0edac8e56b221fcb8eb5919b8ef5d08c486971ab3667144bc01887f76");
  const StoredBatch second = MakeBatch({{3, ""}}, first.checksum);
  EXPECT_EQ(absl::BytesToHexString(second.bytes), "000000001cdf4421");
  EXPECT_EQ(absl::BytesToHexString(second.checksum),
            "04ee39e8539fe7907d51aa877fd015c06821cb6b13331b1ee17a57eb8ed281b6");
}

TEST(BatchFormatTest, EveryFlippedBitIsFoundInItsRecord) {
  const StoredBatch sound = MakeBatch(Events(5, 4, 30), GenesisChecksum());
  EXPECT_FALSE(CheckBatch(sound, 5, GenesisChecksum()).has_value());
  for (size_t bit = 0; bit < sound.bytes.size() * 8; ++bit) {
    StoredBatch damaged = sound;
    damaged.bytes[bit / 8] = static_cast<char>(damaged.bytes[bit / 8] ^ (1 << (bit % 8)));
    const std::optional<BatchFault> fault = CheckBatch(damaged, 5, GenesisChecksum());
    ASSERT_TRUE(fault.has_value()) << "bit " << bit;
    EXPECT_EQ(fault->sequence, 5 + bit / 8 / 38) << "bit " << bit;
    EXPECT_EQ(fault->byte_offset, bit / 8 / 38 * 38) << "bit " << bit;
  }
}

TEST(BatchFormatTest, ABatchThatIsCutIsFoundWhereverTheCut) {
  const StoredBatch sound = MakeBatch(Events(1, 3, 30), GenesisChecksum());
  for (size_t size = 0; size < sound.bytes.size(); ++size) {
    StoredBatch cut = sound;
    cut.bytes.resize(size);
    const std::optional<BatchFault> fault = CheckBatch(cut, 1, GenesisChecksum());
    ASSERT_TRUE(fault.has_value()) << size;
    EXPECT_EQ(fault->sequence, 1 + size / 38) << size;
  }
}

TEST(BatchFormatTest, AnotherPlaceCountOrPredecessorBreaksTheChain) {
  const StoredBatch sound = MakeBatch(Events(5, 2), GenesisChecksum());
  EXPECT_TRUE(CheckBatch(sound, 4, GenesisChecksum()).has_value());
  EXPECT_TRUE(CheckBatch(sound, 5, std::string(32, 'x')).has_value());
  StoredBatch moved = sound;
  moved.first = 6;
  EXPECT_TRUE(CheckBatch(moved, 6, GenesisChecksum()).has_value());
  StoredBatch empty = sound;
  empty.count = 0;
  empty.bytes.clear();
  EXPECT_TRUE(CheckBatch(empty, 5, GenesisChecksum()).has_value());
}

}  // namespace
}  // namespace muster
