// Readers of feeds, each with a connection of its own, that check that nothing is missing.
//
// Threading: that of the loop.
#ifndef MUSTER_CLIENT_BENCH_FEED_READER_H_
#define MUSTER_CLIENT_BENCH_FEED_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/bench/answers.h"
#include "client/bench/epoll_loop.h"
#include "client/bench/grpc_stream.h"
#include "client/bench/route.h"

namespace muster::bench {

class FeedReader final : private GrpcStream::Owner {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // `now_ns` is when the message that held it arrived.
    virtual void OnDelivery(FeedReader& reader, const DeliveryView& delivery, int64_t now_ns) = 0;
    // The stream is over; broken() says why.
    virtual void OnBroken(FeedReader&) {}
  };

  // What is given here is not owned and outlives this. `identity` may be null: the route's certificate. `index` is the
  // caller's.
  FeedReader(EpollLoop* loop, const Route* route, const Identity* identity, Listener* listener, size_t index);

  // Begins to connect, for what happens from now on or for everything from the beginning.
  absl::Status Start(bool from_now, bool reads_ahead);

  size_t index() const { return index_; }
  // Whether the broker has said that this reader has the present.
  bool caught_up() const { return caught_up_; }
  uint64_t deliveries() const { return deliveries_; }
  // Deliveries that did not follow the one before them by their cursors, and messages that could not be read.
  uint64_t gaps() const { return chain_.gaps() + unreadable_; }
  const absl::Status& broken() const { return broken_; }
  uint64_t received_bytes() const { return stream_.received_bytes(); }

 private:
  void OnMessage(GrpcStream& stream, absl::string_view message) override;
  void OnEnd(GrpcStream& stream, const absl::Status& status) override;

  Listener* const listener_;
  const size_t index_;
  GrpcStream stream_;
  CursorChain chain_;
  bool caught_up_ = false;
  uint64_t deliveries_ = 0;
  uint64_t unreadable_ = 0;
  absl::Status broken_;
};

// Many of them, which start with what happens from now on.
class FeedReaders {
 public:
  // A reader for each of `identities`, or, when there are none, `count` as the route's certificate.
  FeedReaders(EpollLoop* loop, const Route* route, const std::vector<Identity>& identities, size_t count,
              FeedReader::Listener* listener);

  // Connects all, so many at a time as a broker's handshakes leave time for, and waits until each has the present. Lets
  // the process have as many sockets as that takes; RESOURCE_EXHAUSTED when it may not.
  absl::Status OpenAll();

  // Waits until `done` or for so long; false when time ran out.
  bool PollUntil(absl::FunctionRef<bool()> done, absl::Duration patience);

  size_t size() const { return readers_.size(); }
  uint64_t gaps() const;
  absl::Status broken() const;

 private:
  EpollLoop* const loop_;
  std::vector<std::unique_ptr<FeedReader>> readers_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_FEED_READER_H_
