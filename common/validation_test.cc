#include "common/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/formats.h"
#include "common/rich_status.h"
#include "common/submission_checks.h"
#include "common/testing/test_messages.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/unknown_field_set.h"
#include "muster/config/v1/config.pb.h"
#include "muster/v1/activity.pb.h"

namespace muster {

void PrintTo(const FieldViolation& violation, std::ostream* out) {
  *out << violation.field << ": " << violation.description;
}

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto Violates(const std::string& field, const std::string& words) {
  return AllOf(Field(&FieldViolation::field, field), Field(&FieldViolation::description, HasSubstr(words)));
}

v1::Submission ValidTally() {
  for (const v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    if (submission.has_record_tally()) return submission;
  }
  ADD_FAILURE();
  return {};
}

// Everything that may not stand in a text.
std::vector<uint32_t> ForbiddenCodePoints() {
  std::vector<uint32_t> forbidden = {0x7f};
  for (uint32_t c = 0; c < 0x20; ++c) forbidden.push_back(c);
  for (uint32_t c = 0x80; c <= 0x9f; ++c) forbidden.push_back(c);
  for (uint32_t c = 0x2028; c <= 0x202e; ++c) forbidden.push_back(c);
  for (uint32_t c = 0x2066; c <= 0x2069; ++c) forbidden.push_back(c);
  return forbidden;
}

std::string Utf8(uint32_t c) {
  if (c < 0x80) return std::string(1, static_cast<char>(c));
  if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
  return {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
          static_cast<char>(0x80 | (c & 0x3f))};
}

TEST(Validation, ValidSubmissionOfEveryBodyIsAccepted) {
  const std::vector<v1::Submission> submissions = ValidSubmissionOfEveryBody();
  EXPECT_THAT(submissions, SizeIs(v1::Submission::descriptor()->FindOneofByName("body")->field_count()));
  for (const v1::Submission& submission : submissions) {
    EXPECT_TRUE(ValidateSubmission(submission).ok()) << ValidateSubmission(submission) << submission.DebugString();
  }
}

TEST(Validation, EveryStringFieldRefusesControlCharacters) {
  size_t strings = 0;
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    for (const StringPlace& place : StringsOf(&submission)) {
      ++strings;
      const bool multiline = place.field->options().GetExtension(v1::rules).multiline();
      for (const uint32_t c : ForbiddenCodePoints()) {
        if (multiline && (c == '\t' || c == '\n')) continue;
        for (const std::string& bad : {absl::StrCat(place.value, Utf8(c)), absl::StrCat(Utf8(c), place.value)}) {
          place.set(bad);
          EXPECT_THAT(Violations(submission), ElementsAre(Violates(place.path, "holds the control character")))
              << place.path << " with U+" << absl::StrCat(absl::Hex(c));
        }
      }
      place.set(place.value);
    }
  }
  EXPECT_GT(strings, 60u);
}

TEST(Validation, EveryStringFieldRefusesInvalidUtf8) {
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    for (const StringPlace& place : StringsOf(&submission)) {
      for (const char* bad : {"\xff", "\xc0\xaf", "\xe2\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xf0\x80\x80\x80"}) {
        place.set(absl::StrCat(place.value, bad));
        EXPECT_THAT(Violations(submission), ElementsAre(Violates(place.path, "is not UTF-8"))) << place.path;
      }
      place.set(place.value);
    }
  }
}

TEST(Validation, EveryStringFieldRefusesOneByteTooMany) {
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    for (const StringPlace& place : StringsOf(&submission)) {
      const v1::FieldRules& rules = place.field->options().GetExtension(v1::rules);
      const size_t bytes_max = rules.bytes_max() > 0 ? rules.bytes_max() : 256;
      place.set(std::string(bytes_max + 1, 'a'));
      EXPECT_THAT(Violations(submission), ElementsAre(Violates(place.path, absl::StrCat("at most ", bytes_max))));
      if (rules.format() == v1::FORMAT_UNSPECIFIED || rules.format() == v1::FORMAT_SLUG) {
        place.set(std::string(bytes_max, 'a'));
        EXPECT_THAT(Violations(submission), IsEmpty()) << place.path;
      }
      place.set(place.value);
    }
  }
}

