// RabbitMQ's native stream protocol: one stream, publications confirmed by number, deliveries in chunks with credit.
// Source: https://github.com/rabbitmq/rabbitmq-server/blob/v3.10.x/deps/rabbitmq_stream/docs/PROTOCOL.adoc
#ifndef MUSTER_TESTS_BENCH_PEERS_RABBIT_STREAM_H_
#define MUSTER_TESTS_BENCH_PEERS_RABBIT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

class RabbitStreamSession : public Session {
 public:
  void Open(Channel& channel, Role role) override;
  void Subscribe(Channel& channel, From from) override;
  void Publish(absl::string_view payload, std::string& out) override;
  void EndOfGo(std::string& out) override;
  size_t Parse(absl::string_view input, std::string& out, Listener& listener) override;

 private:
  // The Publish frame that is open, without its first bytes, which say how much is in it.
  std::string open_frame_;
  uint32_t open_messages_ = 0;
  uint64_t next_publishing_id_ = 1;
};

class RabbitStreamPeer : public Peer {
 public:
  void Prepare(Channel& channel) override;
  std::unique_ptr<Session> NewSession(int /*index*/) override { return std::make_unique<RabbitStreamSession>(); }
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_RABBIT_STREAM_H_
