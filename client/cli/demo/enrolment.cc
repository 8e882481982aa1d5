// The first steps of a replay: connections, the roster, the operation and who takes part in it.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/demo/replay.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::StatusOr<v1::Agency> ToAgency(const std::vector<std::string>& row) {
  v1::Agency agency;
  agency.set_agency_id(row[0]);
  v1::AgencyKind kind = v1::AGENCY_KIND_UNSPECIFIED;
  if (!v1::AgencyKind_Parse(absl::StrCat("AGENCY_KIND_", absl::AsciiStrToUpper(row[1])), &kind)) {
    return absl::InvalidArgumentError(
        absl::StrCat("agencies.csv: agency ", row[0], " has the unknown kind '", row[1], "'"));
  }
  agency.set_kind(kind);
  agency.set_state(row[2]);
  agency.set_name(row[3]);
  agency.set_may_lead(row[4] == "true");
  agency.set_registrar(row[5] == "true");
  agency.set_phone_24h(row[6]);
  return agency;
}

absl::Status RegisterAll(const std::map<std::string, v1::Agency>& agencies, Replay& replay) {
  for (const v1::Participant& participant : replay.scenario.participants) {
    const auto agency = agencies.find(participant.agency_id());
    if (agency == agencies.end()) {
      return absl::NotFoundError(
          absl::StrCat("agency ", participant.agency_id(),
                       " of participants.toml is not in agencies.csv, so it has no certificate"));
    }
    v1::RegisterAgency registration;
    *registration.mutable_agency() = agency->second;
    const absl::Status status = replay.lead().RegisterAgency(std::move(registration)).status();
    MUSTER_RETURN_IF_ERROR(While(absl::StrCat("registering ", participant.agency_id()), status));
    AgencyPost& post = replay.posts.at(participant.agency_id());
    post.feed = std::make_unique<AgencyFeed>(post.connection);
    replay.progress.Update(absl::StrCat("enrolled ", participant.agency_id(), ", ", agency->second.name()));
  }
  return absl::OkStatus();
}

// The registrar has seen each person receive the certificates; here each certificate says itself which key it has.
absl::Status RegisterOperators(Replay& replay) {
  for (const config::v1::ScenarioOperator& person : replay.scenario.operators) {
    v1::RegisterOperator registration;
    registration.set_agency_id(replay.scenario.lead());
    registration.mutable_person()->set_operator_id(person.operator_id());
    registration.mutable_person()->set_name(person.name());
    for (const std::string& post : person.posts()) {
      MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse self, replay.lead_post(post).WhoAmI());
      registration.mutable_person()->add_key_sha256s(self.principal().key_sha256());
    }
    const absl::Status status = replay.lead().RegisterOperator(std::move(registration)).status();
    MUSTER_RETURN_IF_ERROR(While(absl::StrCat("registering operator ", person.operator_id()), status));
    replay.progress.Say(absl::StrCat("registered ", person.name(), " with ", person.posts_size(),
                                     person.posts_size() == 1 ? " certificate" : " certificates"));
  }
  return absl::OkStatus();
}

