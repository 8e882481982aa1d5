#include "tests/bench/peers/mqtt.h"

#include "absl/strings/str_cat.h"
#include "tests/bench/peers/bytes.h"

namespace muster::peers {
namespace {

constexpr absl::string_view kTopic = "ops/x";

// First bytes of packets: the type, and its flags.
constexpr char kConnect = 0x10;
constexpr char kPublishQos1 = 0x32;
constexpr char kPubAck = 0x40;
constexpr char kSubscribe = static_cast<char>(0x82);

constexpr int kTypePublish = 3;
constexpr int kTypePubAck = 4;

void AppendRemainingLength(size_t bytes, std::string& out) {
  do {
    const size_t low = bytes % 128;
    bytes /= 128;
    out.push_back(static_cast<char>(bytes > 0 ? low | 128 : low));
  } while (bytes > 0);
}

// The packet at the front of `input`: where its body begins and ends. False when it is not whole yet.
bool WholePacket(absl::string_view input, size_t* body_at, size_t* end) {
  size_t length = 0;
  for (size_t i = 1; i < input.size() && i <= 4; ++i) {
    const auto byte = static_cast<unsigned char>(input[i]);
    length |= static_cast<size_t>(byte & 127) << (7 * (i - 1));
    if ((byte & 128) != 0) continue;
    *body_at = i + 1;
    *end = i + 1 + length;
    return input.size() >= *end;
  }
  return false;
}

std::string Packet(char first, absl::string_view body) {
  std::string packet(1, first);
  AppendRemainingLength(body.size(), packet);
  return absl::StrCat(packet, body);
}

}  // namespace

void MqttSession::Open(Channel& channel, Role role) {
  channel.StartTls();
  const bool clean = role == Role::kPublisher;
  std::string body;
  AppendText16("MQTT", body);
  body.push_back(4);                   // 3.1.1
  body.push_back(clean ? 2 : 0);       // Whether the session ends with the connection.
  AppendBigEndian<uint16_t>(0, body);  // No keep-alive.
  AppendText16(absl::StrCat(clean ? "p" : "s", index_), body);
  channel.Write(Packet(kConnect, body));
  const std::string answer = channel.Read(4);
  if (answer[3] != 0) Fail(absl::StrCat("mqtt: not let in: ", static_cast<int>(answer[3])));
}

void MqttSession::Subscribe(Channel& channel, From from) {
  if (from != From::kNow) Fail("mqtt: there is no history to read");
  std::string body;
  AppendBigEndian<uint16_t>(1, body);
  AppendText16(kTopic, body);
  body.push_back(1);  // QoS
  channel.Write(Packet(kSubscribe, body));
  const std::string answer = channel.Read(5);
  if (answer[4] != 1) Fail("mqtt: not subscribed");
}

void MqttSession::Publish(absl::string_view payload, std::string& out) {
  if (++last_packet_id_ == 0) last_packet_id_ = 1;
  out.push_back(kPublishQos1);
  AppendRemainingLength(2 + kTopic.size() + 2 + payload.size(), out);
  AppendText16(kTopic, out);
  AppendBigEndian(last_packet_id_, out);
  out.append(payload.data(), payload.size());
}

size_t MqttSession::Parse(absl::string_view input, std::string& out, Listener& listener) {
  size_t taken = 0;
  while (true) {
    const absl::string_view packet = input.substr(taken);
    size_t at = 0;
    size_t end = 0;
    if (!WholePacket(packet, &at, &end)) return taken;
    const auto first = static_cast<unsigned char>(packet[0]);
    if (first >> 4 == kTypePubAck) {
      listener.OnAcknowledged(1);
    } else if (first >> 4 == kTypePublish) {
      at += 2 + BigEndianAt<uint16_t>(packet, at);
      if (((first >> 1) & 3) != 0) {  // QoS 1: acknowledged with its packet id.
        out.push_back(kPubAck);
        out.push_back(2);
        out.append(packet.data() + at, 2);
        at += 2;
      }
      listener.OnMessage(packet.substr(at, end - at));
    }
    taken += end;
  }
}

void MqttPeer::Prepare(Channel& channel) { MqttSession(0).Open(channel, Role::kPublisher); }

}  // namespace muster::peers
