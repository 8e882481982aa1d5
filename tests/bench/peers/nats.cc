#include "tests/bench/peers/nats.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::peers {
namespace {

// Subscription ids of a session.
constexpr char kAcknowledgements = '1';
constexpr char kDeliveries = '2';
constexpr char kCalls = '9';

constexpr absl::string_view kCrLf = "\r\n";
constexpr absl::string_view kStalled = "Nats-Consumer-Stalled: ";

void AwaitPong(Channel& channel) {
  while (channel.ReadLine() != "PONG") {
  }
}

// The number after the last space of a MSG or HMSG line: how many bytes follow, without the CR LF behind them.
size_t LastNumber(const std::string& line) {
  size_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(line).substr(line.rfind(' ') + 1), &number)) {
    Fail(absl::StrCat("nats: not a message: ", line));
  }
  return number;
}

}  // namespace

// A line such as "MSG <subject> <sid> [reply] <bytes>" or "HMSG <subject> <sid> [reply] <header bytes> <bytes>".
struct NatsSession::Header {
  explicit Header(absl::string_view line) {
    std::array<absl::string_view, 6> words;
    size_t count = 0;
    for (size_t at = 0; at < line.size() && count < words.size(); ++count) {
      const size_t end = std::min(line.find(' ', at), line.size());
      words[count] = line.substr(at, end - at);
      at = end + 1;
    }
    with_headers = line.front() == 'H';
    const size_t numbers = with_headers ? 2 : 1;
    valid = count >= 3 + numbers && absl::SimpleAtoi(words[count - 1], &bytes) &&
            (!with_headers || absl::SimpleAtoi(words[count - 2], &header_bytes)) && header_bytes <= bytes;
    if (!valid) return;
    subscription = words[2].front();
    if (count == 4 + numbers) reply = words[3];
  }

  bool valid = false;
  bool with_headers = false;
  char subscription = '\0';
  absl::string_view reply;
  size_t header_bytes = 0;
  size_t bytes = 0;  // With the headers.
};

void NatsSession::Open(Channel& channel, Role role) {
  channel.ReadLine();  // INFO, in clear.
  channel.StartTls();
  channel.Write(
      "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":true,\"lang\":\"c\",\"version\":\"1\","
      "\"protocol\":1,\"headers\":true,\"no_responders\":true}\r\nPING\r\n");
  AwaitPong(channel);
  if (role == Role::kReader) return;
  publish_prefix_ = absl::StrCat("PUB ops.x _INBOX.p", index_, " ");
  channel.Write(absl::StrCat("SUB _INBOX.p", index_, " 1\r\nPING\r\n"));
  AwaitPong(channel);
}

std::string NatsSession::Call(Channel& channel, absl::string_view subject, absl::string_view body) {
  const std::string inbox = absl::StrCat("_INBOX.c", index_);
  channel.Write(absl::StrCat("SUB ", inbox, " 9\r\nUNSUB 9 1\r\nPUB ", subject, " ", inbox, " ", body.size(), kCrLf,
                             body, kCrLf));
  const std::string own = absl::StrCat("MSG ", inbox, " ");
  while (true) {
    const std::string line = channel.ReadLine();
    if (absl::StartsWith(line, own)) {
      std::string answer = channel.Read(LastNumber(line) + kCrLf.size());
      answer.resize(answer.size() - kCrLf.size());
      return answer;
    }
    // HMSG: nobody serves that subject, which is JetStream being off.
    if (absl::StartsWith(line, "HMSG ")) Fail(absl::StrCat("nats: ", subject, ": no answer"));
    if (line == "PING") channel.Write("PONG\r\n");
  }
}

