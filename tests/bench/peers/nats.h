// NATS with a JetStream stream on disk. Publications are acknowledged by the stream. Readers are subscribers of the
// subject (core) or push consumers of the stream.
// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol and .../nats_api_reference
#ifndef MUSTER_TESTS_BENCH_PEERS_NATS_H_
#define MUSTER_TESTS_BENCH_PEERS_NATS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

class NatsSession : public Session {
 public:
  // core_readers: From::kNow subscribes to the subject itself, without a consumer of the stream.
  NatsSession(int index, bool core_readers) : index_(index), core_readers_(core_readers) {}

  void Open(Channel& channel, Role role) override;
  void Subscribe(Channel& channel, From from) override;
  void Publish(absl::string_view payload, std::string& out) override;
  size_t Parse(absl::string_view input, std::string& out, Listener& listener) override;

  // Calls JetStream and returns its answer, JSON.
  std::string Call(Channel& channel, absl::string_view subject, absl::string_view body);

 private:
  struct Header;

  // What `header` announced, whole.
  void TakeMessage(const Header& header, absl::string_view body, std::string& out, Listener& listener) const;

  const int index_;
  const bool core_readers_;
  std::string publish_prefix_;
};

class NatsPeer : public Peer {
 public:
  explicit NatsPeer(bool core_readers) : core_readers_(core_readers) {}

  void Prepare(Channel& channel) override;
  std::unique_ptr<Session> NewSession(int index) override {
    return std::make_unique<NatsSession>(index, core_readers_);
  }

 private:
  const bool core_readers_;
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_NATS_H_
