#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/record_import.h"
#include "client/cli/text.h"
#include "client/cli/totals_view.h"
#include "client/lib/all_pages.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/toml.h"
#include "common/uuid.h"

namespace muster::cli {
namespace {

// What a correction changes in the entry that it replaces; unset fields keep their value.
struct Replacement {
  std::optional<uint32_t> count;
  std::optional<v1::TallyCategory> category;
  std::optional<v1::TallyStatus> status;
  std::optional<google::protobuf::Timestamp> occurred_at;

  bool any() const { return count || category || status || occurred_at; }
};

absl::Status Record(Invocation& invocation, v1::RecordTally body) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::TallyEntry* entry = body.mutable_entry();
  if (entry->entry_id().empty()) {
    // Repeating a submission by hand must mean the same entry; so its id serves for both.
    entry->set_entry_id(invocation.submission_id());
  }
  if (entry->primary_agency_id().empty()) {
    MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->WhoAmI());
    entry->set_primary_agency_id(who.principal().agency_id());
  }
  return Change(invocation, body, &Client::RecordTally,
                absl::StrCat(entry->count(), " ", Label(entry->category()), " recorded"),
                {{"entry_id", entry->entry_id()}});
}

absl::StatusOr<v1::ListTallyEntriesResponse> ReadEntries(Client& client, const std::string& operation_id) {
  v1::ListTallyEntriesRequest request;
  request.set_operation_id(operation_id);
  return AllPages(client, &Client::ListTallyEntries, std::move(request));
}

// The entry as the ledger holds it, with the changes, under a new id.
absl::StatusOr<v1::TallyEntry> Replace(Client& client, const v1::CorrectTally& body, const Replacement& changes) {
  MUSTER_ASSIGN_OR_RETURN(const v1::ListTallyEntriesResponse all, ReadEntries(client, body.operation_id()));
  for (const v1::TallyEntryRecord& record : all.entries()) {
    if (record.entry().entry_id() != body.entry_id()) continue;
    v1::TallyEntry entry = record.entry();
    entry.set_entry_id(NewUuidV7(SystemClock()->Now()));
    if (changes.count) entry.set_count(*changes.count);
    if (changes.category) entry.set_category(*changes.category);
    if (changes.status) entry.set_status(*changes.status);
    if (changes.occurred_at) *entry.mutable_occurred_at() = *changes.occurred_at;
    return entry;
  }
  return absl::NotFoundError(absl::StrCat(
      "no entry ", body.entry_id(), " among those you may see; see `muster tally list ", body.operation_id(), "`"));
}

absl::Status Correct(Invocation& invocation, v1::CorrectTally body, const Replacement& changes,
                     const std::string& file) {
  if (!file.empty() && changes.any()) return UsageError("give either --file or the changes as flags");
  if (!file.empty()) {
    v1::CorrectTally from_file;
    MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, &from_file));
    *body.mutable_replacements() = from_file.replacements();
  }
  if (changes.any()) {
    MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
    MUSTER_ASSIGN_OR_RETURN(*body.add_replacements(), Replace(*client, body, changes));
  }
  return Change(invocation, body, &Client::CorrectTally,
                absl::StrCat("entry ", body.entry_id(), " is reversed, ", body.replacements_size(), " in its place"));
}

absl::Status Totals(Invocation& invocation, const v1::GetTotalsRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::GetTotalsResponse response, client->GetTotals(request));
  invocation.printer().Print(TotalsView(response));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListTallyEntriesResponse all, ReadEntries(*client, operation_id));
  invocation.BannerFor(operation_id);
  invocation.printer().Print(EntriesView(all));
  return absl::OkStatus();
}

