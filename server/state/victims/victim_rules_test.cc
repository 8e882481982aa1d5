// Victim services: rules V1 and V2, and who is told which counts.
#include <set>

#include "absl/strings/str_cat.h"
#include "common/formats.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::Contains;
using ::testing::IsEmpty;

// ---- V1: the messages can hold no text of a person's --------------------------------------------------------------

bool IsClosed(const FieldDescriptor& field) {
  switch (field.options().GetExtension(v1::rules).format()) {
    case v1::FORMAT_SLUG:
    case v1::FORMAT_UUID_V7:
    case v1::FORMAT_USPS_STATE:
    case v1::FORMAT_LANGUAGE:
    case v1::FORMAT_TICKET:
      return true;
    default:
      return false;
  }
}

// Every field below `message` that could hold free text or raw bytes.
void CollectOpenFields(const Descriptor& message, std::set<std::string>* seen, std::vector<std::string>* open) {
  if (!seen->insert(message.full_name()).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const bool is_cursor = field.name() == "cursor" || field.name() == "at_least_cursor";
    if (field.type() == FieldDescriptor::TYPE_BYTES && !is_cursor) open->push_back(field.full_name());
    if (field.type() == FieldDescriptor::TYPE_STRING && !IsClosed(field)) open->push_back(field.full_name());
    if (field.message_type() != nullptr) CollectOpenFields(*field.message_type(), seen, open);
  }
}

std::vector<std::string> OpenFieldsBelow(const Descriptor& message) {
  // An outcome's words are the broker's own; the canaries of the rule V2 hold them to that.
  std::set<std::string> seen = {"muster.v1.Outcome"};
  std::vector<std::string> open;
  CollectOpenFields(message, &seen, &open);
  return open;
}

TEST(VictimRules, V1NoMessageToOrFromVictimServicesCanHoldTextThatIdentifiesAPerson) {
  const auto& file = *v1::ReadinessNotice::descriptor()->file();
  ASSERT_GT(file.message_type_count(), 15);
  for (int i = 0; i < file.message_type_count(); ++i) {
    EXPECT_THAT(OpenFieldsBelow(*file.message_type(i)), IsEmpty()) << file.message_type(i)->full_name();
  }
  // What the check finds where there is something to find.
  EXPECT_THAT(OpenFieldsBelow(*v1::Section::descriptor()), Contains("muster.v1.Section.body"));
  EXPECT_THAT(OpenFieldsBelow(*v1::OutboxNumber::descriptor()), IsEmpty());
}

TEST(VictimRules, V1EveryKindOfNoticeAboutVictimsIsOfThoseMessages) {
  const Descriptor& notice = *v1::Notice::descriptor();
  for (const char* field : {"readiness_notice", "capacity", "services", "referral"}) {
    ASSERT_NE(notice.FindFieldByName(field), nullptr);
    EXPECT_EQ(notice.FindFieldByName(field)->message_type()->file(), v1::ReadinessNotice::descriptor()->file());
  }
}

// ---- The partner and the others ------------------------------------------------------------------------------------

class Victims : public ::testing::Test {
 protected:
  Victims() { SetUpOperation(&world_); }

  v1::GetVictimServicesResponse Read(absl::string_view agency_id) const {
    v1::GetVictimServicesRequest request;
    request.set_operation_id(kTestOperation);
    v1::GetVictimServicesResponse response;
    EXPECT_TRUE(AskAs(world_, agency_id, "VictimServicesService/GetVictimServices", request, &response).ok())
        << agency_id;
    return response;
  }
  std::set<std::string> ToldOf(v1::Notice::ContentCase content) const {
    std::set<std::string> told;
    for (const auto& [agency_id, feed] : world_.feeds()) {
      for (const FeedItem& item : feed) {
        if (item.notice.content_case() == content) told.insert(agency_id);
      }
    }
    return told;
  }
  std::string Refer(absl::string_view from = "ky-ago") {
    return world_.MustSubmit(from, RequestReferral()).accepted().referral_ticket();
  }
  v1::ErrorReason Reason(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected().reason();
  }

  World world_;
};

using Agencies = std::set<std::string>;

TEST_F(Victims, V2TheReadinessNoticeIsToldToThoseWhoReadItAndReplacesTheEarlier) {
  world_.MustSubmit("lead", PublishReadinessNotice(12));
  world_.MustSubmit("lead", PublishReadinessNotice(20));
  EXPECT_EQ(ToldOf(v1::Notice::kReadinessNotice),
            (Agencies{"auditor", "ky-ago", "ky-prosecutor", "lead", "nd-bci", kPartner}));
  for (const char* reader : {"lead", "ky-ago", "ky-prosecutor", kPartner, "auditor"}) {
    EXPECT_EQ(Read(reader).notice().persons_max(), 20) << reader;
    EXPECT_EQ(Read(reader).mode(), v1::OPERATION_MODE_EXERCISE);
  }
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ABORTED));
  EXPECT_EQ(Reason("lead", PublishReadinessNotice()), v1::ERROR_REASON_WRONG_PHASE);
}

