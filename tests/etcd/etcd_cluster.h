// A real etcd of several members on loopback, over mutual TLS with certificates made for the occasion, for tests.
//
// Threading: one thread (see client/cli/demo/subprocess.h).
#ifndef MUSTER_TESTS_ETCD_ETCD_CLUSTER_H_
#define MUSTER_TESTS_ETCD_ETCD_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/etcd/etcd_client.h"

namespace muster {

// Empty, or why there can be no etcd here: the program is not installed.
std::string WhyNoEtcd();

class EtcdCluster {
 public:
  struct Options {
    int members = 3;
    std::string folder;              // Of data, certificates and logs; must exist.
    std::vector<std::string> flags;  // Of every member, such as "--quota-backend-bytes=16777216".
    // Each empty, or one for each member: the address that it listens on (default 127.0.0.1), a program with arguments
    // that runs it (`/sbin/ip netns exec NAME`), and its folder of data (default: in `folder`).
    std::vector<std::string> hosts;
    std::vector<std::vector<std::string>> wrappers;
    std::vector<std::string> data_dirs;
    std::vector<std::string> environment;  // Of every member: "NAME=value".
  };

  explicit EtcdCluster(Options options);
  ~EtcdCluster();  // Kills what it started.
  EtcdCluster(const EtcdCluster&) = delete;
  EtcdCluster& operator=(const EtcdCluster&) = delete;

  // Starts every member and waits until all answer.
  absl::Status Start();
  // Starts one that was killed or stopped, on what it left on its disk.
  absl::Status StartMember(int i);
  void KillMember(int i);                // SIGKILL.
  void SignalMember(int i, int signal);  // SIGSTOP, SIGCONT ...
  bool Running(int i);
  // The member that leads, as most of those who answer say; -1: none.
  int Leader();

  EtcdOptions client_options() const;
  std::vector<std::string> endpoints() const;
  TlsFiles tls() const;            // A client's.
  std::string LogOf(int i) const;  // The path of its log.

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_ETCD_ETCD_CLUSTER_H_
