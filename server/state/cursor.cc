#include "server/state/cursor.h"

#include "common/error_reason.h"

namespace muster {
namespace {

constexpr size_t kLogIdBytes = 8;
constexpr size_t kCursorBytes = kLogIdBytes + 8;

}  // namespace

std::string EncodeCursor(absl::string_view log_id, uint64_t position) {
  std::string cursor(log_id.substr(0, kLogIdBytes));
  cursor.resize(kLogIdBytes, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) cursor.push_back(static_cast<char>(position >> shift));
  return cursor;
}

absl::StatusOr<uint64_t> DecodeCursor(absl::string_view log_id, absl::string_view cursor) {
  if (cursor.empty()) return 0;
  if (cursor.size() != kCursorBytes) {
    return Refusal(v1::ERROR_REASON_MALFORMED,
                   absl::StrCat("cursor: has ", cursor.size(), " bytes, a cursor has ", kCursorBytes,
                                "; pass one that this broker gave, unchanged"));
  }
  if (cursor.substr(0, kLogIdBytes) != log_id) {
    return Refusal(
        v1::ERROR_REASON_CURSOR_NOT_OURS,
        "the cursor was given by another broker's log, or by this one before it was restored; what it stands "
        "for is not here. Tell the broker's operator, then subscribe from the beginning");
  }
  uint64_t position = 0;
  for (const char byte : cursor.substr(kLogIdBytes)) position = position << 8 | static_cast<unsigned char>(byte);
  return position;
}

}  // namespace muster
