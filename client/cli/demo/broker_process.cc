#include "client/cli/demo/broker_process.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

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

absl::Status BrokerProcess::WriteConfig() const {
  std::ofstream file(config_file(), std::ios::trunc);
  file << "# Written by `muster demo`: a broker for an EXERCISE.\n"
       << "data_dir = " << TomlString(data_dir())
       << "\n\n[listen]\naddress = " << TomlString(address_.empty() ? "127.0.0.1:0" : address_)
       << "\n\n[tls]\ncertificate_file = " << TomlString(absl::StrCat(setup_.certificates, "/broker/broker.crt"))
       << "\nkey_file = " << TomlString(absl::StrCat(setup_.certificates, "/broker/broker.key"))
       << "\nca_file = " << TomlString(absl::StrCat(setup_.certificates, "/ca/ca.crt"))
       << "\ntrust_domain = " << TomlString(setup_.trust_domain)
       << "\n\n[bootstrap.registrar]\nagency_id = " << TomlString(registrar_.agency_id())
       << "\nname = " << TomlString(registrar_.name())
       << "\nkind = " << TomlString(v1::AgencyKind_Name(registrar_.kind()))
       << "\nstate = " << TomlString(registrar_.state()) << "\nphone_24h = " << TomlString(registrar_.phone_24h())
       << "\nmay_lead = " << (registrar_.may_lead() ? "true" : "false")
       << "\nregistrar = true\n\n[admin]\naddress = \"\"\n";
  file.flush();
  if (!file) return absl::InternalError(absl::StrCat("cannot write ", config_file(), "; is the disk full?"));
  return absl::OkStatus();
}

absl::Status BrokerProcess::Start(absl::Duration timeout) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  // What an earlier broker left would be taken for the new one's.
  const std::string address_file = absl::StrCat(data_dir(), "/address");
  std::error_code ignored;
  fs::remove(address_file, ignored);
  MUSTER_ASSIGN_OR_RETURN(address_, process_.Start({setup_.musterd, "serve", "--config", config_file()}, timeout,
                                                   [&] { return FirstLine(address_file); }));
  return absl::OkStatus();
}

absl::Status BrokerProcess::Verify(absl::Duration timeout) {
  const std::string log = absl::StrCat(setup_.folder, "/verify.log");
  MUSTER_ASSIGN_OR_RETURN(const auto verify, Subprocess::Start({setup_.musterd, "verify", data_dir()}, log));
  MUSTER_ASSIGN_OR_RETURN(const int status, verify->Wait(timeout));
  if (status == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("musterd verify ended with status ", status, ": ", verify->LogTail()));
}

}  // namespace muster
