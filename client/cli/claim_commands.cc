#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/claim_view.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/cli/record_import.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Record(Invocation& invocation, v1::RecordClaim body) {
  v1::Claim* claim = body.mutable_claim();
  // Repeating a submission by hand must mean the same claim; so its id serves for both.
  if (claim->claim_id().empty()) claim->set_claim_id(invocation.submission_id());
  return Change(invocation, body, &Client::RecordClaim, absl::StrCat("claim of ", claim->value(), " is on record"),
                {{"claim_id", claim->claim_id()}});
}

absl::Status Reconcile(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::ReconcileRequest request;
  request.set_operation_id(operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::ReconcileResponse response, client->Reconcile(request));
  invocation.printer().Print(ReconciliationView(response));
  return absl::OkStatus();
}

RecordKind Claims() {
  return {"claim", [](v1::Submission* submission, const std::string& operation_id) {
            submission->mutable_record_claim()->set_operation_id(operation_id);
            return submission->mutable_record_claim()->mutable_claim();
          }};
}

void AddRecord(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::RecordClaim>();
  CLI::App* verb = AddVerb(
      noun, invocation, "record", "Put on record what others publish; it enters no figure",
      {"claim record united-front-2021 --figure persons --state KY --value 21 --source \"Kentucky Governor\" "
       "--published-at 2021-08-31T12:00:00Z",
       "claim record united-front-2021 --figure arrests --value 102 --source \"Missouri Attorney General\" --part "
       "arrest-buyer=60"},
      [&invocation, body] { return Record(invocation, *body); });
  v1::Claim* claim = body->mutable_claim();
  AddOperationId(verb, body->mutable_operation_id());
  AddEnum<v1::FigureKind>(
      verb, "--figure", [claim](v1::FigureKind figure) { claim->set_figure(figure); }, "What it counts")
      ->required();
  AddText(verb, "--state", claim->mutable_state(), "USPS abbreviation; the whole operation by default");
  AddNumber(
      verb, "--value", [claim](uint32_t value) { claim->set_value(value); }, "The figure")
      ->required();
  AddText(verb, "--source", claim->mutable_source(), "Who says so")->required();
  AddTime(
      verb, "--published-at", [claim] { return claim->mutable_published_at(); }, "When it was published");
  AddPairs(
      verb, "--part", [claim] { return claim->add_parts(); }, "The total by category, as CATEGORY=NUMBER");
  AddText(verb, "--note", claim->mutable_note(), "A note");
  AddText(verb, "--claim-id", claim->mutable_claim_id(), "The claim's id (a UUIDv7); made when missing");
}

}  // namespace

void AddClaimCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "claim", "Figures that others publish, and how far the ledger explains the difference",
                           {"claim reconcile united-front-2021"});
  AddRecord(*noun, invocation);
  const auto flags = std::make_shared<ImportFlags>();
  CLI::App* verb =
      AddVerb(*noun, invocation, "import", "Put many claims on record; importing a file again adds nothing",
              {"claim import united-front-2021 claims.csv"},
              [&invocation, flags] { return ImportRecords(invocation, *flags, Claims()); });
  AddImportFlags(verb, flags.get(), "JSON lines or CSV of v1.Claim, each with its claim_id; - for standard input");

  const auto id = std::make_shared<std::string>();
  verb = AddVerb(*noun, invocation, "reconcile", "Show every claim beside the ledger, and what explains the difference",
                 {"claim reconcile united-front-2021", "claim reconcile united-front-2021 -o csv"},
                 [&invocation, id] { return Reconcile(invocation, *id); });
  AddOperationId(verb, id.get());
}

}  // namespace muster::cli
