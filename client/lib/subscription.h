// An agency's feed, read so that nothing is missed: resumes by itself after a break, and proves that it did.
//
//   Subscription feed(connection, {.after_cursor = saved_cursor});
//   while (true) {
//     absl::StatusOr<std::optional<v1::Delivery>> next = feed.Next(absl::InfiniteDuration());
//     if (!next.ok()) return next.status();
//     if (*next) Store((*next)->notice(), (*next)->cursor());   // Together: the cursor says what has been stored.
//   }
#ifndef MUSTER_CLIENT_LIB_SUBSCRIPTION_H_
#define MUSTER_CLIENT_LIB_SUBSCRIPTION_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "common/revision.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct SubscriptionOptions {
  // The last delivery that the caller holds safely. Empty: from the beginning of history.
  std::string after_cursor = {};
  // Only what happens from now on; after_cursor must be empty.
  bool from_now = false;
  // Deliveries that may wait here for Next; then the broker is made to wait (it reads us from its disk).
  size_t queue_max = 1024;
};

// Owns a thread that reads the stream and reopens it from the last cursor, with growing waits, for as long as the break
// is of a kind that passes.
//
// Thread safety: Next from one thread; everything else from any.
class Subscription {
 public:
  Subscription(std::shared_ptr<Connection> connection, SubscriptionOptions options);
  // Cancels and joins.
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // The next delivery, waiting `patience` for one. Nothing when there is none by then, once when the feed has
  // caught up with the present (caught_up() turns true just before), and once when the stream breaks (see
  // at_present()).
  //
  // Errors, after which every further call returns the same:
  //   DATA_LOSS          a delivery does not follow the one before it; the message names both cursors;
  //   OUT_OF_RANGE       the broker no longer holds history from our cursor on: read the current state, then subscribe
  //                      from the cursor in that answer;
  //   UNAUTHENTICATED, PERMISSION_DENIED  the broker no longer accepts us;
  //   INVALID_ARGUMENT   the cursor is none;  CANCELLED  Cancel was called.
  absl::StatusOr<std::optional<v1::Delivery>> Next(absl::Duration patience);

  // The cursor of the last delivery that Next returned (at first: where the subscription began).
  std::string cursor() const;
  // Whether Next has given everything up to the present at some moment since the start.
  bool caught_up() const;
  // Whether it had when Next last returned, by the stream that stood then: false again after a break.
  bool at_present() const;
  // After DATA_LOSS: the cursor that the delivery which does not follow ours says it follows.
  std::string gap_until() const;
  // How often the stream was opened anew after a break.
  int reconnects() const;
  // The latest break that is being waited out; OK while the stream stands.
  absl::Status trouble() const;

  // Ends the subscription: a blocked Next returns CANCELLED.
  void Cancel();

 private:
  struct Item {
    std::optional<v1::Delivery> delivery;
    bool caught_up = false;
    bool broke = false;
  };

  void Run();
  // Reads one stream to its end; says why it ended.
  absl::Status ReadStream();
  absl::Status Accept(v1::SubscribeResponse& response);
  // Turns from_now into a cursor, so that a break before the first delivery loses nothing.
  absl::Status FindStart();
  bool Push(Item item);
  // False when cancelled meanwhile.
  bool WaitFor(absl::Duration duration);

  const std::shared_ptr<Connection> connection_;
  const SubscriptionOptions options_;

  // Reader thread only.
  bool from_now_;
  std::string last_read_cursor_;
  Backoff backoff_;

  mutable absl::Mutex mu_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mu_);
  std::string cursor_ ABSL_GUARDED_BY(mu_);
  bool caught_up_ ABSL_GUARDED_BY(mu_) = false;
  bool at_present_ ABSL_GUARDED_BY(mu_) = false;
  std::string gap_until_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  int reconnects_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status end_ ABSL_GUARDED_BY(mu_);
  absl::Status trouble_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<FeedStream> stream_ ABSL_GUARDED_BY(mu_);
  Revision changed_;  // Bumped after cancelled_, done_ or queue_ was changed.

  std::thread reader_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_SUBSCRIPTION_H_
