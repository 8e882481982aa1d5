#include "server/log/wal_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "server/log/local_log.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr size_t kHeader = 32;
constexpr size_t kFrame = 24 + 16384;

uint32_t BigEndian(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// The write-ahead log of a local log after some appends, and a file to put damaged copies of it in.
class WalCheckTest : public testing::Test {
 protected:
  // Appends batches of `events` events, and keeps the write-ahead log as a kill -9 would leave it.
  void MakeWal(const std::vector<std::pair<size_t, size_t>>& count_and_bytes) {
    LocalLog::Options options;
    auto log = LocalLog::Open(folder_.path() + "/data", options);
    ASSERT_TRUE(log.ok()) << log.status();
    for (const auto& [count, bytes] : count_and_bytes) {
      ASSERT_TRUE((*log)->Append(Events((*log)->last_sequence() + 1, count, bytes)).ok());
    }
    wal_ = ReadFile(folder_.path() + "/data/events.db-wal");
    for (size_t at = kHeader; at < wal_.size(); at += kFrame) {
      if (BigEndian(wal_, at + 4) != 0) ends_.push_back(at + kFrame);
    }
    ASSERT_EQ(ends_.size(), count_and_bytes.size());
    ASSERT_EQ(ends_.back(), wal_.size());
  }

  absl::StatusOr<WalReport> Check(const std::string& wal) {
    WriteFile(path(), wal);
    return CheckWal(path());
  }

  std::string path() const { return folder_.path() + "/copy-wal"; }

  TemporaryFolder folder_;
  std::string wal_;
  std::vector<size_t> ends_;  // Of each transaction: the byte behind its commit frame.
};

TEST_F(WalCheckTest, AMissingOrEmptyLogHasNoFrames) {
  EXPECT_EQ(CheckWal(path())->committed_frames, 0);
  EXPECT_EQ(Check("")->committed_frames, 0);
  EXPECT_EQ(Check(std::string(kHeader, 'x'))->committed_frames, 0) << "a header cut short before any frame";
}

TEST_F(WalCheckTest, ASoundLogIsWhole) {
  MakeWal({{1, 100}, {3, 100}, {2, 40'000}});
  const absl::StatusOr<WalReport> report = Check(wal_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->committed_frames, static_cast<int64_t>((wal_.size() - kHeader) / kFrame));
  EXPECT_EQ(report->discarded_frames, 0);
  EXPECT_EQ(report->page_bytes, 16384);
}

// What wal_check.h says about the writer; every other claim here rests on it.
TEST_F(WalCheckTest, EveryTransactionRisesFromPageOneOrTwoAndHasTwoFrames) {
  std::vector<std::pair<size_t, size_t>> batches;
  std::mt19937 random(TestSeed());
  for (int i = 0; i < 150; ++i) {
    const size_t count = 1 + random() % 20;
    batches.push_back({count, 10 + random() % (i % 10 == 0 ? 100'000 : 2'000)});
  }
  MakeWal(batches);
  size_t at = kHeader;
  for (const size_t end : ends_) {
    ASSERT_GE(end - at, 2 * kFrame);
    ASSERT_LE(BigEndian(wal_, at), 2u);
    for (uint32_t last = 0; at < end; at += kFrame) {
      ASSERT_GT(BigEndian(wal_, at), last);
      last = BigEndian(wal_, at);
    }
  }
}

TEST_F(WalCheckTest, ALastTransactionCutAtAnyByteIsATornTail) {
  MakeWal({{1, 100}, {1, 100}, {1, 100}});
  WriteFile(path(), wal_);
  const size_t start = ends_[1];
  for (size_t size = wal_.size() - 1; size >= start; --size) {
    std::filesystem::resize_file(path(), size);
    const absl::StatusOr<WalReport> report = CheckWal(path());
    ASSERT_TRUE(report.ok()) << "cut to " << size << " bytes: " << report.status();
    ASSERT_EQ(report->committed_frames, static_cast<int64_t>((start - kHeader) / kFrame));
  }
}

TEST_F(WalCheckTest, FramesOfTheLastTransactionMayBeMissingInAnyCombination) {
  MakeWal({{1, 100}, {1, 60'000}});
  const size_t start = ends_[0];
  const size_t frames = (wal_.size() - start) / kFrame;
  ASSERT_GE(frames, 4u);
  ASSERT_LE(frames, 10u);
  // Written out of order when the power failed: what never reached the disk reads as zeros.
  for (uint32_t missing = 1; missing < (1u << frames); ++missing) {
    std::string wal = wal_;
    for (size_t i = 0; i < frames; ++i) {
      if ((missing >> i & 1) != 0) wal.replace(start + i * kFrame, kFrame, kFrame, '\0');
    }
    const absl::StatusOr<WalReport> report = Check(wal);
    ASSERT_TRUE(report.ok()) << "missing " << missing << ": " << report.status();
    ASSERT_EQ(report->committed_frames, static_cast<int64_t>((start - kHeader) / kFrame));
    ASSERT_EQ(report->discarded_frames, static_cast<int64_t>(frames) - __builtin_popcount(missing));
  }
}

TEST_F(WalCheckTest, AFlippedBitBeforeTheLastTransactionIsCorruption) {
  MakeWal({{1, 100}, {1, 100}, {1, 20'000}, {1, 100}});
  std::mt19937 random(TestSeed());
  for (size_t frame = kHeader; frame < ends_[2]; frame += kFrame) {
    for (size_t i = 0; i < 24 * 8 + 100; ++i) {
      // Every bit of the frame's header, and some of its page.
      const size_t at = i < 24 * 8 ? frame + i / 8 : frame + 24 + random() % (kFrame - 24);
      std::string wal = wal_;
      wal[at] = static_cast<char>(wal[at] ^ (1 << (i % 8)));
      const absl::StatusOr<WalReport> report = Check(wal);
      ASSERT_TRUE(absl::IsDataLoss(report.status())) << "bit " << i % 8 << " of byte " << at << ": " << report.status();
      ASSERT_THAT(std::string(report.status().message()),
                  HasSubstr(absl::StrCat("frame ", (frame - kHeader) / kFrame + 1, " ")));
    }
  }
}

TEST_F(WalCheckTest, AnyLostRangeBeforeTheLastTransactionIsCorruption) {
  MakeWal({{1, 100}, {1, 20'000}, {1, 100}, {2, 30'000}, {1, 100}, {1, 100}});
  std::mt19937 random(TestSeed());
  const size_t last_start = ends_[ends_.size() - 2];
  for (int i = 0; i < 500; ++i) {
    const size_t from = kHeader + random() % (last_start - kHeader);
    const size_t bytes = std::min<size_t>(1 + random() % (3 * kFrame), last_start - from);
    std::string wal = wal_;
    wal.replace(from, bytes, bytes, '\0');
    if (wal == wal_) continue;  // These bytes were zeros already.
    const absl::StatusOr<WalReport> report = Check(wal);
    ASSERT_TRUE(absl::IsDataLoss(report.status())) << bytes << " bytes from " << from << ": " << report.status();
  }
}

// Each of the three rules of wal_check.h alone sees one of these.
TEST_F(WalCheckTest, DamageIsSeenFromWhatIsLeftOfALaterTransaction) {
  MakeWal({{1, 900'000}, {1, 100}, {1, 20'000}, {1, 20'000}, {1, 40'000}, {1, 100}});
  const auto lose = [](std::string* wal, size_t from, size_t to) { wal->replace(from, to - from, to - from, '\0'); };
  // The second append lost its first frame; the third all but its last: that one follows a commit frame.
  std::string wal = wal_.substr(0, ends_[2]);
  lose(&wal, ends_[0], ends_[0] + kFrame);
  lose(&wal, ends_[1], ends_[2] - kFrame);
  EXPECT_TRUE(absl::IsDataLoss(Check(wal).status())) << Check(wal).status();
  // The fifth append lost its commit frame and the sixth its first one: its leaf page was in the fifth already.
  wal = wal_;
  lose(&wal, ends_[4] - kFrame, ends_[4] + kFrame);
  EXPECT_TRUE(absl::IsDataLoss(Check(wal).status())) << Check(wal).status();
  // The fifth append is lost as a whole: the sixth begins with page 2, which cannot be the sixth page of one append.
  wal = wal_;
  lose(&wal, ends_[3], ends_[4]);
  EXPECT_TRUE(absl::IsDataLoss(Check(wal).status())) << Check(wal).status();
}

TEST_F(WalCheckTest, ADamagedHeaderInFrontOfFramesIsCorruption) {
  MakeWal({{1, 100}});
  for (size_t bit = 0; bit < kHeader * 8; ++bit) {
    std::string wal = wal_;
    wal[bit / 8] = static_cast<char>(wal[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_TRUE(absl::IsDataLoss(Check(wal).status())) << "bit " << bit;
  }
  EXPECT_TRUE(absl::IsDataLoss(Check(std::string(kHeader, '\0') + wal_.substr(kHeader)).status()));
}

TEST_F(WalCheckTest, FramesOfAnEarlierRoundAreNotDiscardedOnes) {
  MakeWal({{1, 100}, {1, 100}});
  // As left when the log was started over: other salts behind the last commit.
  std::string wal = wal_;
  for (size_t i = 0; i < 3; ++i) {
    std::string stale = wal_.substr(kHeader, kFrame);
    stale[8] = static_cast<char>(stale[8] ^ 1);
    wal += stale;
  }
  const absl::StatusOr<WalReport> report = Check(wal);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->committed_frames, static_cast<int64_t>((wal_.size() - kHeader) / kFrame));
  EXPECT_EQ(report->discarded_frames, 0);
}

}  // namespace
}  // namespace muster
