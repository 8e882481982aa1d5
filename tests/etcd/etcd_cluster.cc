#include "tests/etcd/etcd_cluster.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/demo/subprocess.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "common/status_macros.h"
#include "tests/etcd/etcd_certificates.h"

namespace muster {
namespace {

constexpr absl::Duration kStartWait = absl::Seconds(30);
constexpr absl::Duration kLookPause = absl::Milliseconds(20);
constexpr absl::Duration kHealthWait = absl::Milliseconds(500);

// The path of a program; empty when it is not installed.
std::string Installed(absl::string_view program) {
  const char* path = getenv("PATH");
  for (absl::string_view folder : absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    std::string file = absl::StrCat(folder, "/", program);
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

// Ports of loopback that nobody listens on, all different.
absl::StatusOr<std::vector<int>> FreePorts(int count) {
  std::vector<int> sockets;
  const absl::Cleanup close_all = [&sockets] {
    for (const int fd : sockets) close(fd);
  };
  std::vector<int> ports;
  for (int i = 0; i < count; ++i) {
    sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(sockets.back(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(sockets.back(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return absl::InternalError("no free port on loopback");
    }
    ports.push_back(ntohs(address.sin_port));
  }
  return ports;
}

}  // namespace

std::string WhyNoEtcd() { return Installed("etcd").empty() ? "etcd is not installed (Debian: etcd-server)" : ""; }

class EtcdCluster::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)), members_(static_cast<size_t>(options_.members)) {}

  absl::Status Start();
  absl::Status Launch(size_t i);
  // Until every one of `wanted` answers and knows a leader.
  absl::Status AwaitHealthy(const std::set<size_t>& wanted);
  int Leader();

  EtcdOptions client_options() const { return {.endpoints = endpoints(), .tls = certificates_.client}; }
  std::vector<std::string> endpoints() const;
  const TlsFiles& tls() const { return certificates_.client; }
  std::string LogFile(size_t i) const { return absl::StrCat(options_.folder, "/etcd-", i, ".log"); }
  std::unique_ptr<Subprocess>& process(int i) { return members_.at(static_cast<size_t>(i)).process; }

 private:
  struct Member {
    int client_port = 0;
    int peer_port = 0;
    std::unique_ptr<Subprocess> process;
  };

  std::string Host(size_t i) const { return options_.hosts.empty() ? "127.0.0.1" : options_.hosts.at(i); }
  std::string ClientUrl(size_t i) const { return absl::StrCat("https://", Host(i), ":", members_[i].client_port); }
  std::string PeerUrl(size_t i) const { return absl::StrCat("https://", Host(i), ":", members_[i].peer_port); }
  std::vector<std::string> Command(size_t i) const;

  const Options options_;
  EtcdCertificates certificates_;
  std::vector<Member> members_;
  std::unique_ptr<EtcdClient> watcher_;  // Of our own, to ask how the members are.
};

absl::Status EtcdCluster::Impl::Start() {
  if (const std::string why = WhyNoEtcd(); !why.empty()) return absl::FailedPreconditionError(why);
  std::vector<std::string> hosts;
  for (size_t i = 0; i < members_.size(); ++i) hosts.push_back(Host(i));
  MUSTER_ASSIGN_OR_RETURN(certificates_, MakeEtcdCertificates(options_.folder, hosts));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<int> ports, FreePorts(2 * options_.members));
  for (size_t i = 0; i < members_.size(); ++i) {
    members_[i].client_port = ports[2 * i];
    members_[i].peer_port = ports[2 * i + 1];
  }
  MUSTER_ASSIGN_OR_RETURN(watcher_, EtcdClient::Create(client_options()));
  std::set<size_t> all;
  for (size_t i = 0; i < members_.size(); ++i) {
    MUSTER_RETURN_IF_ERROR(Launch(i));
    all.insert(i);
  }
  return AwaitHealthy(all);
}

std::vector<std::string> EtcdCluster::Impl::Command(size_t i) const {
  std::vector<std::string> command;
  if (!options_.wrappers.empty()) command = options_.wrappers.at(i);
  if (!options_.environment.empty()) {
    command.push_back("/usr/bin/env");
    command.insert(command.end(), options_.environment.begin(), options_.environment.end());
  }
  std::vector<std::string> all;
  for (size_t j = 0; j < members_.size(); ++j) all.push_back(absl::StrCat("member-", j, "=", PeerUrl(j)));
  const TlsFiles& tls = certificates_.member;
  const std::string data =
      options_.data_dirs.empty() ? absl::StrCat(options_.folder, "/etcd-", i) : options_.data_dirs.at(i);
  for (const std::string& argument :
       std::vector<std::string>{Installed("etcd"),
                                absl::StrCat("--name=member-", i),
                                absl::StrCat("--data-dir=", data),
                                absl::StrCat("--listen-client-urls=", ClientUrl(i)),
                                absl::StrCat("--advertise-client-urls=", ClientUrl(i)),
                                absl::StrCat("--listen-peer-urls=", PeerUrl(i)),
                                absl::StrCat("--initial-advertise-peer-urls=", PeerUrl(i)),
                                absl::StrCat("--initial-cluster=", absl::StrJoin(all, ",")),
                                "--initial-cluster-state=new",
                                absl::StrCat("--cert-file=", tls.certificate_file),
                                absl::StrCat("--key-file=", tls.key_file),
                                absl::StrCat("--trusted-ca-file=", tls.ca_file),
                                "--client-cert-auth",
                                absl::StrCat("--peer-cert-file=", tls.certificate_file),
                                absl::StrCat("--peer-key-file=", tls.key_file),
                                absl::StrCat("--peer-trusted-ca-file=", tls.ca_file),
                                "--peer-client-cert-auth",
                                "--heartbeat-interval=50",
                                "--election-timeout=500",
                                "--logger=zap"}) {
    command.push_back(argument);
  }
  command.insert(command.end(), options_.flags.begin(), options_.flags.end());
  return command;
}

absl::Status EtcdCluster::Impl::Launch(size_t i) {
  members_[i].process.reset();
  MUSTER_ASSIGN_OR_RETURN(members_[i].process, Subprocess::Start(Command(i), LogFile(i)));
  return absl::OkStatus();
}

absl::Status EtcdCluster::Impl::AwaitHealthy(const std::set<size_t>& wanted) {
  const Deadline deadline(kStartWait);
  Revision never;
  std::string missing;
  while (!deadline.passed()) {
    missing.clear();
    for (const size_t i : wanted) {
      if (members_[i].process->Running()) continue;
      return absl::InternalError(absl::StrCat("etcd member ", i, " ended: ", members_[i].process->LogTail()));
    }
    const std::vector<EtcdMemberHealth> health = watcher_->Health(kHealthWait);
    for (const size_t i : wanted) {
      if (!health[i].reachable.ok() || health[i].status.leader() == 0) absl::StrAppend(&missing, " ", i);
    }
    if (missing.empty()) return absl::OkStatus();
    (void)never.WaitBeyond(never.now(), kLookPause);
  }
  return absl::DeadlineExceededError(absl::StrCat("etcd members that did not come up:", missing));
}

int EtcdCluster::Impl::Leader() {
  const std::vector<EtcdMemberHealth> health = watcher_->Health(kHealthWait);
  std::map<uint64_t, int> index_of;  // By member id.
  std::map<uint64_t, int> votes;
  for (size_t i = 0; i < health.size(); ++i) {
    if (!health[i].reachable.ok()) continue;
    index_of[health[i].status.header().member_id()] = static_cast<int>(i);
    if (health[i].status.leader() != 0) ++votes[health[i].status.leader()];
  }
  int leader = -1;
  int most = 0;
  for (const auto& [id, count] : votes) {
    const auto found = index_of.find(id);
    if (count <= most || found == index_of.end()) continue;
    leader = found->second;
    most = count;
  }
  return leader;
}

std::vector<std::string> EtcdCluster::Impl::endpoints() const {
  std::vector<std::string> endpoints;
  for (size_t i = 0; i < members_.size(); ++i) endpoints.push_back(absl::StrCat(Host(i), ":", members_[i].client_port));
  return endpoints;
}

EtcdCluster::EtcdCluster(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EtcdCluster::~EtcdCluster() = default;

absl::Status EtcdCluster::Start() { return impl_->Start(); }

absl::Status EtcdCluster::StartMember(int i) {
  MUSTER_RETURN_IF_ERROR(impl_->Launch(static_cast<size_t>(i)));
  return impl_->AwaitHealthy({static_cast<size_t>(i)});
}

void EtcdCluster::KillMember(int i) {
  SignalMember(i, SIGKILL);
  (void)impl_->process(i)->Wait(absl::InfiniteDuration());
}

void EtcdCluster::SignalMember(int i, int signal) { impl_->process(i)->Signal(signal); }
bool EtcdCluster::Running(int i) { return impl_->process(i) != nullptr && impl_->process(i)->Running(); }
int EtcdCluster::Leader() { return impl_->Leader(); }

EtcdOptions EtcdCluster::client_options() const { return impl_->client_options(); }
std::vector<std::string> EtcdCluster::endpoints() const { return impl_->endpoints(); }
TlsFiles EtcdCluster::tls() const { return impl_->tls(); }

std::string EtcdCluster::LogOf(int i) const { return impl_->LogFile(static_cast<size_t>(i)); }

}  // namespace muster
