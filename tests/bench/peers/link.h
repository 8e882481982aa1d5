// A way to publish to a broker, whatever speaks to it: a session of ours on a connection of ours, or PostgreSQL's
// library.
#ifndef MUSTER_TESTS_BENCH_PEERS_LINK_H_
#define MUSTER_TESTS_BENCH_PEERS_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "tests/bench/peers/connection.h"
#include "tests/bench/peers/session.h"

namespace muster::peers {

class Link {
 public:
  virtual ~Link() = default;

  // Events of `epoll` carry `data`; after each, Pump.
  virtual void JoinEpoll(int epoll, void* data) = 0;
  virtual void Publish(absl::string_view payload) = 0;
  // Sends what was published.
  virtual void Flush() = 0;
  // Reads what has come and tells `listener`. False when the connection is closed.
  virtual bool Pump(Listener& listener) = 0;
};

class SessionLink : public Link {
 public:
  // Shakes hands. `tls` is not owned and outlives this.
  SessionLink(const TlsContext& tls, uint16_t port, std::unique_ptr<Session> session, Role role)
      : connection_(tls, port), session_(std::move(session)) {
    session_->Open(connection_, role);
  }

  void Subscribe(From from) { session_->Subscribe(connection_, from); }

  void JoinEpoll(int epoll, void* data) override { connection_.JoinEpoll(epoll, data); }
  void Publish(absl::string_view payload) override { session_->Publish(payload, connection_.out()); }
  void Flush() override {
    session_->EndOfGo(connection_.out());
    if (!connection_.out().empty()) connection_.Flush();
  }
  bool Pump(Listener& listener) override { return connection_.Pump(*session_, listener); }

 private:
  Connection connection_;
  const std::unique_ptr<Session> session_;
};

// Makes the link of publisher number `index`.
using MakeLink = std::function<std::unique_ptr<Link>(int index)>;

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_LINK_H_
