// The rules of one message type, compiled from its descriptor into a form that is quick to walk. Used by validation.cc.
//
// Threading: immutable once compiled. MessageRulesCache may be used from any thread.
#ifndef MUSTER_COMMON_MESSAGE_RULES_H_
#define MUSTER_COMMON_MESSAGE_RULES_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/descriptor.h"
#include "muster/v1/constraints.pb.h"

namespace muster {

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
  // Messages: the rules of their type. Owned by the cache.
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

class MessageRulesCache {
 public:
  // The rules of the message type, compiled when first asked for. Valid as long as the cache; `descriptor` must live as
  // long too.
  const MessageRules& For(const google::protobuf::Descriptor* descriptor);

 private:
  MessageRules* Compile(const google::protobuf::Descriptor* descriptor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  FieldRule CompileField(const google::protobuf::FieldDescriptor* field) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;  // A leaf: nothing else is locked under it.
  absl::flat_hash_map<const google::protobuf::Descriptor*, std::unique_ptr<MessageRules>> rules_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_COMMON_MESSAGE_RULES_H_