void NatsSession::Subscribe(Channel& channel, From from) {
  if (core_readers_ && from == From::kNow) {
    channel.Write("SUB ops.x 2\r\nPING\r\n");
    AwaitPong(channel);
    return;
  }
  const std::string subject = absl::StrCat("_DLV.", index_);
  const absl::string_view policy = from == From::kBeginning ? "all" : "new";
  const std::string body = absl::StrCat(
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"", subject, "\",\"deliver_policy\":\"", policy,
      "\",\"ack_policy\":\"none\",\"max_deliver\":1,\"replay_policy\":\"instant\",\"filter_subject\":\"ops.>\","
      "\"mem_storage\":true,\"num_replicas\":1,\"inactive_threshold\":60000000000,\"flow_control\":true,"
      "\"idle_heartbeat\":5000000000}}");
  channel.Write(absl::StrCat("SUB ", subject, " 2\r\n"));
  if (from == From::kNow) {
    const std::string answer = Call(channel, "$JS.API.CONSUMER.CREATE.S", body);
    if (absl::StrContains(answer, "\"error\"")) Fail(absl::StrCat("nats: ", answer));
    return;
  }
  // The first deliveries may come before the answer, so that Parse takes both.
  channel.Write(absl::StrCat("SUB _INBOX.c", index_, " 9\r\nPUB $JS.API.CONSUMER.CREATE.S _INBOX.c", index_, " ",
                             body.size(), kCrLf, body, kCrLf));
}

void NatsSession::Publish(absl::string_view payload, std::string& out) {
  absl::StrAppend(&out, publish_prefix_, payload.size(), kCrLf, payload, kCrLf);
}

void NatsSession::TakeMessage(const Header& header, absl::string_view body, std::string& out,
                              Listener& listener) const {
  if (header.with_headers) {
    // Flow control and heartbeats: answered with an empty message, to the subject that they name.
    absl::string_view answer_to = body.size() == header.header_bytes ? header.reply : absl::string_view();
    const size_t stalled = body.find(kStalled);
    if (stalled != absl::string_view::npos) {
      answer_to = body.substr(stalled + kStalled.size());
      answer_to = answer_to.substr(0, answer_to.find('\r'));
    }
    if (!answer_to.empty()) {
      absl::StrAppend(&out, "PUB ", answer_to, " 0\r\n\r\n");
    } else if (header.subscription == kAcknowledgements) {
      listener.OnError(body);
      listener.OnAcknowledged(1);
    }
    return;
  }
  if (header.subscription == kDeliveries) return listener.OnMessage(body);
  if (header.subscription != kAcknowledgements && header.subscription != kCalls) return;
  if (absl::StrContains(body, "\"error\"")) listener.OnError(body);
  if (header.subscription == kAcknowledgements) listener.OnAcknowledged(1);
}

size_t NatsSession::Parse(absl::string_view input, std::string& out, Listener& listener) {
  size_t taken = 0;
  while (true) {
    const absl::string_view rest = input.substr(taken);
    const size_t end = rest.find('\n');
    if (end == absl::string_view::npos || end == 0) return taken;
    const absl::string_view line = rest.substr(0, end - 1);
    const size_t body_at = end + 1;
    if (absl::StartsWith(line, "MSG ") || absl::StartsWith(line, "HMSG ")) {
      const Header header(line);
      if (!header.valid) Fail(absl::StrCat("nats: not a message: ", line));
      if (rest.size() < body_at + header.bytes + kCrLf.size()) return taken;
      TakeMessage(header, rest.substr(body_at, header.bytes), out, listener);
      taken += body_at + header.bytes + kCrLf.size();
      continue;
    }
    if (line == "PING") out.append("PONG\r\n");
    if (absl::StartsWith(line, "-")) listener.OnError(line);
    taken += body_at;
  }
}

void NatsPeer::Prepare(Channel& channel) {
  NatsSession session(0, core_readers_);
  session.Open(channel, Role::kReader);
  session.Call(channel, "$JS.API.STREAM.DELETE.S", "");
  const std::string made = session.Call(
      channel, "$JS.API.STREAM.CREATE.S",
      "{\"name\":\"S\",\"subjects\":[\"ops.>\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,"
      "\"max_bytes\":-1,\"max_age\":0,\"max_msg_size\":-1,\"storage\":\"file\",\"discard\":\"old\",\"num_replicas\":"
      "1}");
  if (absl::StrContains(made, "\"error\"")) Fail(absl::StrCat("nats: ", made));
}

}  // namespace muster::peers
