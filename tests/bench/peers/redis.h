// Redis with one stream: XADD, and XREAD that blocks. The server decides when an answer to XADD comes (appendfsync).
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP2)
#ifndef MUSTER_TESTS_BENCH_PEERS_REDIS_H_
#define MUSTER_TESTS_BENCH_PEERS_REDIS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

class RedisSession : public Session {
 public:
  void Open(Channel& channel, Role role) override;
  void Subscribe(Channel& channel, From from) override;
  void Publish(absl::string_view payload, std::string& out) override;
  size_t Parse(absl::string_view input, std::string& out, Listener& listener) override;

 private:
  // Appends the XREAD that asks for up to 1,000 entries after last_id_.
  void AppendRead(std::string& out) const;

  // Where the reader is: "$" is the end.
  std::string last_id_;
  // Entries of the answer to XREAD that have not been parsed yet.
  int64_t entries_left_ = 0;
};

class RedisPeer : public Peer {
 public:
  void Prepare(Channel& channel) override;
  std::unique_ptr<Session> NewSession(int /*index*/) override { return std::make_unique<RedisSession>(); }
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_REDIS_H_
