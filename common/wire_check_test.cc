#include "common/wire_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "common/validation.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/wrappers.pb.h"
#include "muster/config/v1/config.pb.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsCertified(const Message& message) {
  return WireIsSound(message.GetDescriptor(), message.SerializePartialAsString());
}

// What the certificate promises, found out the slow way.
bool IsSoundSlowly(const Message& type, const std::string& bytes) {
  const std::unique_ptr<Message> message(type.New());
  return message->ParseFromString(bytes) && Violations(*message).empty();
}

v1::TallyEntry ValidEntry() {
  v1::TallyEntry entry;
  FillValid(&entry);
  return entry;
}

bool EntryIsCertified(const std::string& bytes) { return WireIsSound(v1::TallyEntry::descriptor(), bytes); }

TEST(WireCheck, AValidSubmissionOfEveryBodyIsCertified) {
  v1::StreamSubmitRequest request;
  for (const v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    EXPECT_TRUE(IsCertified(submission)) << submission.DebugString();
    *request.add_submissions() = submission;
  }
  EXPECT_TRUE(IsCertified(request));
  request.mutable_submissions(3)->set_submission_id("no id");
  EXPECT_FALSE(IsCertified(request));
}

TEST(WireCheck, WhatIsRequiredMustBeThere) {
  EXPECT_TRUE(IsCertified(ValidEntry()));
  EXPECT_FALSE(EntryIsCertified(""));
  v1::TallyEntry entry = ValidEntry();
  entry.clear_site_id();
  EXPECT_FALSE(IsCertified(entry));
  EXPECT_FALSE(EntryIsCertified(absl::StrCat(entry.SerializeAsString(), std::string("\x12\0", 2))))
      << "there but empty";
  v1::SubmitRequest request;
  EXPECT_FALSE(IsCertified(request)) << "a message";
  v1::PublishPlan plan;
  FillValid(&plan);
  EXPECT_TRUE(IsCertified(plan));
  plan.clear_sections();
  EXPECT_FALSE(IsCertified(plan)) << "a list";
  v1::RequestReferral referral;
  FillValid(&referral);
  referral.clear_needs();
  const std::string without = referral.SerializeAsString();
  EXPECT_FALSE(WireIsSound(v1::RequestReferral::descriptor(), absl::StrCat(without, std::string("\x1a\0", 2))))
      << "a list of numbers, there but empty";
  v1::OutboxNumber number;
  FillValid(&number);
  EXPECT_TRUE(IsCertified(number));
  number.set_number(0);
  EXPECT_FALSE(IsCertified(number)) << "a number";
}

TEST(WireCheck, AnOneofMustHaveOneMember) {
  v1::Submission submission = ValidSubmissionOfEveryBody().front();
  EXPECT_TRUE(IsCertified(submission));
  const std::string bytes = submission.SerializeAsString();
  submission.clear_body();
  EXPECT_FALSE(IsCertified(submission));
  v1::Submission second;
  FillValid(second.mutable_withdraw_submission());
  EXPECT_FALSE(WireIsSound(v1::Submission::descriptor(), absl::StrCat(bytes, second.SerializeAsString())));
}

TEST(WireCheck, TextHasItsFormItsLengthAndNoControlCharacters) {
  v1::TallyEntry entry = ValidEntry();
  for (const char* slug : {"A", "a--b", "-a", "a\n"}) {
    entry.set_site_id(slug);
    EXPECT_FALSE(IsCertified(entry)) << slug;
  }
  entry.set_site_id(std::string(63, 'a'));
  EXPECT_TRUE(IsCertified(entry));
  entry.set_site_id(std::string(64, 'a'));
  EXPECT_FALSE(IsCertified(entry));
  entry.set_site_id("ky-1");
  for (const char* text : {"one\ntwo", "\x7f", "\xc2\x85", "right\xe2\x80\xaeleft", "12345678\x1f"}) {
    entry.set_source(text);
    EXPECT_FALSE(IsCertified(entry)) << text;
  }
  entry.set_source("¿dónde está? 日本 🙂");
  EXPECT_TRUE(IsCertified(entry));
  entry.set_source("");
  EXPECT_TRUE(IsCertified(entry));
  entry.set_note("one\n\ttwo");
  EXPECT_TRUE(IsCertified(entry));
  entry.set_note("one\rtwo");
  EXPECT_FALSE(IsCertified(entry));
}

