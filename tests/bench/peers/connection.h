// One TCP connection with mutual TLS: a Channel while its session shakes hands, then driven by epoll.
//
// Threading: one thread at a time.
#ifndef MUSTER_TESTS_BENCH_PEERS_CONNECTION_H_
#define MUSTER_TESTS_BENCH_PEERS_CONNECTION_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

// The client's side of TLS for all connections: its certificate, and the authority that it trusts.
class TlsContext {
 public:
  // Files in PEM. many_connections: buffers are given back while a connection is idle, as a client of thousands must.
  TlsContext(const std::string& ca_file, const std::string& certificate_file, const std::string& key_file,
             bool many_connections);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* const context_;
};

class Connection : public Channel {
 public:
  // Connects to 127.0.0.1. `tls` is not owned and outlives this.
  Connection(const TlsContext& tls, uint16_t port);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void StartTls() override;
  void Write(absl::string_view bytes) override;
  std::string ReadLine() override;
  std::string Read(size_t bytes) override;

  // From here on nothing blocks. Registers with `epoll`, whose events carry `data`.
  void JoinEpoll(int epoll, void* data);

  // What is to be sent: appended to by the session, sent by Flush.
  std::string& out() { return out_; }
  // Sends what the socket takes; the rest when epoll says that there is room.
  void Flush();

  // Reads and parses until nothing is left to read, then flushes. False when the broker has closed the connection.
  bool Pump(Session& session, Listener& listener);

 private:
  // How many bytes came; 0 when none is there, -1 when the connection is closed.
  ptrdiff_t ReadSome();
  absl::string_view Unread() const { return absl::string_view(in_.data() + begin_, end_ - begin_); }

  const TlsContext& tls_;
  const int socket_;
  SSL* ssl_ = nullptr;
  int epoll_ = -1;
  void* epoll_data_ = nullptr;
  bool wants_write_ = false;

  std::string out_;
  size_t sent_ = 0;
  // What was read and not parsed is in_[begin_, end_).
  std::vector<char> in_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_CONNECTION_H_
