#include "client/cli/invocation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/contexts.h"
#include "client/cli/daemon_socket.h"
#include "client/cli/exit_code.h"
#include "client/cli/outbox_view.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::cli {
namespace {

bool HasTlsFlags(const GlobalFlags& flags) {
  return !(flags.certificate_file.empty() && flags.key_file.empty() && flags.ca_file.empty() &&
           flags.server_name.empty());
}

bool IsDaemon(const ConnectionOptions& options) {
  return !options.brokers.empty() && muster::IsDaemon(options.brokers[0]);
}

absl::Status CheckComplete(const ConnectionOptions& options) {
  const std::pair<const char*, bool> needed[] = {{"--broker", options.brokers.empty()},
                                                 {"--cert", options.certificate_file.empty()},
                                                 {"--key", options.key_file.empty()},
                                                 {"--ca", options.ca_file.empty()}};
  for (const auto& [flag, missing] : needed) {
    if (!missing) continue;
    return UsageError(absl::StrCat("it is not said which broker to use and as whom (", flag,
                                   " is missing): give the flags, store them once with `muster context add`, or start "
                                   "muster-agent on this machine"));
  }
  return absl::OkStatus();
}

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
  if (!flags_.brokers.empty() && !flags_.agent.empty()) {
    return UsageError("--agent and --broker exclude each other: the daemon knows its brokers");
  }
  if (!flags_.brokers.empty()) options.brokers = flags_.brokers;
  if (!flags_.agent.empty()) options.brokers = {DaemonAddress(flags_.agent)};
  if (options.brokers.empty() && !HasTlsFlags(flags_) && CanOpenSocket(DefaultDaemonSocket())) {
    options.brokers = {DaemonAddress(DefaultDaemonSocket())};
  }
  options.deadline = default_deadline_;
  const bool parsed = flags_.timeout.empty() || absl::ParseDuration(flags_.timeout, &options.deadline);
  if (!parsed || options.deadline <= absl::ZeroDuration()) {
    return UsageError(absl::StrCat("--timeout \"", flags_.timeout, "\" is not a duration such as 30s or 2m"));
  }
  if (IsDaemon(options)) {
    if (HasTlsFlags(flags_)) {
      return UsageError(
          "the daemon has a certificate of its own, and speaks as its agency: leave out --cert, --key, "
          "--ca and --server-name, or name a broker with --broker");
    }
    options.certificate_file = options.key_file = options.ca_file = options.server_name = "";
    // There is nowhere else to try, and the daemon waits for its broker.
    options.attempt_deadline = options.deadline;
    return options;
  }
  Override(&options.certificate_file, flags_.certificate_file);
  Override(&options.key_file, flags_.key_file);
  Override(&options.ca_file, flags_.ca_file);
  Override(&options.server_name, flags_.server_name);
  MUSTER_RETURN_IF_ERROR(CheckComplete(options));
  return options;
}

void Invocation::UseConnection(std::shared_ptr<Connection> connection) {
  agent_ = std::make_unique<AgentClient>(connection);
  client_ = std::make_unique<Client>(std::move(connection));
  connection_given_ = true;
}

bool Invocation::names_nothing() const {
  ConnectionOptions options;
  return flags_.agent.empty() && flags_.brokers.empty() && !HasTlsFlags(flags_) &&
         ApplyContext(flags_.context, &options).ok() && options.brokers.empty();
}

absl::StatusOr<Client*> Invocation::client() {
  if (client_ == nullptr) {
    MUSTER_ASSIGN_OR_RETURN(ConnectionOptions options, Options());
    if (IsDaemon(options)) MUSTER_RETURN_IF_ERROR(ProbeDaemon(options.brokers[0]));
    options.on_copy = [this](const Freshness& copy) { printer_.age().Note(copy); };
    MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connect(std::move(options)));
    agent_ = std::make_unique<AgentClient>(connection);
    client_ = std::make_unique<Client>(std::move(connection));
  }
  return client_.get();
}

absl::StatusOr<AgentClient*> Invocation::agent() {
  MUSTER_ASSIGN_OR_RETURN(Client * client, this->client());
  if (!IsDaemon(client->connection()->options())) {
    return UsageError(absl::StrCat("this is for the command post's daemon, and ",
                                   absl::StrJoin(client->connection()->options().brokers, ", "),
                                   " is a broker: name the daemon's socket with --agent, or use its context"));
  }
  return agent_.get();
}

absl::StatusOr<std::optional<absl::Duration>> Invocation::Patience() const {
  if (flags_.wait.empty()) return std::nullopt;
  if (flags_.wait == kWaitForEver) return absl::InfiniteDuration();
  absl::Duration patience;
  if (!absl::ParseDuration(flags_.wait, &patience) || patience < absl::ZeroDuration()) {
    return UsageError(absl::StrCat("--wait=", flags_.wait, " is not a length of time such as 90s, 15m or 2h"));
  }
  return patience;
}

