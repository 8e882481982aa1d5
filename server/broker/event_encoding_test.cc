#include "server/broker/event_encoding.h"

#include <gtest/gtest.h>

#include "server/state/testing/test_support.h"

namespace muster {
namespace {

v1::Event MakeEvent() {
  v1::Event event;
  event.set_sequence(1'234'567);
  event.mutable_accepted_at()->set_seconds(1'630'033'200);
  event.mutable_accepted_at()->set_nanos(42);
  event.set_rules_version(7);
  *event.mutable_principal() = PrincipalOf("ky-ago");
  *event.mutable_submission() =
      RecordTally(MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3));
  event.mutable_submission()->set_submission_id(EntryId(2));
  return event;
}

std::string Encoded(const v1::Event& event) {
  return EncodeEvent(event, event.principal().SerializeAsString(), event.submission().SerializeAsString());
}

TEST(EventEncodingTest, IsWhatTheEventSerializesTo) {
  EXPECT_EQ(Encoded(MakeEvent()), MakeEvent().SerializeAsString());
}

TEST(EventEncodingTest, HoldsWhatTheSequencerDrew) {
  v1::Event event = MakeEvent();
  event.set_entropy(std::string(16, '\xA5'));
  EXPECT_EQ(Encoded(event), event.SerializeAsString());
}

TEST(EventEncodingTest, HoldsAnEmptyPrincipalAndSubmission) {
  v1::Event event = MakeEvent();
  event.mutable_principal()->Clear();
  event.mutable_submission()->Clear();
  event.mutable_accepted_at()->Clear();
  EXPECT_EQ(Encoded(event), event.SerializeAsString());
}

}  // namespace
}  // namespace muster
