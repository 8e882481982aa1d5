#include "common/testing/test_messages.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "muster/v1/constraints.pb.h"

namespace muster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string ValidText(v1::Format format) {
  switch (format) {
    case v1::FORMAT_SLUG:
      return "mo-ago";
    case v1::FORMAT_UUID_V7:
      return "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    case v1::FORMAT_SHA256_HEX:
      return std::string(64, 'a');
    case v1::FORMAT_USPS_STATE:
      return "MO";
    case v1::FORMAT_E164:
      return "+15735550100";
    case v1::FORMAT_ORI:
      return "MO0260000";
    case v1::FORMAT_LANGUAGE:
      return "es";
    case v1::FORMAT_TICKET:
      return std::string(32, 'b');
    default:
      return "plain words";
  }
}

void FillField(const FieldDescriptor* field, Message* message) {
  const Reflection* reflection = message->GetReflection();
  const v1::FieldRules& rules = field->options().GetExtension(v1::rules);
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      repeated ? reflection->AddString(message, field, ValidText(rules.format()))
               : reflection->SetString(message, field, ValidText(rules.format()));
      return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillValid(repeated ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      repeated ? reflection->AddEnumValue(message, field, field->enum_type()->value(1)->number())
               : reflection->SetEnumValue(message, field, field->enum_type()->value(1)->number());
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(message, field, true);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(message, field, std::max(1, static_cast<int32_t>(rules.min())));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(message, field, 1);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->SetUInt32(message, field, 1);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->SetUInt64(message, field, 1);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->SetDouble(message, field, 1);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection->SetFloat(message, field, 1);
  }
}

void SetAudience(v1::Section* section) {
  section->mutable_audience()->clear_roles();
  section->mutable_audience()->add_roles(v1::ROLE_PARTICIPANT);
}

void CorrectEntry(v1::TallyEntry* entry) {
  entry->set_category(v1::TALLY_CATEGORY_SEIZED_CURRENCY);
  entry->set_assisting_agency_ids(0, "ky-ago");
  entry->set_contained_in_entry_ids(0, "017f22e2-79b0-7cc3-98c4-000000000001");
}

void CorrectAcrossFields(v1::Submission* submission) {
  if (submission->has_create_operation()) {
    submission->mutable_create_operation()->mutable_operation()->mutable_window()->mutable_end()->set_seconds(100);
  }
  if (submission->has_set_participant()) {
    submission->mutable_set_participant()->mutable_participant()->set_role(v1::ROLE_PARTICIPANT);
  }
  if (submission->has_report_service_counts()) {
    submission->mutable_report_service_counts()->mutable_counts()->set_offered(3);
  }
  if (submission->has_answer_referral()) {
    submission->mutable_answer_referral()->set_state(v1::REFERRAL_STATE_ACCEPTED);
  }
  for (v1::Activity* activity :
       {submission->has_enter_activity() ? submission->mutable_enter_activity()->mutable_activity() : nullptr,
        submission->has_amend_activity() ? submission->mutable_amend_activity()->mutable_activity() : nullptr}) {
    if (activity != nullptr) activity->mutable_window()->mutable_end()->set_seconds(100);
  }
  if (submission->has_advance_conflict()) {
    submission->mutable_advance_conflict()->set_state(v1::CONFLICT_STATE_OWNED);
  }
  if (submission->has_report_readiness()) {
    submission->mutable_report_readiness()->set_status(v1::READINESS_STATUS_READY);
  }
  if (submission->has_publish_plan()) SetAudience(submission->mutable_publish_plan()->mutable_sections(0));
  if (submission->has_amend_plan()) {
    SetAudience(submission->mutable_amend_plan()->mutable_amendments(0)->mutable_section());
    submission->mutable_amend_plan()->mutable_removals(0)->set_section_id("another");
  }
  if (submission->has_record_tally()) CorrectEntry(submission->mutable_record_tally()->mutable_entry());
  if (submission->has_correct_tally()) {
    submission->mutable_correct_tally()->set_entry_id("017f22e2-79b0-7cc3-98c4-000000000002");
    CorrectEntry(submission->mutable_correct_tally()->mutable_replacements(0));
  }
  if (submission->has_resolve_duplicate()) {
    submission->mutable_resolve_duplicate()->set_decision(v1::DUPLICATE_DECISION_MERGED);
  }
}

void CollectStrings(const std::string& path, Message* message, std::vector<StringPlace>* places) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(path, path.empty() ? "" : ".", field->name());
    const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
      if (is_message) CollectStrings(name, reflection->MutableMessage(message, field), places);
      if (is_text) {
        places->push_back({name, field, reflection->GetString(*message, field),
                           [=](const std::string& value) { reflection->SetString(message, field, value); }});
      }
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      const std::string item = absl::StrCat(name, "[", i, "]");
      if (is_message) CollectStrings(item, reflection->MutableRepeatedMessage(message, field, i), places);
      if (is_text) {
        places->push_back({item, field, reflection->GetRepeatedString(*message, field, i),
                           [=](const std::string& value) { reflection->SetRepeatedString(message, field, i, value); }});
      }
    }
  }
}

}  // namespace

void FillValid(Message* message) {
  const Descriptor* type = message->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const google::protobuf::OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof == nullptr || oneof->field(0) == field) FillField(field, message);
  }
}

std::vector<v1::Submission> ValidSubmissionOfEveryBody() {
  std::vector<v1::Submission> submissions;
  const google::protobuf::OneofDescriptor* body = v1::Submission::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    v1::Submission submission;
    FillValid(&submission);
    FillField(body->field(i), &submission);
    CorrectAcrossFields(&submission);
    submissions.push_back(std::move(submission));
  }
  return submissions;
}

std::vector<StringPlace> StringsOf(Message* message) {
  std::vector<StringPlace> places;
  CollectStrings("", message, &places);
  return places;
}

std::mt19937_64 SeededRandom() {
  uint64_t seed = std::random_device()();
  if (const char* given = std::getenv("MUSTER_TEST_SEED"); given != nullptr) (void)absl::SimpleAtoi(given, &seed);
  std::cout << "MUSTER_TEST_SEED=" << seed << std::endl;
  return std::mt19937_64(seed);
}

}  // namespace muster
