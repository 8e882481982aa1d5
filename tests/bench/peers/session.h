// What this program needs of a broker's protocol: one session on one connection, and nothing of sockets, so that the
// parsing can be tested byte by byte.
//
// A session first shakes hands over a Channel, which blocks; then it only turns messages into bytes (Publish) and bytes
// into what a Listener is told (Parse), so that all brokers cost the client about the same.
#ifndef MUSTER_TESTS_BENCH_PEERS_SESSION_H_
#define MUSTER_TESTS_BENCH_PEERS_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace muster::peers {

// Says on standard error what is wrong and ends the process with code 2. A load that cannot go on has nothing to save.
[[noreturn]] void Fail(absl::string_view what);

// A connection that blocks, for handshakes. What goes wrong on it ends the process (Fail).
class Channel {
 public:
  virtual ~Channel() = default;

  // Mutual TLS over the connection; everything afterwards goes through it.
  virtual void StartTls() = 0;
  virtual void Write(absl::string_view bytes) = 0;
  // Up to CR LF, which is taken and not returned.
  virtual std::string ReadLine() = 0;
  virtual std::string Read(size_t bytes) = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;

  // The next `count` messages in the order of publishing are acknowledged as the broker's configuration has it.
  virtual void OnAcknowledged(uint64_t count) = 0;
  virtual void OnMessage(absl::string_view payload) = 0;
  // The broker refused something. A refused publication is acknowledged too, so that the window moves on.
  virtual void OnError(absl::string_view what) = 0;
};

enum class Role { kPublisher, kReader };
enum class From { kNow, kBeginning };

class Session {
 public:
  virtual ~Session() = default;

  virtual void Open(Channel& channel, Role role) = 0;
  // From::kNow returns once the broker delivers what is published from then on. From::kBeginning returns when it has
  // been asked: what it answers is for Parse.
  virtual void Subscribe(Channel& channel, From from) = 0;

  // Appends one publication to `out`.
  virtual void Publish(absl::string_view payload, std::string& out) = 0;
  // To be called after the Publish calls of one go: a protocol that puts several into one frame ends it.
  virtual void EndOfGo(std::string& /*out*/) {}
  // Takes what is whole at the front of `input`, tells `listener`, and appends what the protocol must answer to `out`.
  // Returns how many bytes were taken: the rest comes again, with more behind it.
  virtual size_t Parse(absl::string_view input, std::string& out, Listener& listener) = 0;
};

// A broker: what it must be told once, and its sessions.
class Peer {
 public:
  virtual ~Peer() = default;

  // Makes the place to publish to, empty.
  virtual void Prepare(Channel& channel) = 0;
  // `index` tells the sessions of one role apart.
  virtual std::unique_ptr<Session> NewSession(int index) = 0;
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_SESSION_H_
