#include "client/cli/demo/gateway_process.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// How the gateway's log begins these fields and messages.
constexpr absl::string_view kUrl = "\"url\":\"";
constexpr absl::string_view kSignedIn = "\"msg\":\"signed in\"";

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Empty: it does not say so yet.
std::string UrlIn(absl::string_view log) {
  const size_t start = log.find(kUrl);
  const size_t end = start == absl::string_view::npos ? start : log.find('"', start + kUrl.size());
  if (end == absl::string_view::npos) return "";
  return std::string(log.substr(start + kUrl.size(), end - start - kUrl.size()));
}

}  // namespace

absl::Status GatewayProcess::WriteConfig() const {
  std::error_code error;
  fs::create_directories(setup_.folder, error);
  std::ofstream file(config_file(), std::ios::trunc);
  file << "# Written by `muster demo`: the dashboard of one office, for an EXERCISE.\n"
       << "state_dir = " << TomlString(absl::StrCat(setup_.folder, "/state"))
       << "\ndashboard_dir = " << TomlString(setup_.dashboard_dir)
       << "\n\n[listen]\naddress = " << TomlString(absl::StrCat(setup_.host, ":0"))
       << "\ncertificate_file = " << TomlString(absl::StrCat(setup_.server_certificate, ".crt"))
       << "\nkey_file = " << TomlString(absl::StrCat(setup_.server_certificate, ".key"))
       << "\n\n[brokers]\naddresses = [" << TomlString(setup_.broker) << "]"
       << "\ncertificate_file = " << TomlString(absl::StrCat(setup_.office_certificate, ".crt"))
       << "\nkey_file = " << TomlString(absl::StrCat(setup_.office_certificate, ".key"))
       << "\nca_file = " << TomlString(setup_.ca_file) << "\n\n[logging]\nformat = \"json\"\n";
  file.flush();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", config_file(), "; is the disk full?"));
  return absl::OkStatus();
}

absl::Status GatewayProcess::Start(absl::Duration timeout) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  MUSTER_ASSIGN_OR_RETURN(url_, process_.Start({setup_.muster_gateway, "serve", "--config", config_file()}, timeout,
                                               [this] { return UrlIn(ReadAll(process_.log_file())); }));
  return absl::OkStatus();
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

bool GatewayProcess::SomebodySignedIn() const { return absl::StrContains(ReadAll(process_.log_file()), kSignedIn); }

}  // namespace muster
