#include "server/log/batch_format.h"

#include "absl/strings/str_cat.h"
#include "common/crc32.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr size_t kRecordHeaderBytes = 8;
constexpr size_t kChecksumBytes = 32;

void AppendLittleEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

uint32_t ReadU32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  return value;
}

uint32_t RecordCrc(absl::string_view length_bytes, absl::string_view event_bytes) {
  return Crc32(event_bytes, Crc32(length_bytes));
}

std::string ChainChecksum(absl::string_view previous, Sequence first, uint64_t count, absl::string_view bytes) {
  std::string numbers;
  AppendLittleEndian(first, 8, &numbers);
  AppendLittleEndian(count, 8, &numbers);
  return Sha256().Update(previous).Update(numbers).Update(bytes).Finish();
}

// What is wrong with the record at the start of `rest`, or nothing and its length.
std::optional<std::string> CheckRecord(absl::string_view rest, size_t* length) {
  if (rest.size() < kRecordHeaderBytes) {
    return absl::StrCat("the row ends inside a record header (", rest.size(), " bytes left)");
  }
  *length = ReadU32(rest);
  if (*length > rest.size() - kRecordHeaderBytes) {
    return absl::StrCat("the record claims ", *length, " bytes and the row has ", rest.size() - kRecordHeaderBytes);
  }
  if (ReadU32(rest.substr(4)) != RecordCrc(rest.substr(0, 4), rest.substr(kRecordHeaderBytes, *length))) {
    return "the record's CRC-32 does not match its bytes";
  }
  return std::nullopt;
}

}  // namespace

std::string GenesisChecksum() { return std::string(kChecksumBytes, '\0'); }

StoredBatch MakeBatch(absl::Span<const EncodedEvent> events, absl::string_view previous_checksum) {
  StoredBatch batch;
  batch.first = events.front().sequence;
  batch.count = events.size();
  size_t bytes = 0;
  for (const EncodedEvent& event : events) bytes += kRecordHeaderBytes + event.bytes.size();
  batch.bytes.reserve(bytes);
  for (const EncodedEvent& event : events) {
    const size_t start = batch.bytes.size();
    AppendLittleEndian(event.bytes.size(), 4, &batch.bytes);
    const uint32_t crc = RecordCrc(absl::string_view(batch.bytes).substr(start, 4), event.bytes);
    AppendLittleEndian(crc, 4, &batch.bytes);
    batch.bytes += event.bytes;
  }
  batch.checksum = ChainChecksum(previous_checksum, batch.first, batch.count, batch.bytes);
  return batch;
}

std::optional<BatchFault> CheckRecords(const StoredBatch& batch, Sequence expected_first) {
  if (batch.first != expected_first) {
    return BatchFault{expected_first, 0, absl::StrCat("the next row starts with sequence ", batch.first)};
  }
  size_t offset = 0;
  for (uint64_t i = 0; i < batch.count; ++i) {
    size_t length = 0;
    if (std::optional<std::string> what = CheckRecord(absl::string_view(batch.bytes).substr(offset), &length)) {
      return BatchFault{batch.first + i, offset, *std::move(what)};
    }
    offset += kRecordHeaderBytes + length;
  }
  if (batch.count == 0 || offset != batch.bytes.size()) {
    return BatchFault{batch.first + batch.count, offset,
                      absl::StrCat("the row says it has ", batch.count, " records; ", batch.bytes.size() - offset,
                                   " bytes follow them")};
  }
  return std::nullopt;
}

std::optional<BatchFault> CheckBatch(const StoredBatch& batch, Sequence expected_first,
                                     absl::string_view previous_checksum) {
  if (std::optional<BatchFault> fault = CheckRecords(batch, expected_first)) return fault;
  if (batch.checksum != ChainChecksum(previous_checksum, batch.first, batch.count, batch.bytes)) {
    return BatchFault{batch.first, 0,
                      "every record's CRC-32 matches, but the checksum chain breaks: the row's checksum, or the row "
                      "before it, was changed"};
  }
  return std::nullopt;
}

absl::Status VisitBatch(const StoredBatch& batch, Sequence from, const EventLog::Visitor& visit) {
  absl::string_view rest = batch.bytes;
  for (Sequence sequence = batch.first; sequence < batch.first + batch.count; ++sequence) {
    const size_t length = ReadU32(rest);
    if (sequence >= from) MUSTER_RETURN_IF_ERROR(visit(sequence, rest.substr(kRecordHeaderBytes, length)));
    rest.remove_prefix(kRecordHeaderBytes + length);
  }
  return absl::OkStatus();
}

}  // namespace muster
