#include "client/cli/demo/broker_process.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// A TOML basic string.
std::string Quoted(absl::string_view text) { return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\""); }

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  // Without its line feed the line may be half written.
  if (!std::getline(file, line) || file.eof()) return "";
  return std::string(absl::StripAsciiWhitespace(line));
}

}  // namespace

std::string BrokerProcess::config_file() const { return absl::StrCat(setup_.folder, "/musterd.toml"); }
std::string BrokerProcess::data_dir() const { return absl::StrCat(setup_.folder, "/data"); }
std::string BrokerProcess::log_file() const { return absl::StrCat(setup_.folder, "/musterd.log"); }

absl::Status BrokerProcess::WriteConfig() const {
  std::ofstream file(config_file(), std::ios::trunc);
  file << "# Written by `muster demo`: a broker for an EXERCISE.\n"
       << "data_dir = " << Quoted(data_dir())
       << "\n\n[listen]\naddress = " << Quoted(address_.empty() ? "127.0.0.1:0" : address_)
       << "\n\n[tls]\ncertificate_file = " << Quoted(absl::StrCat(setup_.certificates, "/broker/broker.crt"))
       << "\nkey_file = " << Quoted(absl::StrCat(setup_.certificates, "/broker/broker.key"))
       << "\nca_file = " << Quoted(absl::StrCat(setup_.certificates, "/ca/ca.crt"))
       << "\ntrust_domain = " << Quoted(setup_.trust_domain)
       << "\n\n[bootstrap.registrar]\nagency_id = " << Quoted(registrar_.agency_id())
       << "\nname = " << Quoted(registrar_.name()) << "\nkind = " << Quoted(v1::AgencyKind_Name(registrar_.kind()))
       << "\nstate = " << Quoted(registrar_.state()) << "\nphone_24h = " << Quoted(registrar_.phone_24h())
       << "\nmay_lead = " << (registrar_.may_lead() ? "true" : "false")
       << "\nregistrar = true\n\n[admin]\naddress = \"\"\n";
  file.flush();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", config_file(), "; is the disk full?"));
  return absl::OkStatus();
}

absl::Status BrokerProcess::Start(absl::Duration timeout) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  // What an earlier broker left would be taken for the new one's.
  std::error_code ignored;
  fs::remove(absl::StrCat(data_dir(), "/address"), ignored);
  {
    absl::MutexLock lock(&mu_);
    if (abandoned_) return absl::CancelledError("interrupted");
    MUSTER_ASSIGN_OR_RETURN(process_,
                            Subprocess::Start({setup_.musterd, "serve", "--config", config_file()}, log_file()));
  }
  return WaitForAddress(timeout);
}

absl::Status BrokerProcess::WaitForAddress(absl::Duration timeout) {
  std::shared_ptr<Subprocess> process;
  {
    absl::MutexLock lock(&mu_);
    process = process_;
  }
  const absl::Time deadline = SystemClock()->Now() + timeout;
  while (process->Running() && SystemClock()->Now() < deadline) {
    const std::string address = FirstLine(absl::StrCat(data_dir(), "/address"));
    if (!address.empty()) {
      address_ = address;
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::InternalError(absl::StrCat("the broker ", process->Running() ? "did not say where it listens" : "ended",
                                          "; the end of what it said:\n", process->LogTail(),
                                          "\nRun the demo again with --keep FOLDER to keep its log and its data"));
}

void BrokerProcess::Signal(int signal) {
  absl::MutexLock lock(&mu_);
  if (process_ != nullptr) process_->Signal(signal);
}

void BrokerProcess::Kill() {
  std::shared_ptr<Subprocess> process;
  {
    absl::MutexLock lock(&mu_);
    process = std::move(process_);
    process_ = nullptr;
  }
  if (process == nullptr) return;
  process->Signal(SIGKILL);
  (void)process->Wait(absl::InfiniteDuration());
}

absl::Status BrokerProcess::Stop(absl::Duration timeout) {
  std::shared_ptr<Subprocess> process;
  {
    absl::MutexLock lock(&mu_);
    process = process_;
  }
  if (process == nullptr) return absl::OkStatus();
  process->Signal(SIGTERM);
  const absl::StatusOr<int> status = process->Wait(timeout);
  MUSTER_RETURN_IF_ERROR(status.status());
  if (*status == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the broker ended with status ", *status, "; the end of its log:\n", process->LogTail()));
}

absl::Status BrokerProcess::Verify(absl::Duration timeout) {
  const std::string log = absl::StrCat(setup_.folder, "/verify.log");
  MUSTER_ASSIGN_OR_RETURN(const auto verify, Subprocess::Start({setup_.musterd, "verify", data_dir()}, log));
  MUSTER_ASSIGN_OR_RETURN(const int status, verify->Wait(timeout));
  if (status == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("musterd verify ended with status ", status, ": ", verify->LogTail()));
}

void BrokerProcess::Abandon() {
  std::shared_ptr<Subprocess> process;
  {
    absl::MutexLock lock(&mu_);
    abandoned_ = true;
    process = process_;
  }
  if (process == nullptr) return;
  process->Signal(SIGKILL);
  (void)process->Wait(absl::InfiniteDuration());
}

}  // namespace muster