absl::StatusOr<agent::v1::OutboxItem> Invocation::AwaitItem(agent::v1::OutboxItem item) {
  if (item.state() != agent::v1::DELIVERY_STATE_SAVED_HERE) return item;
  MUSTER_ASSIGN_OR_RETURN(const std::vector<agent::v1::OutboxItem> now, AwaitItems({item.number()}));
  if (now[0].state() == agent::v1::DELIVERY_STATE_SAVED_HERE) return item;
  return now[0];
}

absl::StatusOr<std::vector<agent::v1::OutboxItem>> Invocation::AwaitItems(const std::vector<uint64_t>& numbers) {
  std::vector<agent::v1::OutboxItem> items(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    items[i].set_number(numbers[i]);
    items[i].set_state(agent::v1::DELIVERY_STATE_SAVED_HERE);
  }
  MUSTER_ASSIGN_OR_RETURN(const std::optional<absl::Duration> patience, Patience());
  if (!patience.has_value() || items.empty()) return items;
  const Deadline deadline(*patience);
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, this->agent());
  std::unique_ptr<AgentClient> brief;
  if (!connection_given_) {  // A call must not outlast what there is of patience.
    MUSTER_ASSIGN_OR_RETURN(ConnectionOptions options, Options());
    options.deadline = std::min(options.deadline, std::max(*patience, absl::Seconds(1)));
    options.attempt_deadline = options.deadline;
    MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connect(std::move(options)));
    brief = std::make_unique<AgentClient>(std::move(connection));
    agent = brief.get();
  }
  printer_.Progress(absl::StrCat("saved here (outbox number ", numbers.front(),
                                 numbers.size() > 1 ? absl::StrCat(" to ", numbers.back()) : "",
                                 "); waiting for the broker's decision"));
  for (agent::v1::OutboxItem& item : items) {
    agent::v1::OutboxItemName name;
    name.set_number(item.number());
    absl::StatusOr<agent::v1::OutboxItem> now = agent->Await(name, deadline.left());
    if (absl::IsDeadlineExceeded(now.status())) {  // Those after it are decided after it.
      printer_.Progress("no decision in that time; what is saved here stays in the outbox and will be sent");
      break;
    }
    MUSTER_ASSIGN_OR_RETURN(item, std::move(now));
  }
  return items;
}

absl::StatusOr<v1::Outcome> Invocation::Settle(v1::Outcome outcome) {
  if (!outcome.has_saved_here()) return outcome;
  agent::v1::OutboxItem item;
  item.set_number(outcome.saved_here().outbox_number());
  item.set_state(agent::v1::DELIVERY_STATE_SAVED_HERE);
  MUSTER_ASSIGN_OR_RETURN(item, AwaitItem(std::move(item)));
  if (item.state() == agent::v1::DELIVERY_STATE_SAVED_HERE) {
    set_verdict(kQueued);
    return outcome;
  }
  MUSTER_RETURN_IF_ERROR(WhyNotAccepted(item));
  return std::move(*item.mutable_outcome());
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
  const std::string decision = DecisionText(outcome);
  rows.push_back({"decision", decision});
  if (outcome.has_saved_here()) {
    rows.push_back({"what", absl::StrCat(SavedHereText(outcome.saved_here()), "; no broker has decided it yet")});
    rows.push_back({"once accepted", std::string(done)});
    rows.push_back({"next", absl::StrCat("muster outbox show ", outcome.saved_here().outbox_number())});
  } else {
    rows.push_back({"what", std::string(done)});
  }
  for (const auto& [name, value] : view.extras) rows.push_back({name, value});
  if (outcome.accepted().plan_version() > 0) {
    rows.push_back({"plan_version", absl::StrCat(outcome.accepted().plan_version())});
    rows.push_back({"plan_content_sha256", outcome.accepted().plan_content_sha256()});
  }
  if (outcome.repeat()) rows.push_back({"repeat", "decided before; nothing was applied again"});
  if (outcome.accepted().already_recorded()) rows.push_back({"repeat", "the ledger held this entry already"});
  rows.push_back({"submission_id", outcome.submission_id()});
  if (outcome.has_saved_here()) {
    rows.push_back({"saved_at", TimeText(outcome.saved_here().saved_at())});
  } else {
    rows.push_back({"decided_at", TimeText(outcome.decided_at())});
    rows.push_back({"cursor", CursorText(outcome.cursor())});
  }
  view.extras.emplace_back("decision", decision);
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
  // The mode of an operation never changes: a copy of it makes nothing that is shown older than it is.
  const std::optional<Freshness> age = printer_.age().Take();
  const absl::StatusOr<v1::GetOperationResponse> response = client_->GetOperation(request);
  printer_.age().Take();
  if (age.has_value()) printer_.age().Note(*age);
  if (response.ok()) printer_.AllIsOf(response->operation().operation().mode());
}

}  // namespace muster::cli
