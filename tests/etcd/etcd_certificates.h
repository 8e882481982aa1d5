// An authority of etcd's own, and what it signs, made for one test.
#ifndef MUSTER_TESTS_ETCD_ETCD_CERTIFICATES_H_
#define MUSTER_TESTS_ETCD_ETCD_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tls_files.h"

namespace muster {

struct EtcdCertificates {
  TlsFiles member;  // Shown to clients, and to the other members both ways.
  TlsFiles client;
};

// Makes them in `folder` with openssl: the members' for localhost and the addresses `hosts`.
absl::StatusOr<EtcdCertificates> MakeEtcdCertificates(const std::string& folder, const std::vector<std::string>& hosts);

}  // namespace muster

#endif  // MUSTER_TESTS_ETCD_ETCD_CERTIFICATES_H_
