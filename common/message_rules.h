// The rules of one message type, compiled from its descriptor into a form that is quick to walk. Used by validation.cc
// and wire_check.cc.
//
// Threading: immutable once compiled. RulesOf may be called from any thread.
#ifndef MUSTER_COMMON_MESSAGE_RULES_H_
#define MUSTER_COMMON_MESSAGE_RULES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "muster/v1/constraints.pb.h"

namespace muster {

// What timestamps and durations may hold, whichever field they are in.
inline constexpr int64_t kTimestampSecondsEnd = 7258118400;   // 2200-01-01T00:00:00Z.
inline constexpr int64_t kDurationSecondsMax = 315576000000;  // 10,000 years, as duration.proto says.
inline constexpr int32_t kNanosMax = 999999999;

struct MessageRules;

// What a field holds, defaults of constraints.proto filled in.
struct FieldRule {
  const google::protobuf::FieldDescriptor* field = nullptr;
  google::protobuf::FieldDescriptor::CppType type = google::protobuf::FieldDescriptor::CPPTYPE_BOOL;
  bool is_bytes = false;
  bool repeated = false;
  // Absence can be told from the default: messages, `optional` fields and members of a oneof.
  bool has_presence = false;
  bool required = false;
  bool multiline = false;
  bool unspecified_allowed = false;
  // A number without a range that need not be set: nothing to check.
  bool anything_goes = false;
  v1::Format format = v1::FORMAT_UNSPECIFIED;
  size_t bytes_max = 0;
  int items_max = 0;
  double min = 0;
  double max = 0;
  // Enums: the numbers that this build knows, sorted.
  std::vector<int> enum_numbers;
  // Messages: the rules of their type.
  const MessageRules* message = nullptr;
};

struct OneofRule {
  const google::protobuf::OneofDescriptor* oneof = nullptr;
  // By index within the oneof.
  std::vector<FieldRule> members;
};

struct MessageRules {
  enum class Kind { kOrdinary, kTimestamp, kDuration };
  Kind kind = Kind::kOrdinary;
  // In declaration order, without the members of oneofs.
  std::vector<FieldRule> fields;
  std::vector<OneofRule> oneofs;
};

// The rules of the message type, compiled when first asked for and kept for the process; so the type must be a
// generated one.
const MessageRules& RulesOf(const google::protobuf::Descriptor* descriptor);

}  // namespace muster

#endif  // MUSTER_COMMON_MESSAGE_RULES_H_