TEST_F(Victims, V2CapacityAndCountsAreToldToThePartnerAndToThoseWhoSeeThem) {
  world_.MustSubmit(kPartner, ReportCapacity(12));
  world_.MustSubmit(kPartner, ReportServiceCounts(11, 4));
  EXPECT_EQ(ToldOf(v1::Notice::kCapacity), (Agencies{"auditor", "lead", kPartner}));
  EXPECT_EQ(ToldOf(v1::Notice::kServices), (Agencies{"auditor", "ky-prosecutor", "lead", kPartner}));
  for (const auto& [agency_id, content] : std::map<std::string, std::pair<int, int>>{
           {"lead", {1, 1}}, {"auditor", {1, 1}}, {kPartner, {1, 1}}, {"ky-prosecutor", {0, 1}}, {"ky-ago", {0, 0}}}) {
    EXPECT_EQ(Read(agency_id).capacities_size(), content.first) << agency_id;
    EXPECT_EQ(Read(agency_id).services_size(), content.second) << agency_id;
  }
  world_.MustSubmit(kPartner, ReportServiceCounts(15, 4));
  ASSERT_EQ(Read("lead").services_size(), 1) << "a later report takes the place of the earlier";
  EXPECT_EQ(Read("lead").services(0).counts().offered(), 15);
}

TEST_F(Victims, V2OnePartnerHearsNothingOfAnother) {
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_VICTIM_SERVICES, {}));
  const std::string before = world_.FeedBytes("outsider");
  world_.MustSubmit(kPartner, ReportCapacity(12));
  world_.MustSubmit(kPartner, ReportServiceCounts(11, 4));
  const std::string ticket = Refer();
  world_.MustSubmit(kPartner, AnswerReferral(ticket, v1::REFERRAL_STATE_ACCEPTED));
  EXPECT_EQ(world_.FeedBytes("outsider"), before);
  const v1::GetVictimServicesResponse read = Read("outsider");
  EXPECT_EQ(read.capacities_size() + read.services_size() + read.referrals_size(), 0);
  EXPECT_EQ(read.referrals_requested() + read.referrals_accepted(), 0);
  const v1::Outcome of_another = world_.Submit("outsider", AnswerReferral(ticket, v1::REFERRAL_STATE_COMPLETED));
  const v1::Outcome of_none =
      world_.Submit("outsider", AnswerReferral(std::string(32, 'f'), v1::REFERRAL_STATE_COMPLETED));
  EXPECT_EQ(of_another.rejected().reason(), v1::ERROR_REASON_NOT_FOUND);
  EXPECT_EQ(of_another.rejected().SerializeAsString(), of_none.rejected().SerializeAsString());
}

