#include "client/bench/templates.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/uuid.h"

namespace muster::bench {
namespace {

// Offsets in tttttttt-tttt-7rrr-vrrr-nnnnnnnnnnnn.
constexpr size_t kTimeHigh = 0;
constexpr size_t kTimeLow = 9;
constexpr size_t kMaker = 15;
constexpr size_t kNumber = 24;
constexpr size_t kNumberDigits = 12;
constexpr char kDigits[] = "0123456789abcdef";

void WriteHex(uint64_t value, size_t digits, char* out) {
  for (size_t i = digits; i-- > 0; value >>= 4) out[i] = kDigits[value & 15];
}

int DigitOf(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  return -1;
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

constexpr char Tag(int field, int type) { return static_cast<char>(field << 3 | type); }

size_t NumberingBytes(const Numbering& numbering) {
  return 2 + numbering.outbox_id.size() + 1 + VarintBytes(numbering.number) +
         (numbering.confirmed_through == 0 ? 0 : 1 + VarintBytes(numbering.confirmed_through));
}

// v1::OutboxNumber.
void AppendNumbering(const Numbering& numbering, std::string* out) {
  out->push_back(Tag(1, 2));
  out->push_back(static_cast<char>(numbering.outbox_id.size()));
  out->append(numbering.outbox_id.data(), numbering.outbox_id.size());
  out->push_back(Tag(2, 0));
  AppendVarint(numbering.number, out);
  if (numbering.confirmed_through == 0) return;
  out->push_back(Tag(3, 0));
  AppendVarint(numbering.confirmed_through, out);
}

}  // namespace

std::string IdMaker::NewUuid(absl::Time now) {
  std::string id = NewUuidV7(now);
  // The twelve bits after the version tell a fraction of the millisecond; here they tell makers apart, so they are
  // taken from those that are random.
  std::copy_n(id.begin() + kNumber, 3, id.begin() + kMaker);
  return id;
}

void IdMaker::SetTime(absl::Time now) {
  const auto ms = static_cast<uint64_t>(absl::ToUnixMillis(now));
  WriteHex(ms >> 16, 8, id_.data() + kTimeHigh);
  WriteHex(ms & 0xffff, 4, id_.data() + kTimeLow);
}

void IdMaker::Write(uint64_t number, char* id) const {
  std::memcpy(id, id_.data(), kNumber);
  WriteHex(number, kNumberDigits, id + kNumber);
}

std::string IdMaker::Make(uint64_t number) const {
  std::string id(kIdBytes, '\0');
  Write(number, id.data());
  return id;
}

std::optional<uint64_t> IdMaker::NumberOf(absl::string_view id) const {
  if (id.size() != kIdBytes ||
      id.substr(kMaker, kNumber - kMaker) != absl::string_view(id_).substr(kMaker, kNumber - kMaker)) {
    return std::nullopt;
  }
  uint64_t number = 0;
  for (const char c : id.substr(kNumber)) {
    const int digit = DigitOf(c);
    if (digit < 0) return std::nullopt;
    number = number << 4 | static_cast<uint64_t>(digit);
  }
  return number;
}

absl::StatusOr<std::shared_ptr<const SubmissionTemplate>> SubmissionTemplate::Make(const v1::Submission& example,
                                                                                   absl::string_view inner_id) {
  if (example.submission_id().size() != kIdBytes || example.has_outbox_number() || inner_id.size() != kIdBytes) {
    return absl::InvalidArgumentError("a template is a submission with an id of 36 characters and no outbox number");
  }
  std::shared_ptr<SubmissionTemplate> made(new SubmissionTemplate());
  example.SerializeToString(&made->encoded_);
  made->inner_at_ = made->encoded_.find(inner_id.data(), kHeadBytes, inner_id.size());
  if (made->inner_at_ == std::string::npos ||
      made->encoded_.find(inner_id.data(), made->inner_at_ + 1, inner_id.size()) != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the id ", inner_id, " does not stand in the example once"));
  }
  return made;
}

void SubmissionTemplate::Append(const char* submission_id, const char* inner_id, const Numbering* numbering,
                                std::string* out) const {
  const size_t numbering_bytes = numbering == nullptr ? 0 : NumberingBytes(*numbering);
  out->push_back(Tag(1, 2));
  AppendVarint(submission_bytes() + (numbering == nullptr ? 0 : 1 + VarintBytes(numbering_bytes) + numbering_bytes),
               out);
  out->push_back(Tag(1, 2));
  out->push_back(static_cast<char>(kIdBytes));
  out->append(submission_id, kIdBytes);
  if (numbering != nullptr) {
    out->push_back(Tag(2, 2));
    AppendVarint(numbering_bytes, out);
    AppendNumbering(*numbering, out);
  }
  const size_t inner_at = out->size() + inner_at_ - kHeadBytes;
  out->append(encoded_.data() + kHeadBytes, encoded_.size() - kHeadBytes);
  std::memcpy(out->data() + inner_at, inner_id, kIdBytes);
}

}  // namespace muster::bench