TEST(Validation, MultilineTextMayHoldTabLineFeedAndAnyLanguage) {
  v1::Submission submission = ValidTally();
  submission.mutable_record_tally()->mutable_entry()->set_note("one\n\ttwo: ¿dónde está? 日本 🙂");
  EXPECT_THAT(Violations(submission), IsEmpty());
}

TEST(Validation, UnknownFieldsAreRefusedAtAnyDepth) {
  v1::Submission submission = ValidTally();
  submission.GetReflection()->MutableUnknownFields(&submission)->AddVarint(900, 1);
  v1::TallyEntry* entry = submission.mutable_record_tally()->mutable_entry();
  entry->GetReflection()->MutableUnknownFields(entry)->AddVarint(901, 1);
  google::protobuf::Timestamp* at = entry->mutable_occurred_at();
  at->GetReflection()->MutableUnknownFields(at)->AddVarint(902, 1);
  EXPECT_THAT(Violations(submission),
              ElementsAre(Violates("#900", "does not know"), Violates("record_tally.entry.#901", "does not know"),
                          Violates("record_tally.entry.occurred_at.#902", "does not know")));
}

TEST(Validation, EnumsMustBeKnownAndSpecified) {
  v1::Submission submission = ValidTally();
  v1::TallyEntry* entry = submission.mutable_record_tally()->mutable_entry();
  entry->set_category(static_cast<v1::TallyCategory>(7));  // Between two that exist.
  entry->set_status(v1::TALLY_STATUS_UNSPECIFIED);
  EXPECT_THAT(Violations(submission), ElementsAre(Violates("record_tally.entry.category", "is 7, which this build"),
                                                  Violates("record_tally.entry.status", "is not specified")));
}

TEST(Validation, RepeatedEnumsHaveNoUnspecifiedItem) {
  v1::Audience audience;
  audience.add_roles(v1::ROLE_PARTICIPANT);
  audience.add_roles(v1::ROLE_UNSPECIFIED);
  audience.add_roles(static_cast<v1::Role>(99));
  EXPECT_THAT(Violations(audience),
              ElementsAre(Violates("roles[1]", "is not specified"), Violates("roles[2]", "is 99")));
}

TEST(Validation, PathsNameItemsOfLists) {
  v1::PublishPlan plan;
  FillValid(&plan);
  for (int i = 0; i < 3; ++i) *plan.add_sections() = plan.sections(0);
  plan.mutable_sections(3)->mutable_audience()->set_roles(0, v1::ROLE_UNSPECIFIED);
  plan.mutable_sections(3)->set_title(std::string(412, 'x'));
  EXPECT_THAT(Violations(plan), ElementsAre(Violates("sections[3].title", "has 412 bytes, at most 200 are allowed"),
                                            Violates("sections[3].audience.roles[0]", "is not specified")));
}

TEST(Validation, RequiredFieldsMustBeThere) {
  v1::AmendPlan amend;
  amend.add_amendments()->set_change(v1::SECTION_CHANGE_MATERIAL);
  EXPECT_THAT(Violations(amend), ElementsAre(Violates("operation_id", "is empty, it is required"),
                                             Violates("base_version", "is 0 or missing"),
                                             Violates("amendments[0].section", "is missing")));
  v1::PublishPlan publish;
  publish.set_operation_id("united-front-2021");
  EXPECT_THAT(Violations(publish), ElementsAre(Violates("sections", "at least one is required")));
}

TEST(Validation, OneofMustHaveAMember) {
  v1::Submission submission = ValidTally();
  submission.clear_body();
  EXPECT_THAT(Violations(submission), ElementsAre(Violates("body", "exactly one is wanted of: register_agency")));
}

