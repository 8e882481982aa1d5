// Each protocol's parser is given one conversation whole, and one byte at a time, and must tell the same.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bench/peers/bytes.h"
#include "tests/bench/peers/mqtt.h"
#include "tests/bench/peers/nats.h"
#include "tests/bench/peers/rabbit_stream.h"
#include "tests/bench/peers/redis.h"

namespace muster::peers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Heard : public Listener {
 public:
  void OnAcknowledged(uint64_t count) override { acknowledged += count; }
  void OnMessage(absl::string_view payload) override { messages.emplace_back(payload); }
  void OnError(absl::string_view what) override { errors.emplace_back(what); }

  uint64_t acknowledged = 0;
  std::vector<std::string> messages;
  std::vector<std::string> errors;
  // What the session answered, and what it left because it was not whole.
  std::string answers;
  std::string left;
};

// `step` bytes come at a time.
Heard Hear(Session& session, absl::string_view input, size_t step) {
  Heard heard;
  for (size_t at = 0; at < input.size(); at += step) {
    absl::StrAppend(&heard.left, input.substr(at, step));
    const size_t taken = session.Parse(heard.left, heard.answers, heard);
    heard.left.erase(0, taken);
  }
  return heard;
}

template <typename NewSession>
Heard HearBothWays(const NewSession& new_session, absl::string_view input) {
  auto whole = new_session();
  auto in_bytes = new_session();
  const Heard at_once = Hear(whole, input, input.size());
  Heard byte_by_byte = Hear(in_bytes, input, 1);
  EXPECT_EQ(at_once.acknowledged, byte_by_byte.acknowledged);
  EXPECT_EQ(at_once.messages, byte_by_byte.messages);
  EXPECT_EQ(at_once.errors, byte_by_byte.errors);
  EXPECT_EQ(at_once.left, byte_by_byte.left);
  return byte_by_byte;
}

NatsSession NewNats() { return NatsSession(0, /*core_readers=*/true); }
RedisSession NewRedis() { return RedisSession(); }
MqttSession NewMqtt() { return MqttSession(0); }
RabbitStreamSession NewRabbit() { return RabbitStreamSession(); }

std::string Framed(const std::string& body) {
  std::string frame;
  AppendBigEndian(static_cast<uint32_t>(body.size()), frame);
  return frame + body;
}

std::string NatsMessage(absl::string_view header, absl::string_view body) {
  return absl::StrCat("MSG ", header, " ", body.size(), "\r\n", body, "\r\n");
}

TEST(NatsSessionTest, AcknowledgementsMessagesAndRefusalsAreToldApart) {
  const Heard heard = HearBothWays(
      NewNats, absl::StrCat(NatsMessage("_INBOX.p0 1", "{\"stream\":\"S\", \"seq\":12345678}"),
                            NatsMessage("ops.x 2", "pay\r\nld"), "PING\r\n", NatsMessage("ops.x 2 reply.to", "hi"),
                            NatsMessage("_INBOX.p0 1", "{\"error\":{\"code\":503}}"), "-ERR 'Stale'\r\n",
                            "MSG ops.x 2 5\r\nhal"));
  EXPECT_EQ(heard.acknowledged, 2);
  EXPECT_THAT(heard.messages, ElementsAre("pay\r\nld", "hi"));
  EXPECT_THAT(heard.errors, SizeIs(2));
  EXPECT_EQ(heard.answers, "PONG\r\n");
  EXPECT_EQ(heard.left, "MSG ops.x 2 5\r\nhal");
}

TEST(NatsSessionTest, FlowControlIsAnsweredWhereItSays) {
  const std::string request = "NATS/1.0 100 FlowControl Request\r\n\r\n";
  const std::string heartbeat = "NATS/1.0 100 Idle Heartbeat\r\nNats-Consumer-Stalled: fc.2\r\n\r\n";
  const Heard heard = HearBothWays(
      NewNats, absl::StrCat("HMSG _DLV.0 2 fc.1 ", request.size(), " ", request.size(), "\r\n", request, "\r\n",
                            "HMSG _DLV.0 2 ", heartbeat.size(), " ", heartbeat.size(), "\r\n", heartbeat, "\r\n"));
  EXPECT_EQ(heard.answers, "PUB fc.1 0\r\n\r\nPUB fc.2 0\r\n\r\n");
  EXPECT_THAT(heard.messages, IsEmpty());
}

