#include "tests/integration/test_broker.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/identity.h"
#include "common/status_macros.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

// The port in the last line of the log that says `what`; 0 when none does.
int PortLogged(const std::string& log, absl::string_view what) {
  const size_t line = log.rfind(std::string(what));
  if (line == std::string::npos) return 0;
  constexpr absl::string_view kKey = "\"port\":";
  const size_t port = log.find(std::string(kKey), line);
  return port == std::string::npos ? 0 : atoi(log.c_str() + port + kKey.size());
}

}  // namespace

// ---- Certificates ----------------------------------------------------------------------------------------------

const std::string& CertificatesFolder() {
  static const auto* const folder = [] {
    if (const char* given = getenv("MUSTER_TEST_CERTIFICATES")) return new std::string(given);
    static const TemporaryFolder own;  // Removed when the process ends.
    const Finished made =
        RunToEnd({"/bin/sh", MUSTER_SOURCE_DIR "/certs-example/make-certs.sh", "--force", "--out", own.path()});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    return new std::string(own.path());
  }();
  return *folder;
}

CertificateFiles OperatorOf(absl::string_view agency_id) {
  const std::string base = absl::StrCat(CertificatesFolder(), "/", agency_id, "/operator");
  return {absl::StrCat(base, ".crt"), absl::StrCat(base, ".key")};
}

CertificateFiles BadCertificate(absl::string_view name) {
  const std::string base = absl::StrCat(CertificatesFolder(), "/bad/", name);
  return {absl::StrCat(base, ".crt"), absl::StrCat(base, ".key")};
}

std::string CaFile() { return absl::StrCat(CertificatesFolder(), "/ca/ca.crt"); }

std::string FingerprintOf(const CertificateFiles& files) {
  const absl::StatusOr<CertificateInfo> info = DescribeCertificateFile(files.certificate);
  EXPECT_TRUE(info.ok()) << info.status();
  return info.ok() ? info->key_sha256_hex : "";
}

