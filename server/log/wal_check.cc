#include "server/log/wal_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr int64_t kHeaderBytes = 32;
constexpr int64_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagicLittleEndian = 0x377f0682;  // Checksums over little-endian words; | 1: big-endian.
constexpr uint32_t kVersion = 3007000;
constexpr int kReadsMax = 5;

uint32_t ReadBigEndian(absl::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// The running checksum of the format: two 32-bit sums over pairs of words.
class Checksum {
 public:
  explicit Checksum(bool big_endian) : swap_(big_endian == (std::endian::native == std::endian::little)) {}

  void Update(absl::string_view bytes) {
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      sum1_ += Word(bytes.data() + i) + sum2_;
      sum2_ += Word(bytes.data() + i + 4) + sum1_;
    }
  }

  bool Matches(uint32_t sum1, uint32_t sum2) const { return sum1 == sum1_ && sum2 == sum2_; }

 private:
  uint32_t Word(const char* at) const {
    uint32_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return swap_ ? __builtin_bswap32(word) : word;
  }

  const bool swap_;
  uint32_t sum1_ = 0;
  uint32_t sum2_ = 0;
};

struct Header {
  explicit Header(absl::string_view bytes) : checksum((ReadBigEndian(bytes, 0) & 1) != 0) {
    page_bytes = ReadBigEndian(bytes, 8);
    salts = bytes.substr(16, 8);
    checksum.Update(bytes.substr(0, 24));
    valid = (ReadBigEndian(bytes, 0) | 1) == (kMagicLittleEndian | 1) &&
            checksum.Matches(ReadBigEndian(bytes, 24), ReadBigEndian(bytes, 28)) && page_bytes >= 512 &&
            page_bytes <= 65536 && (page_bytes & (page_bytes - 1)) == 0;
    version = ReadBigEndian(bytes, 4);
  }

  bool valid;
  uint32_t version;
  int64_t page_bytes;
  absl::string_view salts;
  Checksum checksum;
};

// Fills `out` from `offset`, or makes it shorter at the end of the file.
absl::Status ReadAt(int fd, const std::string& path, int64_t offset, size_t bytes, std::string* out) {
  out->resize(bytes);
  size_t got = 0;
  while (got < bytes) {
    const ssize_t n = pread(fd, out->data() + got, bytes - got, offset + static_cast<int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::UnknownError(absl::StrCat(path, ": read failed: ", std::strerror(errno)));
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  out->resize(got);
  return absl::OkStatus();
}

absl::Status Damaged(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(
      path, ": ", what, ". This is no unfinished write: the disk, or a program, changed the file after it was synced. ",
      "Nothing was changed. Copy the data directory aside; then restore it from a backup, or run `musterd verify` on "
      "the copy to see which events are left"));
}

// Walks the frames once, knowing where the last whole transaction ends only when it has passed it.
class FrameWalk {
 public:
  FrameWalk(const std::string& path, Header header)
      : path_(path), salts_(header.salts), checksum_(header.checksum), page_bytes_(header.page_bytes) {}

  // The next frame, which is short at the end of the file.
  absl::Status Visit(absl::string_view frame) {
    ++position_;
    const bool headed = static_cast<int64_t>(frame.size()) >= kFrameHeaderBytes && frame.substr(8, 8) == salts_ &&
                        ReadBigEndian(frame, 0) != 0;
    if (first_bad_ == 0 && !IsValid(frame, headed)) first_bad_ = position_;
    if (!headed) return absl::OkStatus();
    const uint32_t page = ReadBigEndian(frame, 0);
    const bool commit = ReadBigEndian(frame, 4) != 0;
    if (first_bad_ == 0 && commit) {
      committed_ = position_;
      discarded_ = 0;
      last_page_ = 0;
      return absl::OkStatus();
    }
    const bool later = commit_seen_ || page <= last_page_ || page < position_ - committed_;
    if (later && first_bad_ != 0) {
      return Damaged(path_, absl::StrCat("frame ", first_bad_, " (at byte ",
                                         kHeaderBytes + (first_bad_ - 1) * (kFrameHeaderBytes + page_bytes_),
                                         ") is damaged, and a transaction that came after it follows at frame ",
                                         position_));
    }
    ++discarded_;
    last_page_ = page;
    commit_seen_ = commit;
    return absl::OkStatus();
  }

  WalReport report() const { return {committed_, discarded_, page_bytes_}; }

 private:
  bool IsValid(absl::string_view frame, bool headed) {
    if (!headed || static_cast<int64_t>(frame.size()) != kFrameHeaderBytes + page_bytes_) return false;
    checksum_.Update(frame.substr(0, 8));
    checksum_.Update(frame.substr(kFrameHeaderBytes));
    return checksum_.Matches(ReadBigEndian(frame, 16), ReadBigEndian(frame, 20));
  }

  const std::string path_;
  const std::string salts_;
  Checksum checksum_;
  const int64_t page_bytes_;
  int64_t position_ = 0;      // Of the last visited frame, from 1.
  int64_t committed_ = 0;     // Of the last commit frame of the sound part.
  int64_t first_bad_ = 0;     // 0: none yet.
  int64_t discarded_ = 0;     // Frames of this log behind `committed_`.
  int64_t last_page_ = 0;     // Of these, the last one's page.
  bool commit_seen_ = false;  // Of these, whether a commit frame was among them.
};

absl::StatusOr<WalReport> CheckFrames(int fd, const std::string& path, const std::string& header_bytes) {
  const int64_t size = lseek(fd, 0, SEEK_END);
  // The header is written and synced before the first frame is written, so without a frame it may be a torn one.
  if (size <= kHeaderBytes) return WalReport{};
  const Header header(header_bytes);
  if (!header.valid) {
    return Damaged(path, absl::StrCat("the header is damaged and ", size - kHeaderBytes,
                                      " bytes of frames follow, which SQLite would drop"));
  }
  if (header.version != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": got write-ahead log version ", header.version,
                                                      "; wanted ", kVersion, "; use the musterd that wrote it"));
  }
  const int64_t frame_bytes = kFrameHeaderBytes + header.page_bytes;
  FrameWalk walk(path, header);
  std::string frame;
  for (int64_t offset = kHeaderBytes; offset < size; offset += frame_bytes) {
    MUSTER_RETURN_IF_ERROR(ReadAt(fd, path, offset, static_cast<size_t>(frame_bytes), &frame));
    MUSTER_RETURN_IF_ERROR(walk.Visit(frame));
  }
  return walk.report();
}

}  // namespace

absl::StatusOr<WalReport> CheckWal(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return WalReport{};
  if (fd < 0) return absl::UnknownError(absl::StrCat(path, ": cannot open: ", std::strerror(errno)));
  const absl::Cleanup close_fd = [fd] { close(fd); };

  // A live writer may start the log over meanwhile. It writes the header first, so a header that stayed means that no
  // frame of another round was read.
  std::string before;
  std::string after;
  for (int i = 0; i < kReadsMax; ++i) {
    MUSTER_RETURN_IF_ERROR(ReadAt(fd, path, 0, kHeaderBytes, &before));
    const absl::StatusOr<WalReport> report = CheckFrames(fd, path, before);
    MUSTER_RETURN_IF_ERROR(ReadAt(fd, path, 0, kHeaderBytes, &after));
    if (before == after) return report;
  }
  return absl::UnavailableError(absl::StrCat(path, ": the log is started over faster than it can be read; try again"));
}

}  // namespace muster
