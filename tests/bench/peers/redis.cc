#include "tests/bench/peers/redis.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::peers {
namespace {

constexpr absl::string_view kCrLf = "\r\n";

// Reads the items of an answer one after another. Each method is false when the item is not whole yet.
class Items {
 public:
  explicit Items(absl::string_view input) : input_(input) {}

  size_t taken() const { return at_; }
  char type() const { return type_; }
  // Of "$" and "*": how long it is; -1 is none.
  int64_t number() const { return number_; }
  absl::string_view line() const { return line_; }

  bool Line() {
    const size_t end = input_.find('\n', at_);
    if (end == absl::string_view::npos || end == at_) return false;
    line_ = input_.substr(at_, end - 1 - at_);
    type_ = line_.empty() ? '\0' : line_.front();
    if (line_.empty() || !absl::SimpleAtoi(line_.substr(1), &number_)) number_ = 0;
    at_ = end + 1;
    return true;
  }

  // A string with its length before it.
  bool Text(absl::string_view* text) { return Line() && Body(text); }

  // What follows a "$" line.
  bool Body(absl::string_view* text) {
    const size_t bytes = number_ < 0 ? 0 : static_cast<size_t>(number_);
    if (input_.size() < at_ + bytes + kCrLf.size()) return false;
    *text = input_.substr(at_, bytes);
    at_ += bytes + kCrLf.size();
    return true;
  }

 private:
  const absl::string_view input_;
  size_t at_ = 0;
  char type_ = '\0';
  int64_t number_ = 0;
  absl::string_view line_;
};

}  // namespace

void RedisSession::Open(Channel& channel, Role /*role*/) {
  channel.StartTls();
  channel.Write("PING\r\n");
  const std::string answer = channel.ReadLine();
  if (answer != "+PONG") Fail(absl::StrCat("redis: ", answer));
}

void RedisSession::AppendRead(std::string& out) const {
  absl::StrAppend(&out,
                  "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$4\r\n1000\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n$7\r\nSTREAMS\r\n$1\r\ns"
                  "\r\n$",
                  last_id_.size(), kCrLf, last_id_, kCrLf);
}

void RedisSession::Subscribe(Channel& channel, From from) {
  last_id_ = from == From::kBeginning ? "0-0" : "$";
  std::string request;
  AppendRead(request);
  channel.Write(request);
}

void RedisSession::Publish(absl::string_view payload, std::string& out) {
  absl::StrAppend(&out, "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\np\r\n$", payload.size(), kCrLf, payload,
                  kCrLf);
}

size_t RedisSession::Parse(absl::string_view input, std::string& out, Listener& listener) {
  size_t taken = 0;
  while (true) {
    Items items(input.substr(taken));
    absl::string_view ignored;
    if (entries_left_ == 0) {
      if (!items.Line()) return taken;
      if (items.type() == '-') {
        listener.OnError(items.line());
        listener.OnAcknowledged(1);
      } else if (items.type() == '$') {  // The id that XADD gave.
        if (!items.Body(&ignored)) return taken;
        listener.OnAcknowledged(1);
      } else if (items.type() == '*' && items.number() > 0) {
        // [[stream, [entry, ...]]]: the entries are parsed one by one.
        if (!items.Line() || !items.Text(&ignored) || !items.Line()) return taken;
        entries_left_ = items.number();
      }
    } else {
      // [id, [field, payload]]
      absl::string_view id;
      absl::string_view payload;
      if (!items.Line() || !items.Text(&id) || !items.Line() || !items.Text(&ignored) || !items.Text(&payload)) {
        return taken;
      }
      listener.OnMessage(payload);
      if (--entries_left_ == 0) {
        last_id_.assign(id.data(), id.size());
        AppendRead(out);
      }
    }
    taken += items.taken();
  }
}

void RedisPeer::Prepare(Channel& channel) {
  RedisSession().Open(channel, Role::kPublisher);
  channel.Write("FLUSHALL\r\n");
  const std::string answer = channel.ReadLine();
  if (answer != "+OK") Fail(absl::StrCat("redis: ", answer));
}

}  // namespace muster::peers