absl::Status Explain(Invocation& invocation, const v1::ExplainTallyRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ExplainTallyResponse response, client->ExplainTally(request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(ExplanationView(request.figure(), response));
  return absl::OkStatus();
}

void AddRecord(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::RecordTally>();
  v1::TallyEntry* entry = body->mutable_entry();
  entry->set_status(v1::TALLY_STATUS_CONFIRMED);
  CLI::App* verb =
      AddVerb(noun, invocation, "record",
              "Report one count; a count of 0 says \"none\", which is not the same as saying nothing",
              {"tally record united-front-2021 --site ky-louisville --category arrest-buyer --count 4 "
               "--occurred-at 2021-08-26T23:10:00Z --source \"booking log\"",
               "tally record united-front-2021 --site ky-louisville --category person-recovered-minor --count 0"},
              [&invocation, body] { return Record(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "--site", entry->mutable_site_id(), "Where")->required();
  AddEnum<v1::TallyCategory>(
      verb, "--category", [entry](v1::TallyCategory category) { entry->set_category(category); }, "What")
      ->required();
  verb->add_option_function<uint32_t>(
          "--count", [entry](uint32_t count) { entry->set_count(count); }, "How many")
      ->required();
  AddText(verb, "--primary", entry->mutable_primary_agency_id(), "The agency that books; yours by default");
  AddTexts(verb, "--assisting", entry->mutable_assisting_agency_ids(), "Agencies that assisted, with commas");
  AddTime(
      verb, "--occurred-at", [entry] { return entry->mutable_occurred_at(); }, "When; decides about the window");
  AddEnum<v1::TallyStatus>(
      verb, "--status", [entry](v1::TallyStatus status) { entry->set_status(status); }, "How sure (default confirmed)");
  AddText(verb, "--source", entry->mutable_source(), "Where the figure comes from");
  verb->add_option_function<int64_t>(
      "--amount-cents", [entry](int64_t cents) { entry->set_amount_cents(cents); }, "Seized currency, in cents");
  AddTexts(verb, "--contained-in", entry->mutable_contained_in_entry_ids(),
           "Entries of yours that contain these persons already");
  AddText(verb, "--note", entry->mutable_note(), "A note; no names and nothing that marks a person");
  AddText(verb, "--entry-id", entry->mutable_entry_id(), "The entry's id (a UUIDv7); made when missing");
}

void AddCorrect(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::CorrectTally>();
  const auto changes = std::make_shared<Replacement>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb =
      AddVerb(noun, invocation, "correct", "Reverse an entry and put others, or none, in its place",
              {"tally correct united-front-2021 0197f3e0-... --count 9 --reason \"three more were booked\"",
               "tally correct united-front-2021 0197f3e0-... --reason \"filed by mistake\"",
               "tally correct united-front-2021 0197f3e0-... --file split.toml --reason \"ages known now\""},
              [&invocation, body, changes, file] { return Correct(invocation, *body, *changes, *file); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "ENTRY", body->mutable_entry_id(), "The entry's id")->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
  verb->add_option_function<uint32_t>(
      "--count", [changes](uint32_t count) { changes->count = count; }, "Replace it by the same with this count");
  AddEnum<v1::TallyCategory>(
      verb, "--category", [changes](v1::TallyCategory category) { changes->category = category; },
      "Replace it by the same in this category");
  AddEnum<v1::TallyStatus>(
      verb, "--status", [changes](v1::TallyStatus status) { changes->status = status; },
      "Replace it by the same with this status");
  AddTime(
      verb, "--occurred-at", [changes] { return &changes->occurred_at.emplace(); },
      "Replace it by the same at this time");
  AddText(verb, "--file", file.get(), "The replacements as a v1.CorrectTally in TOML");
}

absl::Status Duplicates(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::ListSuspectedDuplicatesRequest request;
  request.set_operation_id(operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::ListSuspectedDuplicatesResponse response, client->ListSuspectedDuplicates(request));
  invocation.printer().Print(DuplicatesView(response));
  return absl::OkStatus();
}

void AddDuplicates(CLI::App& noun, Invocation& invocation) {
  const auto id = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, "duplicates", "List the pairs of entries that may be the same arrest",
                           {"tally duplicates united-front-2021", "tally duplicates united-front-2021 -o csv"},
                           [&invocation, id] { return Duplicates(invocation, *id); });
  AddOperationId(verb, id.get());

  const auto body = std::make_shared<v1::ResolveDuplicate>();
  verb = AddVerb(
      noun, invocation, "resolve-duplicate",
      "Decide such a pair: merged keeps ENTRY and reverses OTHER, distinct keeps both",
      {"tally resolve-duplicate united-front-2021 0197f3e0-... 0197f3e1-... --decision merged --reason \"one booking\"",
       "tally resolve-duplicate united-front-2021 0197f3e0-... 0197f3e1-... --decision distinct --reason \"two "
       "bookings\""},
      [&invocation, body] {
        return Change(invocation, *body, &Client::ResolveDuplicate,
                      absl::StrCat("the pair is ", Label(body->decision())));
      });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "ENTRY", body->mutable_entry_id(), "The entry that stays")->required();
  AddText(verb, "OTHER", body->mutable_other_entry_id(), "The other")->required();
  AddEnum<v1::DuplicateDecision>(
      verb, "--decision", [body](v1::DuplicateDecision decision) { body->set_decision(decision); }, "What they are")
      ->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
}

template <typename Request>
void AddDefinition(CLI::App* verb, const std::shared_ptr<Request>& request) {
  AddEnum<v1::CountingDefinition>(
      verb, "--definition", [request](v1::CountingDefinition definition) { request->set_definition(definition); },
      "How overlapping counts are added (default lead)");
  AddTime(
      verb, "--as-of", [request] { return request->mutable_as_of(); }, "Only what had been reported by then");
}

void AddReads(CLI::App& noun, Invocation& invocation) {
  const auto totals = std::make_shared<v1::GetTotalsRequest>();
  totals->set_definition(v1::COUNTING_DEFINITION_LEAD);
  CLI::App* verb = AddVerb(noun, invocation, "totals", "Show the figures, and which states have reported",
                           {"tally totals united-front-2021", "tally totals united-front-2021 --definition source",
                            "tally totals united-front-2021 --as-of 2021-08-31T00:00:00Z -o json"},
                           [&invocation, totals] { return Totals(invocation, *totals); });
  AddOperationId(verb, totals->mutable_operation_id());
  AddDefinition(verb, totals);

  const auto id = std::make_shared<std::string>();
  verb = AddVerb(noun, invocation, "list", "List the entries, reversed ones included",
                 {"tally list united-front-2021", "tally list united-front-2021 -o jsonl"},
                 [&invocation, id] { return List(invocation, *id); });
  AddOperationId(verb, id.get());

  const auto explain = std::make_shared<v1::ExplainTallyRequest>();
  explain->set_definition(v1::COUNTING_DEFINITION_LEAD);
  verb = AddVerb(noun, invocation, "explain", "Trace a figure to its entries: what counts, what does not, and why",
                 {"tally explain united-front-2021 persons", "tally explain united-front-2021 arrests -o csv"},
                 [&invocation, explain] { return Explain(invocation, *explain); });
  AddOperationId(verb, explain->mutable_operation_id());
  AddEnum<v1::FigureKind>(
      verb, "FIGURE", [explain](v1::FigureKind figure) { explain->set_figure(figure); }, "The figure")
      ->required();
  AddDefinition(verb, explain);
}

RecordKind TallyEntries() {
  return {"tally entry", [](v1::Submission* submission, const std::string& operation_id) {
            submission->mutable_record_tally()->set_operation_id(operation_id);
            return submission->mutable_record_tally()->mutable_entry();
          }};
}

void AddImport(CLI::App& noun, Invocation& invocation) {
  const auto flags = std::make_shared<ImportFlags>();
  CLI::App* verb = AddVerb(
      noun, invocation, "import", "Report many counts from a file; importing it again counts nothing twice",
      {"tally import united-front-2021 entries.jsonl", "tally import united-front-2021 - --format csv < bookings.csv"},
      [&invocation, flags] { return ImportRecords(invocation, *flags, TallyEntries()); });
  AddImportFlags(verb, flags.get(), "JSON lines or CSV of v1.TallyEntry, each with its entry_id; - for standard input");
}

}  // namespace

void AddTallyCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "tally", "Counts: reported, corrected, added up, and traced",
                           {"tally totals united-front-2021", "tally explain united-front-2021 persons"});
  AddRecord(*noun, invocation);
  AddCorrect(*noun, invocation);
  AddReads(*noun, invocation);
  AddDuplicates(*noun, invocation);
  AddImport(*noun, invocation);
}

}  // namespace muster::cli