absl::Status SetParticipants(Replay& replay) {
  for (const v1::Participant& participant : replay.scenario.participants) {
    if (participant.role() == v1::ROLE_LEAD) continue;  // Whoever creates the operation leads it.
    v1::SetParticipant change;
    change.set_operation_id(replay.scenario.operation_id());
    *change.mutable_participant() = participant;
    const absl::Status status = replay.lead().SetParticipant(std::move(change)).status();
    MUSTER_RETURN_IF_ERROR(While(absl::StrCat("setting participant ", participant.agency_id()), status));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status While(absl::string_view doing, const absl::Status& status) {
  if (status.ok()) return status;
  absl::Status with_context(status.code(), absl::StrCat(doing, ": ", status.message()));
  status.ForEachPayload(
      [&](absl::string_view type, const absl::Cord& payload) { with_context.SetPayload(type, payload); });
  return with_context;
}

std::string RefusalInWords(const absl::Status& status) {
  if (status.ok()) return "accepted";
  const v1::Rejected rejected = RejectedOf(status);
  const std::string reason(ReasonName(rejected.reason()));
  return rejected.rule().empty() ? reason : absl::StrCat(reason, " (rule ", rejected.rule(), ")");
}

absl::StatusOr<std::vector<v1::Delivery>> ReadFeed(const std::string& agency_id, Replay& replay) {
  AgencyPost& post = replay.posts.at(agency_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::GetFeedCursorResponse now, replay.client(agency_id).GetFeedCursor());
  absl::StatusOr<std::vector<v1::Delivery>> deliveries = post.feed->ReadUpTo(now.cursor(), kFeedTimeout);
  if (!deliveries.ok()) return While(absl::StrCat("reading the feed of ", agency_id), deliveries.status());
  return deliveries;
}

absl::StatusOr<std::map<std::string, v1::Agency>> LoadAgencies(const std::string& certificates) {
  MUSTER_ASSIGN_OR_RETURN(const auto rows, ReadCsvFile(absl::StrCat(certificates, "/agencies.csv")));
  const std::vector<std::string> header = {"agency_id", "kind",      "state",     "name",
                                           "may_lead",  "registrar", "phone_24h", "posts"};
  if (rows.empty() || rows[0] != header) return absl::InvalidArgumentError("agencies.csv: unexpected header");
  std::map<std::string, v1::Agency> agencies;
  for (size_t i = 1; i < rows.size(); ++i) {
    MUSTER_ASSIGN_OR_RETURN(v1::Agency agency, ToAgency(rows[i]));
    agencies[rows[i][0]] = std::move(agency);
  }
  return agencies;
}

absl::Status OpenPosts(const std::string& certificates, Replay& replay) {
  const auto connect = [&](const std::string& agency_id, absl::string_view post) {
    const std::string file = absl::StrCat(certificates, "/", agency_id, "/", post);
    ConnectionOptions options;
    options.brokers = replay.brokers;
    options.certificate_file = absl::StrCat(file, ".crt");
    options.key_file = absl::StrCat(file, ".key");
    options.ca_file = absl::StrCat(certificates, "/ca/ca.crt");
    // Long enough to sit out the broker's restart on a busy machine.
    options.deadline = absl::Seconds(90);
    return Connect(std::move(options));
  };
  for (const v1::Participant& participant : replay.scenario.participants) {
    AgencyPost& post = replay.posts[participant.agency_id()];
    MUSTER_ASSIGN_OR_RETURN(post.connection, connect(participant.agency_id(), "operator"));
    post.client = std::make_unique<Client>(post.connection);
  }
  for (const config::v1::ScenarioOperator& person : replay.scenario.operators) {
    for (const std::string& post : person.posts()) {
      MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, connect(replay.scenario.lead(), post));
      replay.lead_posts[post] = std::make_unique<Client>(std::move(connection));
    }
  }
  return absl::OkStatus();
}

absl::Status Enrol(const std::map<std::string, v1::Agency>& agencies, Replay& replay) {
  replay.progress.Step("Enrolling the agencies");
  MUSTER_RETURN_IF_ERROR(RegisterAll(agencies, replay));
  MUSTER_RETURN_IF_ERROR(RegisterOperators(replay));
  const v1::CreateOperation& creation = replay.scenario.creation;
  replay.progress.Step(absl::StrCat("Creating ", creation.operation().operation_id(), " with ", creation.sites_size(),
                                    " sites and ", replay.scenario.participants.size(), " participants"));
  MUSTER_RETURN_IF_ERROR(While("creating the operation", replay.lead().CreateOperation(creation).status()));
  return SetParticipants(replay);
}

absl::Status SetPhase(v1::OperationPhase phase, Replay& replay) {
  v1::SetOperationPhase change;
  change.set_operation_id(replay.scenario.operation_id());
  change.set_phase(phase);
  const std::string name = v1::OperationPhase_Name(phase).substr(sizeof("OPERATION_PHASE_") - 1);
  replay.progress.Step(absl::StrCat("Phase ", name));
  return While(absl::StrCat("going to phase ", name), replay.lead().SetOperationPhase(std::move(change)).status());
}

}  // namespace muster