TEST(Validation, ItemsOfListsMustNotBeEmptyNorTooMany) {
  v1::Submission submission = ValidTally();
  v1::TallyEntry* entry = submission.mutable_record_tally()->mutable_entry();
  entry->set_assisting_agency_ids(0, "");
  while (entry->contained_in_entry_ids_size() < 21) entry->add_contained_in_entry_ids("x");
  EXPECT_THAT(Violations(submission),
              ElementsAre(Violates("record_tally.entry.assisting_agency_ids[0]", "is empty"),
                          Violates("record_tally.entry.contained_in_entry_ids", "has 21 items, at most 20")));
}

TEST(Validation, NumbersOutOfRangeAndNotFiniteAreRefused) {
  v1::LatLng position;
  position.set_latitude(-90);
  position.set_longitude(180);
  EXPECT_THAT(Violations(position), IsEmpty());
  position.set_latitude(90.5);
  position.set_longitude(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Violations(position), ElementsAre(Violates("latitude", "is 90.5, wanted is -90 to 90"),
                                                Violates("longitude", "is not a finite number")));
  position.set_latitude(std::numeric_limits<double>::infinity());
  EXPECT_THAT(Violations(position), SizeIs(2));
  v1::Submission submission = ValidTally();
  submission.mutable_record_tally()->mutable_entry()->set_count(1000001);
  submission.mutable_record_tally()->mutable_entry()->set_amount_cents(-1);
  EXPECT_THAT(Violations(submission),
              ElementsAre(Violates("record_tally.entry.count", "is 1000001, wanted is 0 to 1000000"),
                          Violates("record_tally.entry.amount_cents", "is -1")));
}

TEST(Validation, TimestampsMustBeWellFormedAndOfThisAge) {
  v1::TimeWindow window;
  window.mutable_start()->set_seconds(-1);
  window.mutable_end()->set_seconds(7258118400);
  EXPECT_THAT(Violations(window), ElementsAre(Violates("start", "1970 to 2199"), Violates("end", "1970 to 2199")));
  window.mutable_start()->set_seconds(0);
  window.mutable_start()->set_nanos(1000000000);
  window.mutable_end()->set_seconds(7258118399);
  window.mutable_end()->set_nanos(-1);
  EXPECT_THAT(Violations(window), ElementsAre(Violates("start", "nanos"), Violates("end", "nanos")));
}

TEST(Validation, DurationsMustBeWellFormed) {
  config::v1::TlsConfig tls;
  tls.mutable_reload_interval()->set_seconds(1);
  EXPECT_THAT(Violations(tls), IsEmpty());
  tls.mutable_reload_interval()->set_nanos(-1);
  EXPECT_THAT(Violations(tls), ElementsAre(Violates("reload_interval", "same sign")));
  tls.mutable_reload_interval()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(Violations(tls), ElementsAre(Violates("reload_interval", "at most")));
}

TEST(Validation, StatusSpellsOutThreeFindingsAndAttachesAll) {
  v1::Agency agency;
  agency.set_state("XX");
  agency.set_ori("short");
  agency.set_phone_24h("none");
  const absl::Status status = Validate(agency);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RejectedOf(status).reason(), v1::ERROR_REASON_MALFORMED);
  EXPECT_EQ(status.message(),
            "agency_id: is empty, it is required; name: is empty, it is required; "
            "kind: is not specified, one of the values of AgencyKind is required; and 3 more");
  EXPECT_THAT(ViolationsOf(status), SizeIs(6));
}

TEST(Validation, WhatWasGotIsEscapedAndCut) {
  v1::Agency agency;
  FillValid(&agency);
  agency.set_state("\"é");
  agency.set_agency_id(std::string(63, 'A'));
  EXPECT_THAT(Violations(agency),
              ElementsAre(Violates("agency_id", absl::StrCat("is \"", std::string(60, 'A'), "\"..., wanted is")),
                          Violates("state", "is \"\\\"\\xc3\\xa9\", wanted is a USPS state")));
}

TEST(Validation, HostileMessageGetsABoundedAnswer) {
  v1::StreamSubmitRequest request;
  for (int i = 0; i < 1000; ++i) request.add_submissions()->set_submission_id("bad");
  EXPECT_THAT(Violations(request), SizeIs(kViolationsMax));
  EXPECT_LE(ToRichStatusBytes(Validate(request)).size(), 4096u);
}

