#include "client/cli/invocation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/contexts.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::cli {
namespace {

void Override(std::string* setting, const std::string& flag) {
  if (!flag.empty()) *setting = flag;
}

absl::Status ApplyContext(const std::string& wanted, ConnectionOptions* options) {
  const std::string path = ContextsPath();
  MUSTER_ASSIGN_OR_RETURN(const config::v1::ClientContexts contexts, LoadContexts(path));
  const std::string& name = wanted.empty() ? contexts.current() : wanted;
  if (name.empty()) return absl::OkStatus();
  const config::v1::ClientContext* context = FindContext(contexts, name);
  if (context == nullptr) {
    return UsageError(absl::StrCat("there is no context \"", name, "\" in ", path, ": see `muster context list`"));
  }
  options->brokers = {context->brokers().begin(), context->brokers().end()};
  options->certificate_file = context->certificate_file();
  options->key_file = context->key_file();
  options->ca_file = context->ca_file();
  options->server_name = context->server_name();
  return absl::OkStatus();
}

}  // namespace

void Invocation::Choose(std::string command, Action action) {
  command_ = std::move(command);
  action_ = std::move(action);
}

absl::StatusOr<ConnectionOptions> Invocation::Options() const {
  ConnectionOptions options;
  MUSTER_RETURN_IF_ERROR(ApplyContext(flags_.context, &options));
  if (!flags_.brokers.empty()) options.brokers = flags_.brokers;
  Override(&options.certificate_file, flags_.certificate_file);
  Override(&options.key_file, flags_.key_file);
  Override(&options.ca_file, flags_.ca_file);
  Override(&options.server_name, flags_.server_name);
  if (!absl::ParseDuration(flags_.timeout, &options.deadline) || options.deadline <= absl::ZeroDuration()) {
    return UsageError(absl::StrCat("--timeout \"", flags_.timeout, "\" is not a duration such as 30s or 2m"));
  }
  const std::pair<const char*, bool> needed[] = {{"--broker", options.brokers.empty()},
                                                 {"--cert", options.certificate_file.empty()},
                                                 {"--key", options.key_file.empty()},
                                                 {"--ca", options.ca_file.empty()}};
  for (const auto& [flag, missing] : needed) {
    if (!missing) continue;
    return UsageError(absl::StrCat("it is not said which broker to use and as whom (", flag,
                                   " is missing): give the flags, or store them once with `muster context add`"));
  }
  return options;
}

absl::StatusOr<Client*> Invocation::client() {
  if (client_ == nullptr) {
    MUSTER_ASSIGN_OR_RETURN(ConnectionOptions options, Options());
    MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connect(std::move(options)));
    client_ = std::make_unique<Client>(std::move(connection));
  }
  return client_.get();
}

const std::string& Invocation::submission_id() {
  if (submission_id_used_.empty()) {
    submission_id_used_ = flags_.submission_id.empty() ? NewUuidV7(SystemClock()->Now()) : flags_.submission_id;
  }
  return submission_id_used_;
}

View Invocation::OutcomeView(const v1::Outcome& outcome, absl::string_view done,
                             std::vector<std::pair<std::string, std::string>> extras) {
  View view;
  view.object = &outcome;
  view.extras = std::move(extras);
  view.table.columns = {{"field"}, {"value"}};
  auto& rows = view.table.rows;
  rows.push_back({"decision", outcome.has_rejected() ? "rejected" : "accepted"});
  rows.push_back({"what", std::string(done)});
  for (const auto& [name, value] : view.extras) rows.push_back({name, value});
  if (outcome.accepted().plan_version() > 0) {
    rows.push_back({"plan_version", absl::StrCat(outcome.accepted().plan_version())});
    rows.push_back({"plan_content_sha256", outcome.accepted().plan_content_sha256()});
  }
  if (outcome.repeat()) rows.push_back({"repeat", "decided before; nothing was applied again"});
  if (outcome.accepted().already_recorded()) rows.push_back({"repeat", "the ledger held this entry already"});
  rows.push_back({"submission_id", outcome.submission_id()});
  rows.push_back({"decided_at", TimeText(outcome.decided_at())});
  rows.push_back({"cursor", CursorText(outcome.cursor())});
  return view;
}

void Invocation::PrintOutcome(const v1::Outcome& outcome, absl::string_view done,
                              std::vector<std::pair<std::string, std::string>> extras) {
  printer_.Print(OutcomeView(outcome, done, std::move(extras)));
}

void Invocation::BannerFor(const std::string& operation_id) {
  if (operation_id.empty() || client_ == nullptr) return;
  v1::GetOperationRequest request;
  request.set_operation_id(operation_id);
  const absl::StatusOr<v1::GetOperationResponse> response = client_->GetOperation(request);
  if (response.ok()) printer_.AllIsOf(response->operation().operation().mode());
}

}  // namespace muster::cli