CertificateFiles IssueCertificate(const std::string& folder, const std::string& uri, absl::Duration valid,
                                  const std::string& host) {
  const bool broker = absl::StrContains(uri, "/broker/");
  const std::string config = absl::StrCat(folder, "/issue.cnf");
  const std::string base = absl::StrCat(folder, "/issued-", absl::ToUnixMicros(SystemClock()->Now()));
  std::ofstream(config) << "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = made for a test\n"
                        << "[ext]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n"
                        << "extendedKeyUsage = " << (broker ? "serverAuth, clientAuth" : "clientAuth")
                        << "\nsubjectAltName = "
                        << (broker ? absl::StrCat("DNS:localhost, IP:", host, ", URI:") : "URI:") << uri << "\n"
                        << "[ca]\ndefault_ca = issuer\n[issuer]\ndatabase = " << base
                        << ".txt\nnew_certs_dir = " << folder
                        << "\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n";
  std::ofstream(absl::StrCat(base, ".txt")).flush();
  const absl::Time now = SystemClock()->Now();
  const auto date = [](absl::Time time) { return absl::FormatTime("%Y%m%d%H%M%SZ", time, absl::UTCTimeZone()); };
  const Finished asked =
      RunToEnd({"/usr/bin/openssl", "req", "-new", "-config", config, "-nodes", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-keyout", absl::StrCat(base, ".key"), "-out", absl::StrCat(base, ".csr")});
  const Finished signed_off = RunToEnd({"/usr/bin/openssl",
                                        "ca",
                                        "-batch",
                                        "-notext",
                                        "-config",
                                        config,
                                        "-extensions",
                                        "ext",
                                        "-cert",
                                        CaFile(),
                                        "-keyfile",
                                        absl::StrCat(CertificatesFolder(), "/ca/ca.key"),
                                        "-startdate",
                                        date(now - absl::Hours(1)),
                                        "-enddate",
                                        date(now + valid),
                                        "-in",
                                        absl::StrCat(base, ".csr"),
                                        "-out",
                                        absl::StrCat(base, ".crt")});
  EXPECT_EQ(asked.exit_code, 0) << asked.output;
  EXPECT_EQ(signed_off.exit_code, 0) << signed_off.output;
  return {absl::StrCat(base, ".crt"), absl::StrCat(base, ".key")};
}

// ---- Small helpers ---------------------------------------------------------------------------------------------

TemporaryFolder::TemporaryFolder() {
  const char* parent = getenv("TMPDIR");
  path_ = absl::StrCat(parent != nullptr && *parent != '\0' ? parent : "/tmp", "/muster-integration-XXXXXX");
  EXPECT_NE(mkdtemp(path_.data()), nullptr) << path_;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool Eventually(const std::function<bool()>& condition, absl::Duration patience) {
  const absl::Time deadline = SystemClock()->Now() + patience;
  while (!condition()) {
    if (SystemClock()->Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

Finished RunToEnd(const std::vector<std::string>& argv) {
  const TemporaryFolder folder;
  const std::string log = folder.path() + "/output";
  const absl::StatusOr<std::unique_ptr<Subprocess>> process = Subprocess::Start(argv, log);
  if (!process.ok()) return {-1, std::string(process.status().message())};
  const absl::StatusOr<int> code = (*process)->Wait(kPatience);
  return {code.ok() ? *code : -1, Contents(log)};
}

Finished RunMusterd(const std::vector<std::string>& arguments, int seconds) {
  std::vector<std::string> argv = {MUSTERD_PATH};
  if (seconds > 0) argv = {"/usr/bin/timeout", absl::StrCat(seconds), MUSTERD_PATH};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunToEnd(argv);
}

// ---- The broker ------------------------------------------------------------------------------------------------

TestBroker::TestBroker(Options options) : options_(std::move(options)), address_(options_.address) {
  fs::copy(absl::StrCat(CertificatesFolder(), "/broker"), folder_.path() + "/tls");
  if (options_.certificate.certificate.empty()) return;
  fs::copy_file(options_.certificate.certificate, certificate_files().certificate,
                fs::copy_options::overwrite_existing);
  fs::copy_file(options_.certificate.key, certificate_files().key, fs::copy_options::overwrite_existing);
}

CertificateFiles TestBroker::certificate_files() const {
  return {folder_.path() + "/tls/broker.crt", folder_.path() + "/tls/broker.key"};
}

absl::Status TestBroker::WriteConfig() const {
  std::ofstream file(config_file(), std::ios::trunc);
  file << "data_dir = \"" << (options_.data_dir.empty() ? "data" : options_.data_dir) << "\"\n[listen]\naddress = \""
       << (address_.empty() ? "127.0.0.1:0" : address_) << "\"\n"
       << "[tls]\ncertificate_file = \"tls/broker.crt\"\nkey_file = \"tls/broker.key\"\nca_file = \"" << CaFile()
       << "\"\n"
       << "trust_domain = \"" << kTestTrustDomain << "\"\nreload_interval = \"1s\"\n"
       << "[bootstrap.registrar]\nagency_id = \"mo-ago\"\nname = \"Missouri Attorney General\"\n"
       << "kind = \"attorney_general\"\nstate = \"MO\"\nphone_24h = \"+15735550101\"\nmay_lead = true\nregistrar = "
          "true\n"
       << "[admin]\naddress = \"127.0.0.1:0\"\n"
       << "[limits]\n"
       << options_.limits << "\n[snapshot]\n"
       << options_.snapshot << "\n"
       << options_.tables << "\n";
  file.flush();
  return file ? absl::OkStatus() : absl::InternalError("cannot write " + config_file());
}

absl::Status TestBroker::Start(const std::vector<std::string>& environment) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  std::error_code ignored;
  fs::remove(data_dir() + "/address", ignored);
  std::vector<std::string> argv = {"/usr/bin/env"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  if (options_.log_reader_leaves) {
    argv.insert(argv.end(), {"/bin/bash", "-c", "exec \"$@\" > >(head -n 1 >/dev/null) 2>&1", "bash"});
  }
  argv.insert(argv.end(), options_.wrapper.begin(), options_.wrapper.end());
  argv.insert(argv.end(), {options_.program.empty() ? std::string(MUSTERD_PATH) : options_.program, "serve", "--config",
                           config_file()});
  MUSTER_ASSIGN_OR_RETURN(process_, Subprocess::Start(argv, folder_.path() + "/musterd.log"));
  Eventually([&] { return Contents(data_dir() + "/address").find('\n') != std::string::npos || !Running(); });
  const std::string address = Contents(data_dir() + "/address");
  if (!Running() || address.empty()) return absl::InternalError("the broker did not come up: " + process_->LogTail());
  address_ = address.substr(0, address.find('\n'));
  admin_port_ = PortLogged(Log(), "admin port open");
  return absl::OkStatus();
}

void TestBroker::Kill() {
  process_->Signal(SIGKILL);
  (void)process_->Wait(kPatience);
}

absl::StatusOr<int> TestBroker::Stop() {
  process_->Signal(SIGTERM);
  return process_->Wait(kPatience);
}

std::string TestBroker::Log() const { return Contents(folder_.path() + "/musterd.log"); }

std::shared_ptr<Connection> TestBroker::Connect(const CertificateFiles& files, absl::Duration deadline) const {
  ConnectionOptions options;
  options.brokers = {address_};
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.ca_file = CaFile();
  options.server_name = options_.address.empty() ? "" : "localhost";
  options.deadline = deadline;
  options.attempt_deadline = deadline;
  options.retry.max_backoff = absl::Milliseconds(200);
  absl::StatusOr<std::shared_ptr<Connection>> connection = muster::Connect(std::move(options));
  EXPECT_TRUE(connection.ok()) << connection.status();
  return connection.ok() ? *std::move(connection) : nullptr;
}

std::string TestBroker::Get(absl::string_view path) const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(admin_port_));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(got));
    }
  }
  close(fd);
  const size_t body = answer.find("\r\n\r\n");
  if (answer.size() < 12 || body == std::string::npos) return "";
  return absl::StrCat(answer.substr(9, 3), " ", answer.substr(body + 4));
}

double TestBroker::Metric(absl::string_view name) const {
  for (const absl::string_view line : absl::StrSplit(Get("/metrics"), '\n')) {
    const std::pair<absl::string_view, absl::string_view> sample = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    double value = 0;
    if (sample.first == name && absl::SimpleAtod(sample.second, &value)) return value;
  }
  return -1;
}

absl::StatusOr<uint64_t> TestBroker::VerifiedEvents() const {
  const Finished verify = RunMusterd({"verify", data_dir()});
  uint64_t events = 0;
  const std::vector<absl::string_view> words = absl::StrSplit(verify.output, ' ');
  if (verify.exit_code != 0 || !absl::StrContains(verify.output, "all is sound") || words.size() < 2 ||
      words[0] != "checked" || !absl::SimpleAtoi(words[1], &events)) {
    return absl::DataLossError(absl::StrCat("musterd verify ended with ", verify.exit_code, ": ", verify.output));
  }
  return events;
}

}  // namespace muster
