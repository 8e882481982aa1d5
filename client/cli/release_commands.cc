#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/release_view.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Draft(Invocation& invocation, v1::DraftRelease body, const std::string& file) {
  if (!file.empty()) {
    v1::DraftRelease from_file;
    from_file.set_operation_id(body.operation_id());
    MUSTER_RETURN_IF_ERROR(LoadBody(file, &from_file));
    from_file.MergeFrom(body);  // What flags say wins; cells are added.
    body = std::move(from_file);
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::DraftRelease));
  invocation.BannerFor(body.operation_id());
  View view = Invocation::OutcomeView(outcome, absl::StrCat("release ", body.release_id(), " is drafted"));
  for (const std::string& finding : outcome.accepted().release_findings()) {
    view.table.rows.push_back({"its check will refuse", finding});
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Approve(Invocation& invocation, const v1::ApproveRelease& body) {
  if (body.has_override() && (body.override().approver_name().empty() || body.override().reason().empty())) {
    return UsageError("--override-by and --override-reason go together: an override needs a name and a reason");
  }
  return Change(invocation, body, &Client::ApproveRelease, absl::StrCat("release ", body.release_id(), " is approved"));
}

absl::Status Preview(Invocation& invocation, const v1::PreviewReleaseRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::PreviewReleaseResponse response, client->PreviewRelease(request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(PreviewView(response));
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const v1::GetReleaseRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::GetReleaseResponse response, client->GetRelease(request));
  invocation.printer().Print(ReleaseView(response));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation, const v1::ListReleasesRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListReleasesResponse all, AllPages(*client, &Client::ListReleases, request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(ReleasesView(all));
  return absl::OkStatus();
}

// Declares --cell and --withhold.
template <typename Message>
void AddCells(CLI::App* verb, Message* message) {
  const auto cells = [verb](const std::string& flag, std::function<v1::ReleaseCellName*()> add,
                            const std::string& help) {
    AddParsed(
        verb, flag, Times::kList,
        [add = std::move(add)](const std::string& text) -> absl::Status {
          MUSTER_ASSIGN_OR_RETURN(*add(), ParseCellName(text));
          return absl::OkStatus();
        },
        help);
  };
  cells(
      "--cell", [message] { return message->add_cells(); },
      "A figure to publish: FIGURE for the whole operation, FIGURE:STATE for a state's");
  cells(
      "--withhold", [message] { return message->add_withheld(); },
      "One of them to show as withheld, so that no small count can be derived");
}

template <typename Message>
void AddReleaseId(CLI::App* verb, Message* message) {
  AddOperationId(verb, message->mutable_operation_id());
  AddText(verb, "RELEASE", message->mutable_release_id(), "The release's id, such as first-figures")->required();
}

void AddDraft(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::DraftRelease>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb =
      AddVerb(noun, invocation, "draft", "Draft a release, or draft it anew",
              {"release draft united-front-2021 first-figures --title \"First figures\" --cell arrests "
               "--cell persons --cell persons:KY --withhold persons:KY",
               "release draft united-front-2021 second-figures --file release.toml --corrects first-figures"},
              [&invocation, body, file] { return Draft(invocation, *body, *file); });
  AddReleaseId(verb, body.get());
  AddText(verb, "--title", body->mutable_title(), "Its title");
  AddText(verb, "--statement", body->mutable_statement(), "What is said with the figures");
  AddCells(verb, body.get());
  AddText(verb, "--corrects", body->mutable_corrects_release_id(), "The issued release that it takes the place of");
  AddText(verb, "--file", file.get(), "A v1.DraftRelease in TOML; flags add to what it says");
}

void AddSteps(CLI::App& noun, Invocation& invocation) {
  const auto check = std::make_shared<v1::CheckRelease>();
  CLI::App* verb = AddVerb(
      noun, invocation, "check", "Freeze the figures as they are now, and refuse what could be derived from them",
      {"release check united-front-2021 first-figures"}, [&invocation, check] {
        return Change(invocation, *check, &Client::CheckRelease,
                      absl::StrCat("release ", check->release_id(), " is checked; nothing hidden can be derived"));
      });
  AddReleaseId(verb, check.get());

  const auto approve = std::make_shared<v1::ApproveRelease>();
  verb = AddVerb(noun, invocation, "approve", "Approve a checked release, or override its check by name",
                 {"release approve united-front-2021 first-figures",
                  "release approve united-front-2021 first-figures --override-by \"AG Moe\" --override-reason \"the "
                  "families have agreed\""},
                 [&invocation, approve] { return Approve(invocation, *approve); });
  AddReleaseId(verb, approve.get());
  const auto override_text = [verb, approve](const std::string& flag, std::string* (v1::ReleaseOverride::*field)(),
                                             const std::string& help) {
    verb->add_option_function<std::string>(
        flag, [approve, field](const std::string& text) { *(approve->mutable_override()->*field)() = text; }, help);
  };
  override_text("--override-by", &v1::ReleaseOverride::mutable_approver_name,
                "Publish in spite of the findings: who answers for it; stays on the record");
  override_text("--override-reason", &v1::ReleaseOverride::mutable_reason, "Why");

  const auto issue = std::make_shared<v1::IssueRelease>();
  verb = AddVerb(noun, invocation, "issue", "Publish an approved release",
                 {"release issue united-front-2021 first-figures"}, [&invocation, issue] {
                   return Change(invocation, *issue, &Client::IssueRelease,
                                 absl::StrCat("release ", issue->release_id(), " is issued"));
                 });
  AddReleaseId(verb, issue.get());
}

void AddReads(CLI::App& noun, Invocation& invocation) {
  const auto preview = std::make_shared<v1::PreviewReleaseRequest>();
  CLI::App* verb = AddVerb(noun, invocation, "preview",
                           "Show what these figures would look like, what is wrong, and what to withhold",
                           {"release preview united-front-2021 --cell persons --cell persons:KY",
                            "release preview united-front-2021 --cell persons,adults,minors --withhold adults -o json"},
                           [&invocation, preview] { return Preview(invocation, *preview); });
  AddOperationId(verb, preview->mutable_operation_id());
  AddCells(verb, preview.get());

  const auto show = std::make_shared<v1::GetReleaseRequest>();
  verb = AddVerb(noun, invocation, "show", "Show a release", {"release show united-front-2021 first-figures"},
                 [&invocation, show] { return Show(invocation, *show); });
  AddReleaseId(verb, show.get());

  const auto list = std::make_shared<v1::ListReleasesRequest>();
  verb = AddVerb(noun, invocation, "list", "List the releases that you may see", {"release list united-front-2021"},
                 [&invocation, list] { return List(invocation, *list); });
  AddOperationId(verb, list->mutable_operation_id());
}

}  // namespace

void AddReleaseCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun =
      AddNoun(app, "release", "Figures for the public, checked so that nobody can be identified",
              {"release preview united-front-2021 --cell persons --cell persons:KY", "release list united-front-2021"});
  AddDraft(*noun, invocation);
  AddSteps(*noun, invocation);
  AddReads(*noun, invocation);
}

}  // namespace muster::cli
