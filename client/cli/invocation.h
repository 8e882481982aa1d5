// One run of muster: the flags that every command shares, and what a command works with.
#ifndef MUSTER_CLIENT_CLI_INVOCATION_H_
#define MUSTER_CLIENT_CLI_INVOCATION_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/exit_code.h"
#include "client/cli/printer.h"
#include "client/lib/agent_client.h"
#include "client/lib/client.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/outcome.pb.h"

namespace muster::cli {

struct GlobalFlags {
  std::string context;
  // The socket of the daemon on this machine.
  std::string agent;
  std::vector<std::string> brokers;
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  std::string server_name;
  // Empty: the default.
  std::string timeout;
  std::string submission_id;
  // How long to wait for the decision on what is saved here: empty, kWaitForEver or a duration.
  std::string wait;
};

inline constexpr char kWaitForEver[] = "until decided";

// Commands bind an action while the flags are declared; after parsing, the chosen action runs. One thread.
class Invocation {
 public:
  using Action = std::function<absl::Status()>;

  // Neither stream is owned.
  Invocation(std::ostream* out, std::ostream* err) : printer_(out, err) {}

  GlobalFlags& flags() { return flags_; }
  Printer& printer() { return printer_; }

  // Called by the parser when a command was recognised.
  void Choose(std::string command, Action action);
  const std::string& command() const { return command_; }
  absl::Status Run() { return action_ ? action_() : absl::OkStatus(); }

  // Where to connect and as whom: the context's settings, overridden by flags; without any, the daemon of this machine
  // if there is one.
  absl::StatusOr<ConnectionOptions> Options() const;
  // How long a call may take without --timeout.
  void set_default_deadline(absl::Duration deadline) { default_deadline_ = deadline; }
  // The client for them; made on the first call. UNAVAILABLE at once when the daemon does not run.
  absl::StatusOr<Client*> client();
  // The client for what only a daemon answers. A usage error when the flags or the context name a broker.
  absl::StatusOr<AgentClient*> agent();
  // Talk over this instead of what the flags say.
  void UseConnection(std::shared_ptr<Connection> connection);

  bool uses_given_connection() const { return connection_given_; }
  // Whether neither flags nor a context say whom to talk to.
  bool names_nothing() const;

  // --wait: nothing when it was not given. A usage error when it is no length of time.
  absl::StatusOr<std::optional<absl::Duration>> Patience() const;
  // What a command does with every outcome. One that is saved_here makes the verdict kQueued, or is waited for with
  // --wait: then it comes back decided, or as the error that a rejected one is, or as it is when time ran out.
  absl::StatusOr<v1::Outcome> Settle(v1::Outcome outcome);
  // Waits for an item of the outbox as --wait says; the item as it is then. `item` itself without --wait.
  absl::StatusOr<agent::v1::OutboxItem> AwaitItem(agent::v1::OutboxItem item);
  // The same for several, in one such time for all: what has no decision then is SAVED_HERE, with its number alone.
  absl::StatusOr<std::vector<agent::v1::OutboxItem>> AwaitItems(const std::vector<uint64_t>& numbers);

  // What muster ends with when the command has done its work: kDone unless the answer itself is a warning.
  void set_verdict(ExitCode verdict) { verdict_ = verdict; }
  ExitCode verdict() const { return verdict_; }

  // The id to submit with: --submission-id, or a new one. An error afterwards names it.
  const std::string& submission_id();
  // Empty while nothing has been submitted.
  const std::string& submission_id_used() const { return submission_id_used_; }

  // An outcome that is not rejected as a view, which holds a pointer to it. `done` says in a few words what is the case
  // once it is accepted.
  static View OutcomeView(const v1::Outcome& outcome, absl::string_view done,
                          std::vector<std::pair<std::string, std::string>> extras = {});
  // Shows it.
  void PrintOutcome(const v1::Outcome& outcome, absl::string_view done,
                    std::vector<std::pair<std::string, std::string>> extras = {});
  // Says so if the operation is an exercise or a test. For views that do not carry the mode themselves. Says nothing
  // when there is no operation, or when the caller may not read it (victim services).
  void BannerFor(const std::string& operation_id);

 private:
  GlobalFlags flags_;
  Printer printer_;
  std::string command_;
  Action action_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<AgentClient> agent_;
  // Set when a test gave the connection.
  bool connection_given_ = false;
  absl::Duration default_deadline_ = absl::Seconds(30);
  std::string submission_id_used_;
  ExitCode verdict_ = kDone;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_INVOCATION_H_
