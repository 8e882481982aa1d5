// The way to one broker: its address, and TLS 1.3 with a certificate of ours.
//
// Threading: built on one thread; connections of any thread may use it afterwards.
#ifndef MUSTER_CLIENT_BENCH_ROUTE_H_
#define MUSTER_CLIENT_BENCH_ROUTE_H_

#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/openssl_ptr.h"
#include "common/tls_files.h"

namespace muster::bench {

// Who a connection is. Both belong together.
struct Identity {
  UniqueX509 certificate;
  UniqueKey key;
};

using UniqueSsl = std::unique_ptr<SSL, OpenSslDeleter<SSL_free>>;

class Route {
 public:
  // `host_port` is the broker's; `server_name` the name in its certificate when that is not the host. Errors:
  // INVALID_ARGUMENT the address or a text is not what it should be; UNAVAILABLE the host has no address.
  static absl::StatusOr<std::unique_ptr<Route>> Make(absl::string_view host_port, absl::string_view server_name,
                                                     const TlsContents& tls);

  // A socket that is being connected, without waiting for it.
  absl::StatusOr<int> Connect() const;

  // For a connection over `socket`, as `identity`, or as the certificate of the route when that is null. With
  // `reads_ahead` it has a buffer of its own: fewer calls of the system, more memory; not for thousands.
  absl::StatusOr<UniqueSsl> NewTls(int socket, const Identity* identity, bool reads_ahead) const;

  const std::string& authority() const { return authority_; }

 private:
  Route() = default;

  sockaddr_storage address_ = {};
  socklen_t address_bytes_ = 0;
  std::string authority_;
  // What the broker's certificate must name, and whether that is an address.
  std::string name_;
  bool name_is_address_ = false;
  UniqueSslContext context_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_ROUTE_H_