TEST(WireCheck, TextIsUtf8) {
  const std::string bytes = ValidEntry().SerializeAsString();
  EXPECT_TRUE(EntryIsCertified(bytes));
  v1::TallyEntry entry = ValidEntry();
  entry.clear_source();
  for (const std::string text : {"\xff", "\xc0\xaf", "\xe2\x80", "\xed\xa0\x80", "12345678\xf5\x80\x80\x80"}) {
    const std::string field = absl::StrCat("\x4a", std::string(1, static_cast<char>(text.size())), text);
    EXPECT_FALSE(EntryIsCertified(absl::StrCat(entry.SerializeAsString(), field)));
  }
}

TEST(WireCheck, NumbersAreInTheirRange) {
  v1::TallyEntry entry = ValidEntry();
  entry.set_count(1000000);
  entry.set_amount_cents(1000000000000);
  EXPECT_TRUE(IsCertified(entry));
  entry.set_count(1000001);
  EXPECT_FALSE(IsCertified(entry));
  entry.clear_count();
  EXPECT_TRUE(IsCertified(entry));
  for (const int64_t cents : {int64_t{-1}, int64_t{1000000000001}, std::numeric_limits<int64_t>::min()}) {
    entry.set_amount_cents(cents);
    EXPECT_FALSE(IsCertified(entry)) << cents;
  }
  v1::LatLng position;
  position.set_latitude(-90);
  position.set_longitude(180);
  EXPECT_TRUE(IsCertified(position));
  for (const double longitude : {180.1, std::numeric_limits<double>::quiet_NaN(), -HUGE_VAL}) {
    position.set_longitude(longitude);
    EXPECT_FALSE(IsCertified(position)) << longitude;
  }
}

TEST(WireCheck, EnumsAreKnownAndSpecified) {
  v1::TallyEntry entry = ValidEntry();
  for (const int category : {0, 7, 29, 92, 100000, -1}) {
    entry.set_category(static_cast<v1::TallyCategory>(category));
    EXPECT_FALSE(IsCertified(entry)) << category;
  }
  entry.set_category(v1::TALLY_CATEGORY_AGENCY_PARTICIPATING);
  EXPECT_TRUE(IsCertified(entry));
  v1::Audience audience;
  FillValid(&audience);
  EXPECT_TRUE(IsCertified(audience));
  audience.add_roles(static_cast<v1::Role>(99));
  EXPECT_FALSE(IsCertified(audience));
  audience.set_roles(1, v1::ROLE_UNSPECIFIED);
  EXPECT_FALSE(IsCertified(audience));
  audience.mutable_roles()->Resize(8, v1::ROLE_PARTICIPANT);
  audience.set_roles(1, v1::ROLE_PARTICIPANT);
  EXPECT_TRUE(IsCertified(audience));
  audience.add_roles(v1::ROLE_PARTICIPANT);
  EXPECT_FALSE(IsCertified(audience)) << "nine items";
}

TEST(WireCheck, ListsHaveFewEnoughItemsAndNoneThatIsEmpty) {
  v1::TallyEntry entry = ValidEntry();
  while (entry.contained_in_entry_ids_size() < 20) entry.add_contained_in_entry_ids(entry.entry_id());
  EXPECT_TRUE(IsCertified(entry));
  entry.add_contained_in_entry_ids(entry.entry_id());
  EXPECT_FALSE(IsCertified(entry));
  entry = ValidEntry();
  entry.add_assisting_agency_ids("");
  EXPECT_FALSE(IsCertified(entry));
}