TEST(RedisSessionTest, EachAnswerToXaddIsOneAcknowledgement) {
  const Heard heard =
      HearBothWays(NewRedis, "$15\r\n1700000000000-0\r\n-OOM command not allowed\r\n$3\r\n1-1\r\n$9\r\n1-");
  EXPECT_EQ(heard.acknowledged, 3);
  EXPECT_THAT(heard.errors, ElementsAre("-OOM command not allowed"));
  EXPECT_EQ(heard.left, "$9\r\n1-");
}

TEST(RedisSessionTest, ReadsOnAfterTheLastEntryOfAnAnswer) {
  const Heard heard = HearBothWays(NewRedis,
                                   "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n"
                                   "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\np\r\n$5\r\none\r\n\r\n"
                                   "*2\r\n$3\r\n1-7\r\n*2\r\n$1\r\np\r\n$3\r\ntwo\r\n");
  EXPECT_THAT(heard.messages, ElementsAre("one\r\n", "two"));
  EXPECT_THAT(heard.answers, testing::EndsWith("STREAMS\r\n$1\r\ns\r\n$3\r\n1-7\r\n"));
  EXPECT_EQ(heard.left, "");
}

TEST(MqttSessionTest, APublicationIsReadBackAndAcknowledgedByItsPacketId) {
  MqttSession publisher(0);
  std::string published;
  publisher.Publish("first", published);
  publisher.Publish(std::string(300, 'x'), published);  // Its length takes two bytes.
  const std::string puback("\x40\x02\x00\x01", 4);
  const Heard heard = HearBothWays(NewMqtt, absl::StrCat(published, puback, "\x32\x7f"));
  EXPECT_THAT(heard.messages, ElementsAre("first", std::string(300, 'x')));
  EXPECT_EQ(heard.answers, std::string("\x40\x02\x00\x01\x40\x02\x00\x02", 8));
  EXPECT_EQ(heard.acknowledged, 1);
  EXPECT_EQ(heard.left, "\x32\x7f");
}

TEST(RabbitStreamSessionTest, PublicationsOfOneGoAreOneFrame) {
  RabbitStreamSession session;
  std::string out;
  session.Publish("one", out);
  session.Publish("three", out);
  EXPECT_EQ(out, "");
  session.EndOfGo(out);
  session.EndOfGo(out);
  // Length; Publish, version 1, publisher 1, two messages; each with its number and length.
  EXPECT_EQ(out, Framed(std::string("\0\2\0\1\1\0\0\0\2", 9) + std::string("\0\0\0\0\0\0\0\1\0\0\0\3one", 15) +
                        std::string("\0\0\0\0\0\0\0\2\0\0\0\5three", 17)));
}

TEST(RabbitStreamSessionTest, ConfirmsErrorsAndChunksAreToldApart) {
  const std::string confirm = Framed(std::string("\0\3\0\1\1\0\0\0\2", 9) + std::string(16, '\0'));
  const std::string error = Framed(std::string("\0\4\0\1\1\0\0\0\1", 9) + std::string(10, '\0'));
  const std::string chunk_head = std::string("\x50\0\0\2", 4) + std::string(44, '\0');
  const std::string deliver =
      Framed(std::string("\0\x08\0\1\1", 5) + chunk_head + std::string("\0\0\0\2hi\0\0\0\0", 10));
  const Heard heard = HearBothWays(NewRabbit, absl::StrCat(confirm, error, deliver, absl::string_view("\0\0\0\x9", 4)));
  EXPECT_EQ(heard.acknowledged, 3);
  EXPECT_THAT(heard.errors, SizeIs(1));
  EXPECT_THAT(heard.messages, ElementsAre("hi", ""));
  EXPECT_EQ(heard.answers, Framed(std::string("\0\x9\0\1\1\0\1", 7)));
  EXPECT_EQ(heard.left, std::string("\0\0\0\x9", 4));
}

}  // namespace
}  // namespace muster::peers
