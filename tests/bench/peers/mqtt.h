// MQTT 3.1.1 at QoS 1. Readers have sessions that outlive their connections, as an agency's feed does.
// Source: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html
#ifndef MUSTER_TESTS_BENCH_PEERS_MQTT_H_
#define MUSTER_TESTS_BENCH_PEERS_MQTT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

class MqttSession : public Session {
 public:
  explicit MqttSession(int index) : index_(index) {}

  void Open(Channel& channel, Role role) override;
  // Only From::kNow: a broker of MQTT keeps no history.
  void Subscribe(Channel& channel, From from) override;
  void Publish(absl::string_view payload, std::string& out) override;
  size_t Parse(absl::string_view input, std::string& out, Listener& listener) override;

 private:
  const int index_;
  uint16_t last_packet_id_ = 0;
};

class MqttPeer : public Peer {
 public:
  void Prepare(Channel& channel) override;
  std::unique_ptr<Session> NewSession(int index) override { return std::make_unique<MqttSession>(index); }
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_MQTT_H_
