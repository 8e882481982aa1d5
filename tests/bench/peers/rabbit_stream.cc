#include "tests/bench/peers/rabbit_stream.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/bench/peers/bytes.h"

namespace muster::peers {
namespace {

constexpr absl::string_view kStream = "muster-bench";
constexpr absl::string_view kLogin("\0guest\0guest", 12);

// Keys of commands; an answer has the highest bit too.
enum Key : uint16_t {
  kDeclarePublisher = 1,
  kPublish = 2,
  kPublishConfirm = 3,
  kPublishError = 4,
  kSubscribe = 7,
  kDeliver = 8,
  kCredit = 9,
  kCreate = 0x0d,
  kDelete = 0x0e,
  kPeerProperties = 0x11,
  kSaslHandshake = 0x12,
  kSaslAuthenticate = 0x13,
  kTune = 0x14,
  kOpen = 0x15,
};
constexpr uint16_t kAnswer = 0x8000;
constexpr uint16_t kCodeOk = 1;
constexpr uint16_t kVersion = 1;

constexpr size_t kLengthBytes = 4;
// Length, key and version, which begin every frame.
constexpr size_t kFrameHeadBytes = 8;
constexpr size_t kOpenFrameBytesMax = 200'000;
constexpr uint16_t kCreditAtStart = 20;
// From the chunk's first byte to its entries, and to the number of those.
constexpr size_t kChunkHeadBytes = 48;
constexpr size_t kChunkEntriesAt = 2;

std::string Command(Key key) {
  std::string body;
  AppendBigEndian<uint16_t>(key, body);
  AppendBigEndian(kVersion, body);
  return body;
}

// A command that is answered. Only one waits at a time, so that the correlation id says nothing.
std::string Request(Key key) {
  std::string body = Command(key);
  AppendBigEndian<uint32_t>(1, body);
  return body;
}

void Send(Channel& channel, absl::string_view body) {
  std::string frame;
  AppendBigEndian(static_cast<uint32_t>(body.size()), frame);
  channel.Write(absl::StrCat(frame, body));
}

// The next frame with that key, from its key on; others are skipped.
std::string Await(Channel& channel, uint16_t key) {
  while (true) {
    const std::string length = channel.Read(kLengthBytes);
    std::string frame = channel.Read(BigEndianAt<uint32_t>(length, 0));
    if (BigEndianAt<uint16_t>(frame, 0) == key) return frame;
  }
}

// Sends and waits for the answer's code.
uint16_t Ask(Channel& channel, Key key, absl::string_view body) {
  Send(channel, body);
  return BigEndianAt<uint16_t>(Await(channel, key | kAnswer), 8);
}

void MustAsk(Channel& channel, Key key, absl::string_view body) {
  const uint16_t code = Ask(channel, key, body);
  if (code != kCodeOk) Fail(absl::StrCat("rabbit stream: command ", key, ": code ", code));
}

void TakeChunk(absl::string_view chunk, Listener& listener) {
  size_t at = kChunkHeadBytes;
  for (uint16_t left = BigEndianAt<uint16_t>(chunk, kChunkEntriesAt); left > 0; --left) {
    const uint32_t bytes = BigEndianAt<uint32_t>(chunk, at);
    if (bytes >> 31 != 0) Fail("rabbit stream: an entry of several messages, which nobody here publishes");
    listener.OnMessage(chunk.substr(at + 4, bytes));
    at += 4 + bytes;
  }
}

}  // namespace

void RabbitStreamSession::Open(Channel& channel, Role role) {
  channel.StartTls();
  std::string body = Request(kPeerProperties);
  AppendBigEndian<uint32_t>(0, body);
  MustAsk(channel, kPeerProperties, body);
  MustAsk(channel, kSaslHandshake, Request(kSaslHandshake));
  body = Request(kSaslAuthenticate);
  AppendText16("PLAIN", body);
  AppendBigEndian(static_cast<uint32_t>(kLogin.size()), body);
  absl::StrAppend(&body, kLogin);
  MustAsk(channel, kSaslAuthenticate, body);

  const std::string tune = Await(channel, kTune);
  body = Command(kTune);
  AppendBigEndian(BigEndianAt<uint32_t>(tune, 4), body);  // The frame size that the broker named.
  AppendBigEndian<uint32_t>(0, body);                     // No heartbeats.
  Send(channel, body);
  body = Request(kOpen);
  AppendText16("/", body);
  MustAsk(channel, kOpen, body);
  if (role == Role::kReader) return;

  body = Request(kDeclarePublisher);
  AppendBigEndian<uint8_t>(1, body);
  AppendText16("", body);
  AppendText16(kStream, body);
  MustAsk(channel, kDeclarePublisher, body);
}

void RabbitStreamSession::Subscribe(Channel& channel, From from) {
  std::string body = Request(kSubscribe);
  AppendBigEndian<uint8_t>(1, body);
  AppendText16(kStream, body);
  AppendBigEndian<uint16_t>(from == From::kBeginning ? 1 : 3, body);  // First, or next.
  AppendBigEndian(kCreditAtStart, body);
  if (from == From::kBeginning) return Send(channel, body);
  MustAsk(channel, kSubscribe, body);
}

void RabbitStreamSession::Publish(absl::string_view payload, std::string& out) {
  AppendBigEndian(next_publishing_id_++, open_frame_);
  AppendBigEndian(static_cast<uint32_t>(payload.size()), open_frame_);
  open_frame_.append(payload.data(), payload.size());
  ++open_messages_;
  if (open_frame_.size() > kOpenFrameBytesMax) EndOfGo(out);
}

void RabbitStreamSession::EndOfGo(std::string& out) {
  if (open_messages_ == 0) return;
  std::string head = Command(kPublish);
  AppendBigEndian<uint8_t>(1, head);
  AppendBigEndian(open_messages_, head);
  AppendBigEndian(static_cast<uint32_t>(head.size() + open_frame_.size()), out);
  absl::StrAppend(&out, head, open_frame_);
  open_frame_.clear();
  open_messages_ = 0;
}

size_t RabbitStreamSession::Parse(absl::string_view input, std::string& out, Listener& listener) {
  size_t taken = 0;
  uint16_t chunks = 0;
  while (input.size() >= taken + kFrameHeadBytes) {
    const size_t bytes = kLengthBytes + BigEndianAt<uint32_t>(input, taken);
    if (input.size() < taken + bytes) break;
    const absl::string_view frame = input.substr(taken, bytes);
    const uint16_t key = BigEndianAt<uint16_t>(frame, kLengthBytes);
    if (key == kPublishConfirm || key == kPublishError) {
      if (key == kPublishError) listener.OnError("rabbit stream: a publication was refused");
      listener.OnAcknowledged(BigEndianAt<uint32_t>(frame, kFrameHeadBytes + 1));
    } else if (key == kDeliver) {
      TakeChunk(frame.substr(kFrameHeadBytes + 1), listener);
      ++chunks;
    } else if (key == (kSubscribe | kAnswer) && BigEndianAt<uint16_t>(frame, kFrameHeadBytes + 4) != kCodeOk) {
      listener.OnError("rabbit stream: not subscribed");
    }
    taken += bytes;
  }
  if (chunks > 0) {  // As many chunks again.
    std::string body = Command(kCredit);
    AppendBigEndian<uint8_t>(1, body);
    AppendBigEndian(chunks, body);
    AppendBigEndian(static_cast<uint32_t>(body.size()), out);
    out.append(body);
  }
  return taken;
}

void RabbitStreamPeer::Prepare(Channel& channel) {
  RabbitStreamSession().Open(channel, Role::kReader);
  std::string body = Request(kDelete);
  AppendText16(kStream, body);
  Ask(channel, kDelete, body);
  body = Request(kCreate);
  AppendText16(kStream, body);
  AppendBigEndian<uint32_t>(0, body);
  // Right after it has started, the broker may have no leader for streams yet.
  for (int attempt = 0; Ask(channel, kCreate, body) != kCodeOk; ++attempt) {
    if (attempt == 20) Fail("rabbit stream: the stream could not be made");
    usleep(200'000);
  }
}

}  // namespace muster::peers
