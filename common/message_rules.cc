#include "common/message_rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace muster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

constexpr uint32_t kStringBytesMax = 256;
constexpr uint32_t kBytesBytesMax = 64 * 1024;
constexpr uint32_t kItemsMax = 1000;

MessageRules::Kind KindOf(const Descriptor* descriptor) {
  switch (descriptor->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return MessageRules::Kind::kTimestamp;
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return MessageRules::Kind::kDuration;
    default:
      return MessageRules::Kind::kOrdinary;
  }
}

bool IsInteger(FieldDescriptor::CppType type) {
  return type == FieldDescriptor::CPPTYPE_INT32 || type == FieldDescriptor::CPPTYPE_INT64 ||
         type == FieldDescriptor::CPPTYPE_UINT32 || type == FieldDescriptor::CPPTYPE_UINT64;
}

class MessageRulesCache {
 public:
  const MessageRules& For(const Descriptor* descriptor);

 private:
  MessageRules* Compile(const Descriptor* descriptor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  FieldRule CompileField(const FieldDescriptor* field) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;  // A leaf: nothing else is locked under it.
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessageRules>> rules_ ABSL_GUARDED_BY(mu_);
};

const MessageRules& MessageRulesCache::For(const Descriptor* descriptor) {
  {
    absl::ReaderMutexLock lock(&mu_);
    const auto found = rules_.find(descriptor);
    if (found != rules_.end()) return *found->second;
  }
  absl::MutexLock lock(&mu_);
  return *Compile(descriptor);
}

MessageRules* MessageRulesCache::Compile(const Descriptor* descriptor) {
  auto [entry, added] = rules_.try_emplace(descriptor, std::make_unique<MessageRules>());
  MessageRules* rules = entry->second.get();
  if (!added) return rules;  // Known, or being compiled further up: a type that contains itself.
  rules->kind = KindOf(descriptor);
  if (rules->kind != MessageRules::Kind::kOrdinary) return rules;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (field->real_containing_oneof() == nullptr) rules->fields.push_back(CompileField(field));
  }
  for (int i = 0; i < descriptor->real_oneof_decl_count(); ++i) {
    const OneofDescriptor* oneof = descriptor->oneof_decl(i);
    OneofRule rule{oneof, {}};
    for (int j = 0; j < oneof->field_count(); ++j) rule.members.push_back(CompileField(oneof->field(j)));
    rules->oneofs.push_back(std::move(rule));
  }
  return rules;
}

FieldRule MessageRulesCache::CompileField(const FieldDescriptor* field) {
  const v1::FieldRules& declared = field->options().GetExtension(v1::rules);
  FieldRule rule;
  rule.field = field;
  rule.type = field->cpp_type();
  rule.is_bytes = field->type() == FieldDescriptor::TYPE_BYTES;
  rule.repeated = field->is_repeated();
  rule.has_presence = field->has_presence();
  rule.required = declared.required();
  rule.multiline = declared.multiline();
  rule.unspecified_allowed = declared.unspecified_allowed();
  rule.format = declared.format();
  rule.bytes_max = declared.bytes_max() > 0 ? declared.bytes_max() : rule.is_bytes ? kBytesBytesMax : kStringBytesMax;
  rule.items_max = static_cast<int>(declared.items_max() > 0 ? declared.items_max() : kItemsMax);
  rule.min = declared.has_min() ? declared.min() : -std::numeric_limits<double>::infinity();
  rule.max = declared.has_max() ? declared.max() : std::numeric_limits<double>::infinity();
  const bool unbounded = !declared.has_min() && !declared.has_max();
  rule.anything_goes = !rule.repeated && (rule.type == FieldDescriptor::CPPTYPE_BOOL ||
                                          (IsInteger(rule.type) && unbounded && !rule.required));
  if (rule.type == FieldDescriptor::CPPTYPE_ENUM) {
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      rule.enum_numbers.push_back(field->enum_type()->value(i)->number());
    }
    std::sort(rule.enum_numbers.begin(), rule.enum_numbers.end());
  }
  if (rule.type == FieldDescriptor::CPPTYPE_MESSAGE) rule.message = Compile(field->message_type());
  return rule;
}

}  // namespace

const MessageRules& RulesOf(const Descriptor* descriptor) {
  static auto* const cache = new MessageRulesCache;
  return cache->For(descriptor);
}

}  // namespace muster