TEST_F(Victims, V1AReferralIsKnownByARandomTicketToTheTwoAgenciesOnly) {
  const std::string ticket = Refer();
  EXPECT_TRUE(IsTicket(ticket)) << ticket;
  EXPECT_NE(Refer(), ticket);
  EXPECT_EQ(ToldOf(v1::Notice::kReferral), (Agencies{"ky-ago", kPartner}));
  for (const char* party : {"ky-ago", kPartner}) EXPECT_EQ(Read(party).referrals_size(), 2) << party;
  for (const char* other : {"lead", "auditor", "ky-prosecutor"}) {
    EXPECT_EQ(Read(other).referrals_size(), 0) << other;
    EXPECT_EQ(Read(other).referrals_requested(), 2) << other;
  }
  EXPECT_EQ(Read("nd-bci").referrals_requested(), 0);
  EXPECT_EQ(Reason("ky-ago", RequestReferral("nd-bci")), v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_EQ(Reason("ky-ago", RequestReferral("nobody")), v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(Victims, V1WithoutARandomNumberThereIsNoTicket) {
  v1::Event event;
  event.set_sequence(world_.state().sequence() + 1);
  *event.mutable_accepted_at() = ToProto(world_.clock().Now());
  event.set_rules_version(kRulesVersion);
  *event.mutable_principal() = PrincipalOf("ky-ago");
  *event.mutable_submission() = RequestReferral();
  event.mutable_submission()->set_submission_id(EntryId(77));
  EXPECT_EQ(world_.state().Apply(event).outcome.rejected().reason(), v1::ERROR_REASON_MALFORMED);
  EXPECT_THAT(world_.operation().victims().referrals(), IsEmpty());
}

TEST_F(Victims, AReferralTakesTheStepsOfItsLifeOnly) {
  using State = v1::ReferralState;
  const std::set<std::pair<State, State>> steps = {{v1::REFERRAL_STATE_REQUESTED, v1::REFERRAL_STATE_ACCEPTED},
                                                   {v1::REFERRAL_STATE_REQUESTED, v1::REFERRAL_STATE_DECLINED},
                                                   {v1::REFERRAL_STATE_ACCEPTED, v1::REFERRAL_STATE_COMPLETED}};
  const std::map<State, std::vector<State>> ways = {
      {v1::REFERRAL_STATE_REQUESTED, {}},
      {v1::REFERRAL_STATE_ACCEPTED, {v1::REFERRAL_STATE_ACCEPTED}},
      {v1::REFERRAL_STATE_DECLINED, {v1::REFERRAL_STATE_DECLINED}},
      {v1::REFERRAL_STATE_COMPLETED, {v1::REFERRAL_STATE_ACCEPTED, v1::REFERRAL_STATE_COMPLETED}}};
  for (const auto& [from, way] : ways) {
    for (const State to : {v1::REFERRAL_STATE_ACCEPTED, v1::REFERRAL_STATE_DECLINED, v1::REFERRAL_STATE_COMPLETED}) {
      const std::string ticket = Refer();
      for (const State step : way) world_.MustSubmit(kPartner, AnswerReferral(ticket, step));
      const v1::Outcome outcome = world_.Submit(kPartner, AnswerReferral(ticket, to));
      EXPECT_EQ(outcome.has_accepted(), from == to || steps.count({from, to}) == 1) << from << " to " << to;
      EXPECT_EQ(outcome.accepted().already_recorded(), from == to);
      EXPECT_EQ(world_.last_applied().notices.empty(), steps.count({from, to}) == 0) << from << " to " << to;
    }
  }
  EXPECT_EQ(Read("lead").referrals_requested(), 12);
  EXPECT_EQ(Read("lead").referrals_accepted(), 7);
}

TEST_F(Victims, V2WhoJoinsOrIsReinstatedIsToldTheCurrentNoticeAndWhatWaitsForIt) {
  world_.MustSubmit("lead", PublishReadinessNotice());
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_VICTIM_SERVICES, {"ky-1"}));
  const std::vector<FeedItem>& feed = world_.FeedOf("outsider");
  ASSERT_EQ(feed.size(), 2) << "its own record, and the notice";
  EXPECT_TRUE(feed[1].notice.has_readiness_notice());
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_VICTIM_SERVICES, {}));
  EXPECT_EQ(feed.size(), 2) << "it has it already";
  world_.MustSubmit(kRegistrar, SetStanding("outsider", v1::AGENCY_STANDING_SUSPENDED));
  world_.MustSubmit("lead", PublishReadinessNotice(30));
  world_.MustSubmit("ky-ago", RequestReferral("outsider"));
  EXPECT_EQ(feed.size(), 2);
  world_.MustSubmit(kRegistrar, SetStanding("outsider", v1::AGENCY_STANDING_ACTIVE));
  ASSERT_EQ(feed.size(), 5);
  EXPECT_TRUE(feed[2].notice.has_agency());
  EXPECT_EQ(feed[3].notice.readiness_notice().persons_max(), 30);
  EXPECT_EQ(feed[4].notice.referral().state(), v1::REFERRAL_STATE_REQUESTED);
}

TEST_F(Victims, V2APartnerThatIsRemovedIsNotToldWhyNorOfSites) {
  world_.MustSubmit("lead", SetParticipant(kPartner, v1::ROLE_VICTIM_SERVICES, {"ky-1"}));
  world_.MustSubmit("lead", RemoveParticipant(kPartner));
  const v1::Notice& told = world_.FeedOf(kPartner).back().notice;
  EXPECT_TRUE(told.participant().removed());
  EXPECT_EQ(told.participant().reason(), "");
  EXPECT_EQ(told.participant().participant().site_ids_size(), 0);
  EXPECT_EQ(world_.FeedOf("lead").back().notice.participant().reason(), "exercise");
  EXPECT_EQ(Reason(kPartner, ReportCapacity(1)), v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(Victims, V2AnswersOfAPartnerAreTakenInEveryPhaseWhichItIsNotTold) {
  const std::string ticket = Refer();
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ABORTED));
  const std::string accepted = world_.MustSubmit(kPartner, ReportCapacity(1)).accepted().SerializeAsString();
  EXPECT_EQ(accepted, v1::Accepted().SerializeAsString());
  world_.MustSubmit(kPartner, ReportServiceCounts(1, 1));
  world_.MustSubmit(kPartner, AnswerReferral(ticket, v1::REFERRAL_STATE_ACCEPTED));
}

TEST_F(Victims, TheDeskIsTheSameFromItsImage) {
  world_.MustSubmit("lead", PublishReadinessNotice());
  world_.MustSubmit(kPartner, ReportCapacity(12));
  world_.MustSubmit(kPartner, ReportServiceCounts(11, 4));
  world_.MustSubmit(kPartner, AnswerReferral(Refer(), v1::REFERRAL_STATE_DECLINED));
  Refer("lead");
  State restored;
  restored.FromImage(world_.state().ToImage());
  EXPECT_EQ(restored.Digest(), world_.state().Digest());
  EXPECT_EQ(restored.FindOperation(kTestOperation)->victims().referrals().size(), 2);
}

}  // namespace
}  // namespace muster
