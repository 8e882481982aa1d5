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
#include "client/lib/client.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/outcome.pb.h"

namespace muster::cli {

struct GlobalFlags {
  std::string context;
  std::vector<std::string> brokers;
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;
  std::string server_name;
  std::string timeout = "30s";
  std::string submission_id;
};

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

  // Where to connect and as whom: the context's settings, overridden by flags.
  absl::StatusOr<ConnectionOptions> Options() const;
  // The client for them; made on the first call.
  absl::StatusOr<Client*> client();
  // Talk over this instead of what the flags say.
  void UseConnection(std::shared_ptr<Connection> connection) {
    client_ = std::make_unique<Client>(std::move(connection));
  }

  // What muster ends with when the command has done its work: kDone unless the answer itself is a warning.
  void set_verdict(ExitCode verdict) { verdict_ = verdict; }
  ExitCode verdict() const { return verdict_; }

  // The id to submit with: --submission-id, or a new one. An error afterwards names it.
  const std::string& submission_id();
  // Empty while nothing has been submitted.
  const std::string& submission_id_used() const { return submission_id_used_; }

  // An accepted outcome as a view, which holds a pointer to it. `done` says in a few words what is now the case.
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
  std::string submission_id_used_;
  ExitCode verdict_ = kDone;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_INVOCATION_H_