TEST(Validation, FirstChecksFromManyThreadsAgree) {
  const std::vector<v1::Submission> submissions = ValidSubmissionOfEveryBody();
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (const v1::Submission& submission : submissions) refused += ValidateSubmission(submission).ok() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 0);
}

TEST(Formats, UspsStatesAreFiftyStatesDcAndFiveTerritories) {
  int count = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) count += IsUspsState(std::string{a, b}) ? 1 : 0;
  }
  EXPECT_EQ(count, 56);
  for (const char* state : {"MO", "KY", "DC", "PR", "GU", "VI", "AS", "MP"}) EXPECT_TRUE(IsUspsState(state)) << state;
  for (const char* text : {"", "M", "mo", "XX", "UK", "MOO"}) EXPECT_FALSE(IsUspsState(text)) << text;
}

TEST(Formats, SlugsHaveSingleHyphensInside) {
  for (const char* slug : {"a", "mo-ago", "united-front-2021", "a1-2b"}) EXPECT_TRUE(IsSlug(slug)) << slug;
  for (const char* text : {"", "-a", "a-", "a--b", "1a", "A", "a_b", "a b", "a.", "../a"})
    EXPECT_FALSE(IsSlug(text)) << text;
}

TEST(Formats, PhonesAreE164) {
  for (const char* phone : {"+12345678", "+123456789012345"}) EXPECT_TRUE(IsE164(phone)) << phone;
  for (const char* text : {"", "12345678", "+1234567", "+1234567890123456", "+1 573 555 0100", "+01234567"}) {
    EXPECT_FALSE(IsE164(text)) << text;
  }
}

TEST(Formats, OrisAreNineCapitalsAndDigits) {
  for (const char* ori : {"MO0260000", "KYQNGSP00"}) EXPECT_TRUE(IsOri(ori)) << ori;
  for (const char* text : {"", "MO026000", "MO02600000", "1O0260000", "mo0260000", "MO026-000"})
    EXPECT_FALSE(IsOri(text)) << text;
}

TEST(Formats, DigestsAreSixtyFourLowerCaseHexDigits) {
  EXPECT_TRUE(IsSha256Hex(std::string(60, 'a') + "09f1"));
  EXPECT_FALSE(IsSha256Hex(std::string(63, 'a')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'g')));
}

TEST(Formats, EveryFormatIsDescribedAndEnforced) {
  for (int i = v1::Format_MIN + 1; i <= v1::Format_MAX; ++i) {
    const auto format = static_cast<v1::Format>(i);
    EXPECT_THAT(std::string(FormatDescription(format)), testing::Not(HasSubstr("does not know"))) << i;
    EXPECT_FALSE(HasFormat(format, "No Such Form")) << i;
  }
}

// Bytes as an attacker would bend them. Whatever comes out of the parser is answered, in bounds, and nothing is
// accepted that a text field must not hold.
TEST(Validation, MutatedSubmissionsNeverBreakTheCheck) {
  const google::protobuf::LogSilencer silencer;  // The parser reports each text that is not UTF-8.
  std::mt19937_64 random = SeededRandom();
  const std::vector<v1::Submission> submissions = ValidSubmissionOfEveryBody();
  const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  int parsed = 0;
  int refused = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string bytes = submissions[below(submissions.size())].SerializeAsString();
    for (size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + below(8));
          break;
        case 2:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(40)));
      }
    }
    v1::Submission submission;
    if (!submission.ParseFromString(bytes)) continue;
    ++parsed;
    const absl::Status status = ValidateSubmission(submission);
    ASSERT_LE(ViolationsOf(status).size(), kViolationsMax);
    ASSERT_LE(ToRichStatusBytes(status).size(), 4096u);
    if (!status.ok()) {
      ++refused;
      ASSERT_FALSE(ViolationsOf(status).empty());
      continue;
    }
    for (const StringPlace& place : StringsOf(&submission)) {
      ASSERT_FALSE(FindTextFault(place.value, place.field->options().GetExtension(v1::rules).multiline()).has_value());
    }
  }
  EXPECT_GT(parsed, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace muster