TEST(WireCheck, TimesAreOfThisAge) {
  v1::TimeWindow window;
  window.mutable_start();
  window.mutable_end()->set_seconds(7258118399);
  window.mutable_end()->set_nanos(999999999);
  EXPECT_TRUE(IsCertified(window));
  window.mutable_end()->set_seconds(7258118400);
  EXPECT_FALSE(IsCertified(window));
  window.mutable_end()->set_seconds(-1);
  EXPECT_FALSE(IsCertified(window));
  window.mutable_end()->set_seconds(1);
  for (const int nanos : {-1, 1000000000, std::numeric_limits<int32_t>::min()}) {
    window.mutable_end()->set_nanos(nanos);
    EXPECT_FALSE(IsCertified(window)) << nanos;
  }
}

TEST(WireCheck, WhatNoSubmissionHoldsIsLeftToTheSlowWay) {
  google::protobuf::Duration duration;
  EXPECT_TRUE(Violations(duration).empty());
  EXPECT_FALSE(IsCertified(duration));
  config::v1::TlsConfig tls;
  tls.mutable_reload_interval()->set_seconds(1);
  EXPECT_TRUE(Violations(tls).empty());
  EXPECT_FALSE(IsCertified(tls));
  EXPECT_FALSE(IsCertified(google::protobuf::FieldDescriptorProto())) << "not proto3";
  v1::OutboxNumber number;
  FillValid(&number);
  number.set_number(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(IsCertified(number));
  number.set_number(uint64_t{1} << 63);
  EXPECT_TRUE(Violations(number).empty());
  EXPECT_FALSE(IsCertified(number));
}

TEST(WireCheck, BytesThatNoGeneratedClassWritesAreDoubted) {
  v1::TallyEntry entry = ValidEntry();
  entry.clear_count();
  const std::string bytes = entry.SerializeAsString();
  const auto with = [&bytes](absl::string_view more) { return EntryIsCertified(absl::StrCat(bytes, more)); };
  const auto text = [](auto... c) { return std::string{static_cast<char>(c)...}; };
  EXPECT_TRUE(with(text(0x20, 5)));
  EXPECT_FALSE(with(text(0x20, 5, 0x20, 5))) << "set twice";
  EXPECT_FALSE(with(text(0x20, 0x85, 0))) << "longer than need be";
  EXPECT_FALSE(with(text(0xa0, 0, 5))) << "a tag that is";
  EXPECT_FALSE(with(text(0x20))) << "cut off";
  EXPECT_FALSE(with(text(0x20, 0x85))) << "cut off";
  EXPECT_FALSE(with(text(0x22, 1, 5))) << "another wire type";
  EXPECT_FALSE(with(text(0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))) << "more than 32 bits";
  EXPECT_FALSE(with(text(0x20, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2))) << "more than 64";
  EXPECT_FALSE(with(text(0x68, 5))) << "an unknown field";
  EXPECT_FALSE(with(text(0, 5))) << "no field";
  EXPECT_FALSE(with(text(0xff, 0xff, 0xff, 0xff, 0x7f, 5))) << "no field";
  EXPECT_FALSE(with(text(0x23, 0x24))) << "a group";
  EXPECT_FALSE(with(text(0x5a, 127))) << "longer than the message";
  EXPECT_FALSE(with(text(0x32, 1, 'a'))) << "a list in two parts";
  EXPECT_TRUE(IsSoundSlowly(entry, absl::StrCat(bytes, text(0x32, 1, 'a'))));
  v1::Audience audience;
  EXPECT_TRUE(WireIsSound(audience.GetDescriptor(), text(0x0a, 1, 2)));
  EXPECT_FALSE(WireIsSound(audience.GetDescriptor(), text(0x08, 2))) << "not packed";
  EXPECT_TRUE(IsSoundSlowly(audience, text(0x08, 2)));
}

TEST(WireCheck, NumbersWithoutARangeAreThoseOfTheirType) {
  google::protobuf::DoubleValue real;
  real.set_value(-1e300);
  EXPECT_TRUE(IsCertified(real));
  real.set_value(HUGE_VAL);
  EXPECT_FALSE(IsCertified(real));
  google::protobuf::UInt32Value natural;
  EXPECT_TRUE(WireIsSound(natural.GetDescriptor(), "\x08\xff\xff\xff\xff\x0f"));
  EXPECT_FALSE(WireIsSound(natural.GetDescriptor(), "\x08\xff\xff\xff\xff\x1f"));
  google::protobuf::Int32Value whole;
  for (const int32_t value : {std::numeric_limits<int32_t>::min(), -1, 1, std::numeric_limits<int32_t>::max()}) {
    whole.set_value(value);
    EXPECT_TRUE(IsCertified(whole)) << value;
  }
  EXPECT_FALSE(WireIsSound(whole.GetDescriptor(), "\x08\xff\xff\xff\xff\x0f")) << "-1 with 32 bits";
  v1::OutboxNumber number;
  FillValid(&number);
  number.clear_number();
  const std::string bytes = number.SerializeAsString();
  EXPECT_TRUE(WireIsSound(number.GetDescriptor(), absl::StrCat(bytes, std::string("\x10\1", 2))));
  EXPECT_FALSE(WireIsSound(number.GetDescriptor(), absl::StrCat(bytes, std::string("\x10\0", 2))))
      << "required, there, and zero";
}

TEST(WireCheck, BytesHaveTheirLength) {
  v1::SubscribeRequest request;
  EXPECT_TRUE(IsCertified(request));
  request.set_after_cursor(std::string(64, '\xff'));
  EXPECT_TRUE(IsCertified(request));
  request.set_after_cursor(std::string(65, '\xff'));
  EXPECT_FALSE(IsCertified(request));
  EXPECT_TRUE(WireIsSound(request.GetDescriptor(), std::string("\x0a\0", 2)));
}

// ---- Against the slow way ------------------------------------------------------------------------------------------

// Makes messages from their descriptors: mostly what the rules accept, now and then what is just beyond them.
class Maker {
 public:
  explicit Maker(std::mt19937_64* random) : random_(*random) {}

  size_t Below(size_t n) { return static_cast<size_t>(random_() % n); }
  template <typename T>
  const T& OneOf(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

  void Fill(Message* message) {
    const google::protobuf::Descriptor* type = message->GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (field->real_containing_oneof() == nullptr && Below(faults_in_) > 0) FillField(field, message);
    }
    for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
      const google::protobuf::OneofDescriptor* oneof = type->oneof_decl(i);
      FillField(oneof->field(static_cast<int>(Below(static_cast<size_t>(oneof->field_count())))), message);
    }
  }

  // How rare faults are: one in so many choices.
  void set_faults_in(size_t n) { faults_in_ = n; }

 private:
  bool Errs() { return Below(faults_in_) == 0; }

  std::string Text(const v1::FieldRules& rules) {
    static const auto* const kOdd = new std::vector<std::string>{
        "", "\n", "\t", "a\x01", "12345678\x7f", "é", "\xe2\x80\xa8", "MO", "mo-ago", "+15735550100", "es", "A-"};
    if (Errs()) return OneOf(*kOdd);
    const size_t bytes_max = rules.bytes_max() > 0 ? rules.bytes_max() : 256;
    if (rules.format() == v1::FORMAT_UNSPECIFIED || rules.format() == v1::FORMAT_SLUG) {
      return std::string(Errs() ? bytes_max + Below(2) : 1 + Below(40) % bytes_max, 'a');
    }
    switch (rules.format()) {
      case v1::FORMAT_UUID_V7:
        return "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
      case v1::FORMAT_SHA256_HEX:
        return std::string(64, "0af9"[Below(4)]);
      case v1::FORMAT_USPS_STATE:
        return "KY";
      case v1::FORMAT_E164:
        return "+15735550100";
      case v1::FORMAT_ORI:
        return "MO0260000";
      case v1::FORMAT_LANGUAGE:
        return "es";
      default:
        return std::string(32, 'b');
    }
  }

  double Number(const v1::FieldRules& rules) {
    if (Errs())
      return OneOf<double>({0, -1, 1, rules.min() - 1, rules.max() + 1, rules.min(), rules.max(), 4294967295});
    return rules.has_min() ? OneOf<double>({rules.min(), rules.max(), rules.min() + 1})
                           : 1 + static_cast<double>(Below(300));
  }

  int Enum(const FieldDescriptor* field) {
    const google::protobuf::EnumDescriptor* type = field->enum_type();
    if (Errs()) return OneOf<int>({0, 7, -1, 99, 70000});
    return type->value(1 + static_cast<int>(Below(static_cast<size_t>(type->value_count() - 1))))->number();
  }

  void FillField(const FieldDescriptor* field, Message* message) {
    if (!field->is_repeated()) return FillOne(field, message);
    const uint32_t items_max = field->options().GetExtension(v1::rules).items_max();
    size_t items = Errs() ? (items_max > 0 && items_max <= 100 ? items_max + Below(2) : 0) : 1 + Below(2);
    for (; items > 0; --items) FillOne(field, message);
  }

  void FillOne(const FieldDescriptor* field, Message* message) {
    const Reflection* reflection = message->GetReflection();
    const v1::FieldRules& rules = field->options().GetExtension(v1::rules);
    const bool list = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return list ? reflection->AddString(message, field, Text(rules))
                    : reflection->SetString(message, field, Text(rules));
      case FieldDescriptor::CPPTYPE_ENUM:
        return list ? reflection->AddEnumValue(message, field, Enum(field))
                    : reflection->SetEnumValue(message, field, Enum(field));
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        Message* const part =
            list ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field);
        return Fill(part);
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection->SetBool(message, field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->SetInt32(message, field, static_cast<int32_t>(std::min(Number(rules), 2147483647.0)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection->SetInt64(message, field, static_cast<int64_t>(Number(rules)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection->SetUInt32(message, field, static_cast<uint32_t>(static_cast<int64_t>(Number(rules))));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection->SetUInt64(message, field, static_cast<uint64_t>(std::abs(Number(rules))));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection->SetDouble(message, field, Errs() ? HUGE_VAL : Number(rules));
      default:
        FAIL() << field->full_name();
    }
  }

  std::mt19937_64& random_;
  size_t faults_in_ = 200;
};

// Of what generated classes write, the certificate and the slow way say the same.
TEST(WireCheck, AgreesWithTheSlowWayAboutRandomMessages) {
  std::mt19937_64 random = SeededRandom();
  Maker maker(&random);
  int sound = 0;
  int unsound = 0;
  for (int round = 0; round < 60000; ++round) {
    maker.set_faults_in(round % 2 == 0 ? 200 : 20);
    v1::Submission submission;
    maker.Fill(&submission);
    const std::string bytes = submission.SerializeAsString();
    const bool slowly = IsSoundSlowly(submission, bytes);
    ASSERT_EQ(WireIsSound(submission.GetDescriptor(), bytes), slowly)
        << submission.DebugString() << Validate(submission);
    ++(slowly ? sound : unsound);
  }
  EXPECT_GT(sound, 5000);
  EXPECT_GT(unsound, 5000);
}

// Of bytes as an attacker would bend them, it certifies only what the slow way finds sound.
TEST(WireCheck, NeverCertifiesBentBytesThatAreUnsound) {
  const google::protobuf::LogSilencer silencer;  // The parser reports each text that is not UTF-8.
  std::mt19937_64 random = SeededRandom();
  Maker maker(&random);
  maker.set_faults_in(1000000);
  int certified = 0;
  for (int round = 0; round < 150000; ++round) {
    v1::Submission submission;
    maker.Fill(&submission);
    std::string bytes = submission.SerializeAsString();
    for (size_t changes = 1 + maker.Below(3); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = maker.Below(bytes.size());
      switch (maker.Below(5)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] + (maker.Below(2) == 0 ? 1 : -1));
          break;
        case 2:
          bytes.erase(at, 1 + maker.Below(8));
          break;
        case 3:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          bytes.insert(at, bytes.substr(maker.Below(bytes.size()), maker.Below(40)));
      }
    }
    if (!WireIsSound(submission.GetDescriptor(), bytes)) continue;
    ++certified;
    ASSERT_TRUE(IsSoundSlowly(submission, bytes)) << absl::BytesToHexString(bytes);
  }
  EXPECT_GT(certified, 1000);
}

}  // namespace
}  // namespace muster
