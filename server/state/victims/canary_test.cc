// Rule V2 from the outside: whatever anyone writes anywhere, none of it reaches a victim-services partner.
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/testing/test_messages.h"
#include "gtest/gtest.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Writes a canary of its own into every field of free text, set or not, at every depth that is there.
class Planter {
 public:
  explicit Planter(std::mt19937_64 random) : random_(random) {}

  v1::Submission Plant(v1::Submission submission) {
    PlantIn(&submission);
    return submission;
  }
  const std::vector<std::string>& canaries() const { return canaries_; }

 private:
  static bool IsFree(const FieldDescriptor& field) {
    return field.type() == FieldDescriptor::TYPE_STRING && field.name() != "submission_id" &&
           field.options().GetExtension(v1::rules).format() == v1::FORMAT_UNSPECIFIED;
  }

  void PlantIn(Message* message) {
    const auto& reflection = *message->GetReflection();
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message->GetDescriptor()->field(i);
      if (IsFree(field)) {
        canaries_.push_back(absl::StrFormat("canary%016x", random_()));
        if (field.is_repeated()) {
          reflection.AddString(message, &field, canaries_.back());
        } else {
          reflection.SetString(message, &field, canaries_.back());
        }
      }
      if (field.message_type() == nullptr) continue;
      const int items = field.is_repeated() ? reflection.FieldSize(*message, &field) : 0;
      for (int item = 0; item < items; ++item) PlantIn(reflection.MutableRepeatedMessage(message, &field, item));
      if (!field.is_repeated() && reflection.HasField(*message, &field)) {
        PlantIn(reflection.MutableMessage(message, &field));
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> canaries_;
};

v1::Submission AboutOperation(v1::Submission submission, const std::string& agency_id, const std::string& site_id) {
  for (const StringPlace& place : StringsOf(&submission)) {
    const std::string& name = place.field->name();
    if (name == "operation_id" && !submission.has_create_operation()) place.set(kTestOperation);
    if (name == "site_id" && !submission.has_add_site()) place.set(site_id);
    if (name == "primary_agency_id") place.set(agency_id);
  }
  return submission;
}

// Every body that is not of victim services, by everyone but the partner, right in itself; what the rules refuse for
// want of the right moment is refused. Then some that are known to be accepted.
void LetEveryoneWriteEverything(World* world, Planter* planter) {
  const std::vector<std::pair<std::string, std::string>> actors = {
      {"lead", "mo-1"}, {"ky-ago", "ky-1"}, {"nd-bci", "nd-1"}, {"watch-desk", "ky-1"}, {"public-info", "ky-1"}};
  world->MustSubmit("lead", planter->Plant(AddSite(MakeSite("mo-2", "MO"))));
  uint64_t entries = 0;
  for (const auto& [agency_id, site_id] : actors) {
    const bool is_participant = agency_id == "lead" || agency_id == "ky-ago" || agency_id == "nd-bci";
    if (agency_id != "lead" && is_participant) {
      v1::Submission objection = planter->Plant(AcknowledgePlan(world->PlanOf(agency_id), "x"));
      objection.mutable_acknowledge_plan()->set_content_sha256(world->PlanOf(agency_id).content_sha256());
      world->MustSubmit(agency_id, objection);
    }
    if (is_participant) {
      const std::string entry_id = EntryId(++entries);
      world->MustSubmit(
          agency_id,
          planter->Plant(RecordTally(MakeEntry(entry_id, agency_id, site_id, v1::TALLY_CATEGORY_ARREST_BUYER, 1))));
      world->MustSubmit(agency_id, planter->Plant(CorrectTally(entry_id, {})));
    }
    for (const v1::Submission& valid : ValidSubmissionOfEveryBody()) {
      const bool ends_it = valid.has_set_operation_phase() || valid.has_withdraw_plan();
      if (ends_it || valid.has_publish_readiness_notice()) continue;
      v1::Submission submission = planter->Plant(AboutOperation(valid, agency_id, site_id));
      submission.clear_outbox_number();
      submission.clear_submission_id();
      world->Submit(agency_id, submission);
    }
  }
  world->MustSubmit("lead", planter->Plant(AmendPlan(world->PlanOf("lead").version(), v1::SECTION_CHANGE_MATERIAL,
                                                     {MakeSection("secret", "x", {v1::ROLE_PARTICIPANT})})));
  world->MustSubmit(kRegistrar, planter->Plant(RegisterAgency("outsider", "KY")));
  world->MustSubmit(kRegistrar, planter->Plant(RevokeCertificate("outsider", std::string(64, 'b'))));
  world->MustSubmit("lead", planter->Plant(RemoveParticipant("nd-bci")));
  world->MustSubmit("lead", planter->Plant(SetPhase(v1::OPERATION_PHASE_ABORTED)));
}

// Every answer to every read, and every refusal, of every operation and agency there is.
std::string EverythingReadBy(const World& world, absl::string_view agency_id) {
  std::string all = world.FeedBytes(agency_id);
  for (const auto& [rpc, query] : Queries().queries()) {
    for (const char* about : {"lead", "ky-ago", kPartner, ""}) {
      for (const char* object : {"plan", "plan/situation", "plan/secret", "site/ky-1", ""}) {
        std::unique_ptr<Message> request(query.request->New());
        std::unique_ptr<Message> response(query.response->New());
        FillValid(request.get());
        for (const StringPlace& place : StringsOf(request.get())) {
          const std::string& name = place.field->name();
          if (name == "operation_id") place.set(kTestOperation);
          if (name == "agency_id") place.set(about);
          if (name == "object") place.set(object);
          if (name == "page_token") place.set("");
        }
        if (const FieldDescriptor* read = request->GetDescriptor()->FindFieldByName("read"); read != nullptr) {
          request->GetReflection()->ClearField(request.get(), read);
        }
        const absl::Status status =
            AskAs(world, agency_id, rpc.substr(absl::string_view("muster.v1.").size()), *request, response.get());
        absl::StrAppend(&all, status.ToString(), response->SerializeAsString(), "\n");
      }
    }
  }
  return all;
}

size_t CanariesIn(const std::string& text, const Planter& planter) {
  size_t found = 0;
  for (const std::string& canary : planter.canaries()) found += text.find(canary) != std::string::npos;
  return found;
}

TEST(Canary, V2NothingThatAnyoneWritesReachesAPartner) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", PublishReadinessNotice());
  const std::string feed = world.FeedBytes(kPartner);
  Planter planter(SeededRandom());
  LetEveryoneWriteEverything(&world, &planter);
  EXPECT_GT(planter.canaries().size(), 200);
  EXPECT_GT(CanariesIn(EverythingReadBy(world, "lead"), planter), 5) << "the lead does hear of what is written";
  EXPECT_GT(CanariesIn(EverythingReadBy(world, "ky-ago"), planter), 2);
  EXPECT_EQ(world.FeedBytes(kPartner), feed) << "not even that something happened";
  EXPECT_EQ(CanariesIn(EverythingReadBy(world, kPartner), planter), 0);

  std::string refusals;
  for (v1::Submission submission : ValidSubmissionOfEveryBody()) {
    submission = AboutOperation(std::move(submission), kPartner, "ky-1");
    submission.clear_submission_id();
    submission.clear_outbox_number();
    absl::StrAppend(&refusals, world.Submit(kPartner, submission).SerializeAsString());
  }
  EXPECT_EQ(CanariesIn(refusals, planter), 0);
}

TEST(Canary, V2AReferralCarriesNothingButItself) {
  World world;
  SetUpOperation(&world);
  Planter planter(SeededRandom());
  LetEveryoneWriteEverything(&world, &planter);
  v1::Submission request = planter.Plant(RequestReferral());
  world.MustSubmit("ky-ago", request);
  world.MustSubmit(kPartner,
                   AnswerReferral(world.operation().victims().referrals().begin()->first, v1::REFERRAL_STATE_ACCEPTED));
  EXPECT_EQ(CanariesIn(EverythingReadBy(world, kPartner), planter), 0);
}

}  // namespace
}  // namespace muster
