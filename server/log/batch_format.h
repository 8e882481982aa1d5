// How a batch of events is stored in one row of the local log, and how a damaged one is told. See docs/LOG_FORMAT.md.
//
// bytes    = record*              record = length (u32 LE) | crc (u32 LE) | event bytes
// crc      = CRC-32 (zlib) of the 4 length bytes and the event bytes; it says WHICH record is damaged.
// checksum = SHA-256 of (previous row's checksum | first_sequence u64 LE | count u64 LE | bytes); it says that nothing
//            before or in this row was changed, added or removed. The row before the first has 32 zero bytes.
#ifndef MUSTER_SERVER_LOG_BATCH_FORMAT_H_
#define MUSTER_SERVER_LOG_BATCH_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/log/event_log.h"

namespace muster {

// One row, as read; nothing in it is checked.
struct StoredBatch {
  Sequence first = 0;
  uint64_t count = 0;
  std::string checksum;
  std::string bytes;
};

// The first thing wrong in a row.
struct BatchFault {
  Sequence sequence = 0;     // The first event that cannot be trusted.
  uint64_t byte_offset = 0;  // Of its record inside the row's bytes.
  std::string what;
};

// The checksum that the first row is chained to.
std::string GenesisChecksum();

// Consecutive events, as a row to store after one whose checksum is `previous_checksum`.
StoredBatch MakeBatch(absl::Span<const EncodedEvent> events, absl::string_view previous_checksum);

// Nothing, if `batch` is what was written after the row with `previous_checksum` and holds `expected_first` first.
std::optional<BatchFault> CheckBatch(const StoredBatch& batch, Sequence expected_first,
                                     absl::string_view previous_checksum);

// The same, of a batch whose predecessor is not known any more: its records are sound, but who wrote it cannot be told.
std::optional<BatchFault> CheckRecords(const StoredBatch& batch, Sequence expected_first);

// Visits the events of a batch that CheckBatch found sound, from `from` on; stops at the first error and returns it.
absl::Status VisitBatch(const StoredBatch& batch, Sequence from, const EventLog::Visitor& visit);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_BATCH_FORMAT_H_
