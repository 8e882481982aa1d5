#include "server/broker/event_encoding.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace muster {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

// A tag of one byte and a length, or a number: at most.
constexpr size_t kHeaderBytesMax = 11;

uint8_t* WriteBytes(int field, absl::string_view bytes, uint8_t* to) {
  to = WireFormatLite::WriteTagToArray(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, to);
  to = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes.size()), to);
  return CodedOutputStream::WriteRawToArray(bytes.data(), static_cast<int>(bytes.size()), to);
}

}  // namespace

// In the order of the fields' numbers, as the generated code does.
std::string EncodeEvent(const v1::Event& event, absl::string_view principal, absl::string_view submission) {
  static_assert(v1::Event::kSequenceFieldNumber == 1 && v1::Event::kAcceptedAtFieldNumber == 2 &&
                v1::Event::kRulesVersionFieldNumber == 3 && v1::Event::kPrincipalFieldNumber == 4 &&
                v1::Event::kSubmissionFieldNumber == 5 && v1::Event::kEntropyFieldNumber == 7);
  const size_t at_bytes = event.accepted_at().ByteSizeLong();
  std::string bytes(6 * kHeaderBytesMax + at_bytes + principal.size() + submission.size() + event.entropy().size(),
                    '\0');
  auto* const begin = reinterpret_cast<uint8_t*>(bytes.data());
  uint8_t* to = WireFormatLite::WriteUInt64ToArray(v1::Event::kSequenceFieldNumber, event.sequence(), begin);
  to =
      WireFormatLite::WriteTagToArray(v1::Event::kAcceptedAtFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, to);
  to = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(at_bytes), to);
  to = event.accepted_at().SerializeWithCachedSizesToArray(to);
  to = WireFormatLite::WriteUInt32ToArray(v1::Event::kRulesVersionFieldNumber, event.rules_version(), to);
  to = WriteBytes(v1::Event::kPrincipalFieldNumber, principal, to);
  to = WriteBytes(v1::Event::kSubmissionFieldNumber, submission, to);
  if (!event.entropy().empty()) to = WriteBytes(v1::Event::kEntropyFieldNumber, event.entropy(), to);
  bytes.resize(static_cast<size_t>(to - begin));
  return bytes;
}

}  // namespace muster
