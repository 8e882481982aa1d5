#include "client/cli/demo/gateway_process.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// How the gateway's log begins these fields and messages.
constexpr absl::string_view kUrl = "\"url\":\"";
constexpr absl::string_view kSignedIn = "\"msg\":\"signed in\"";

// A TOML basic string.
std::string Quoted(absl::string_view text) { return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\""); }

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

absl::Status GatewayProcess::WriteConfig() const {
  std::error_code error;
  fs::create_directories(setup_.folder, error);
  std::ofstream file(config_file(), std::ios::trunc);
  file << "# Written by `muster demo`: the dashboard of one office, for an EXERCISE.\n"
       << "state_dir = " << Quoted(absl::StrCat(setup_.folder, "/state"))
       << "\ndashboard_dir = " << Quoted(setup_.dashboard_dir)
       << "\n\n[listen]\naddress = " << Quoted(absl::StrCat(setup_.host, ":0"))
       << "\ncertificate_file = " << Quoted(absl::StrCat(setup_.server_certificate, ".crt"))
       << "\nkey_file = " << Quoted(absl::StrCat(setup_.server_certificate, ".key")) << "\n\n[brokers]\naddresses = ["
       << Quoted(setup_.broker) << "]"
       << "\ncertificate_file = " << Quoted(absl::StrCat(setup_.office_certificate, ".crt"))
       << "\nkey_file = " << Quoted(absl::StrCat(setup_.office_certificate, ".key"))
       << "\nca_file = " << Quoted(setup_.ca_file) << "\n\n[logging]\nformat = \"json\"\n";
  file.flush();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", config_file(), "; is the disk full?"));
  return absl::OkStatus();
}

absl::Status GatewayProcess::Start(absl::Duration timeout) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  {
    absl::MutexLock lock(&mu_);
    if (abandoned_) return absl::CancelledError("interrupted");
    MUSTER_ASSIGN_OR_RETURN(process_,
                            Subprocess::Start({setup_.muster_gateway, "serve", "--config", config_file()}, log_file()));
  }
  return WaitForUrl(timeout);
}

absl::Status GatewayProcess::WaitForUrl(absl::Duration timeout) {
  const std::shared_ptr<Subprocess> process = Process();
  const absl::Time deadline = SystemClock()->Now() + timeout;
  while (process->Running() && SystemClock()->Now() < deadline) {
    const std::string file = ReadAll(log_file());
    const absl::string_view log = file;
    const size_t start = log.find(kUrl);
    const size_t end = start == absl::string_view::npos ? start : log.find('"', start + kUrl.size());
    if (end != absl::string_view::npos) {
      url_ = std::string(log.substr(start + kUrl.size(), end - start - kUrl.size()));
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::InternalError(absl::StrCat("the gateway ", process->Running() ? "did not say where it serves" : "ended",
                                          "; the end of what it said:\n", process->LogTail(),
                                          "\nRun the demo again with --keep FOLDER to keep its log"));
}

absl::StatusOr<std::string> GatewayProcess::Invite(absl::string_view person, absl::string_view role) {
  const std::string file = absl::StrCat(setup_.folder, "/invitation");
  MUSTER_ASSIGN_OR_RETURN(const auto invite, Subprocess::Start({setup_.muster_gateway, "invite", std::string(person),
                                                                "--role", std::string(role), "--config", config_file()},
                                                               file));
  MUSTER_ASSIGN_OR_RETURN(const int status, invite->Wait(absl::Minutes(1)));
  const std::string said = ReadAll(file);
  std::error_code ignored;
  fs::remove(file, ignored);  // It holds the code.
  if (status == 0) {
    // The code stands on a line of its own, set in.
    for (absl::string_view line : absl::StrSplit(said, '\n')) {
      if (absl::ConsumePrefix(&line, "  ") && !line.empty()) return std::string(line);
    }
  }
  return absl::InternalError(
      absl::StrCat("muster-gateway invite ended with status ", status, " and gave no code: ", said));
}

bool GatewayProcess::SomebodySignedIn() const { return absl::StrContains(ReadAll(log_file()), kSignedIn); }

absl::Status GatewayProcess::Stop(absl::Duration timeout) {
  const std::shared_ptr<Subprocess> process = Process();
  if (process == nullptr) return absl::OkStatus();
  process->Signal(SIGTERM);
  const absl::StatusOr<int> status = process->Wait(timeout);
  if (!status.ok()) process->Signal(SIGKILL);
  MUSTER_RETURN_IF_ERROR(status.status());
  if (*status == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the gateway at ", url_, " ended with status ", *status,
                                          "; the end of its log:\n", process->LogTail()));
}

void GatewayProcess::Abandon() {
  {
    absl::MutexLock lock(&mu_);
    abandoned_ = true;
  }
  const std::shared_ptr<Subprocess> process = Process();
  if (process == nullptr) return;
  process->Signal(SIGKILL);
  (void)process->Wait(absl::InfiniteDuration());
}

std::shared_ptr<Subprocess> GatewayProcess::Process() {
  absl::MutexLock lock(&mu_);
  return process_;
}

}  // namespace muster
