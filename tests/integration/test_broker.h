// A real musterd for one test: its own folder, its own data, a free port of loopback, and certificates that
// make-certs.sh made.
//
// Threading: Start and the destructor on the main thread (see client/cli/demo/subprocess.h); the rest from any.
#ifndef MUSTER_TESTS_INTEGRATION_TEST_BROKER_H_
#define MUSTER_TESTS_INTEGRATION_TEST_BROKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/demo/subprocess.h"
#include "client/lib/client.h"

namespace muster {

inline constexpr char kTestTrustDomain[] = "muster.example";

// Generous: sanitizers and a busy machine are slow. Nothing waits this long unless it fails.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Paths of PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// The folder that make-certs.sh filled: MUSTER_TEST_CERTIFICATES, or one made for this process.
const std::string& CertificatesFolder();
CertificateFiles OperatorOf(absl::string_view agency_id);
// One of those that the broker must refuse.
CertificateFiles BadCertificate(absl::string_view name);
std::string CaFile();
// What a revocation names.
std::string FingerprintOf(const CertificateFiles& files);

// A certificate of the example CA made now for `uri`, valid for `valid` (whole seconds), in files under `folder`. A
// broker's names `host`, too, which is an address.
CertificateFiles IssueCertificate(const std::string& folder, const std::string& uri, absl::Duration valid,
                                  const std::string& host = "127.0.0.1");

// A folder that goes away with this.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Waits until `condition` holds, looking every few milliseconds. False after `patience`.
bool Eventually(const std::function<bool()>& condition, absl::Duration patience = kPatience);

struct Finished {
  int exit_code = -1;
  std::string output;  // Standard output and error.
};
// Runs a program to its end.
Finished RunToEnd(const std::vector<std::string>& argv);
// Runs `musterd` with these arguments; with `seconds`, sends it SIGTERM after so many.
Finished RunMusterd(const std::vector<std::string>& arguments, int seconds = 0);

struct TestBrokerOptions {
  std::string limits = {};    // Lines of the [limits] table.
  std::string snapshot = {};  // Lines of the [snapshot] table.
  // Its log goes to a program that ends after the first line of it.
  bool log_reader_leaves = false;
  std::string program = {};               // Instead of the musterd that was built.
  std::vector<std::string> wrapper = {};  // A program and its arguments that runs it: `ip netns exec NAME`.
  std::string data_dir = {};              // An absolute path; empty: in this broker's folder.
  std::string address = {};               // host:port to listen on; empty: a free port of loopback.
  CertificateFiles certificate = {};      // To begin with, instead of the example broker's.
  std::string tables = {};                // Further tables of the configuration.
};

class TestBroker {
 public:
  using Options = TestBrokerOptions;

  explicit TestBroker(Options options = {});
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  // Starts musterd with these environment variables ("NAME=value") added, and waits until it serves. From the second
  // time on it listens where it did before.
  absl::Status Start(const std::vector<std::string>& environment = {});
  // What Start does first.
  absl::Status WriteConfig() const;
  // SIGKILL.
  void Kill();
  // SIGTERM, and waits for the end: the exit code.
  absl::StatusOr<int> Stop();
  void Signal(int signal) { process_->Signal(signal); }
  // The exit code (128 + the signal) once it has ended.
  absl::StatusOr<int> WaitForEnd() { return process_->Wait(kPatience); }
  bool Running() { return process_ != nullptr && process_->Running(); }

  const std::string& address() const { return address_; }
  std::string folder() const { return folder_.path(); }
  std::string data_dir() const { return options_.data_dir.empty() ? folder_.path() + "/data" : options_.data_dir; }
  std::string config_file() const { return folder_.path() + "/musterd.toml"; }
  // This broker's own copies, for tests that replace them.
  CertificateFiles certificate_files() const;
  // All that it has logged, every start included.
  std::string Log() const;

  // A connection with this certificate, by its own channel.
  std::shared_ptr<Connection> Connect(const CertificateFiles& files, absl::Duration deadline = kPatience) const;
  Client ClientOf(absl::string_view agency_id) const { return Client(Connect(OperatorOf(agency_id))); }

  // GET from the admin port: "200 body".
  std::string Get(absl::string_view path) const;
  // One sample of /metrics; -1 when there is none.
  double Metric(absl::string_view name) const;

  // `musterd verify`: how many events the log holds, all of them sound.
  absl::StatusOr<uint64_t> VerifiedEvents() const;

 private:
  const Options options_;
  TemporaryFolder folder_;
  std::string address_;
  int admin_port_ = 0;
  std::unique_ptr<Subprocess> process_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_TEST_BROKER_H_
