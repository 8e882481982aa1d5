// Keeps a BoardModel true: follows the feed, and reads again what a delivery has changed.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_READER_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_READER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/cli/board/board_model.h"
#include "client/lib/agent_client.h"
#include "client/lib/client.h"
#include "client/lib/freshness.h"
#include "client/lib/subscription.h"
#include "common/revision.h"

namespace muster::cli {

struct BoardReaderOptions {
  // Empty: every operation that is not over.
  std::vector<std::string> operations;
  // Begins with what the feed has held so far. For a daemon, whose inbox is at hand; a broker's history may be long.
  bool with_history = false;
  // An operation is read again at most this often, and everything at least that often.
  absl::Duration read_every_min = absl::Seconds(1);
  absl::Duration read_every_max = absl::Seconds(30);
  // How old what was read since the last call is (AnswerAge::Take).
  std::function<std::optional<Freshness>()> take_age = [] { return std::nullopt; };
};

// Owns a thread, which blocks in calls for up to the connection's deadline.
//
// Thread safety: from any thread.
class BoardReader {
 public:
  // Neither client is owned; both outlive this. `agent` is null where the connection is to a broker.
  BoardReader(Client* client, AgentClient* agent, BoardReaderOptions options);
  // Waits for a call that is under way.
  ~BoardReader();
  BoardReader(const BoardReader&) = delete;
  BoardReader& operator=(const BoardReader&) = delete;

  // What is known now.
  BoardModel model() const;
  // Grows whenever the model changes.
  uint64_t version() const;
  // Waits until the version is above `seen`, until it ends, or `timeout`.
  void AwaitChange(uint64_t seen, absl::Duration timeout) const;
  // Why it has ended; OK while it goes on. The certificate is refused, say.
  absl::Status ended() const;

  // The parts of every operation, read once on the calling thread; for who wants no more than that. No thread is
  // started.
  static absl::StatusOr<BoardModel> ReadOnce(Client* client, AgentClient* agent, const BoardReaderOptions& options);

 private:
  // Moments of the monotonic clock, as all that say how often something is read.
  static constexpr absl::Duration kNever = -absl::InfiniteDuration();

  struct Due {
    Parts parts = kNoPart;
    absl::Duration last_read = kNever;
  };

  void Run();
  // One round; false when it is over.
  bool Step();
  absl::Status FollowFeed();
  void TakeDelivery(const v1::Notice& notice);
  void RefreshLink();
  void ReadDue();
  // Changes the model.
  void Update(const std::function<void(BoardModel&)>& change);

  Client* const client_;
  AgentClient* const agent_;
  const BoardReaderOptions options_;

  // The thread's alone.
  std::unique_ptr<Subscription> feed_;
  absl::Time started_at_;
  absl::Duration link_read_at_ = kNever;
  absl::Duration all_read_at_ = kNever;
  std::map<std::string, Due> due_;
  std::vector<std::string> feed_alarms_;

  mutable absl::Mutex mu_;
  BoardModel model_ ABSL_GUARDED_BY(mu_);
  uint64_t version_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status ended_ ABSL_GUARDED_BY(mu_);
  Revision changed_;  // Bumped after version_ or ended_ was changed.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_READER_H_
