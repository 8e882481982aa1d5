#include "client/cli/board/board_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/board/board_calls.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

// How long one round waits for a delivery, and how many it takes before it reads again.
constexpr absl::Duration kRound = absl::Milliseconds(250);
constexpr int kDeliveriesPerRound = 1000;
// The daemon is near: asking it for its status costs nothing.
constexpr absl::Duration kLinkEvery = absl::Seconds(1);
// What is older than this when the board begins was in its first reads already.
constexpr absl::Duration kOldNews = absl::Minutes(5);

absl::Time Now(const Client& client) { return client.connection()->clock().Now(); }
absl::Duration Monotonic(const Client& client) { return client.connection()->clock().Monotonic(); }

// Reads parts of one operation in a model of its own, so that nobody waits while calls are under way.
OperationBoard ReadInto(Client& client, OperationBoard board, const std::string& id, Parts parts,
                        const BoardReaderOptions& options, absl::Status* status) {
  options.take_age();
  status->Update(ReadParts(client, id, parts, &board));
  if (status->ok()) {
    board.read_at = Now(client);
    board.copy = options.take_age();
  }
  return board;
}

}  // namespace

BoardReader::BoardReader(Client* client, AgentClient* agent, BoardReaderOptions options)
    : client_(client), agent_(agent), options_(std::move(options)), started_at_(Now(*client)) {
  thread_ = std::thread([this] { Run(); });
}

BoardReader::~BoardReader() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

BoardModel BoardReader::model() const {
  absl::MutexLock lock(&mu_);
  return model_;
}

uint64_t BoardReader::version() const {
  absl::MutexLock lock(&mu_);
  return version_;
}

void BoardReader::AwaitChange(uint64_t seen, absl::Duration timeout) const {
  changed_.Await(timeout, [this, seen] {
    absl::MutexLock lock(&mu_);
    return version_ > seen || !ended_.ok();
  });
}

absl::Status BoardReader::ended() const {
  absl::MutexLock lock(&mu_);
  return ended_;
}

void BoardReader::Update(const std::function<void(BoardModel&)>& change) {
  {
    absl::MutexLock lock(&mu_);
    change(model_);
    ++version_;
  }
  changed_.Bump();
}

absl::StatusOr<BoardModel> BoardReader::ReadOnce(Client* client, AgentClient* agent,
                                                 const BoardReaderOptions& options) {
  BoardModel model;
  MUSTER_ASSIGN_OR_RETURN(const v1::ListOperationsResponse operations, ReadOperations(*client));
  model.SetOperations(operations, options.operations);
  absl::Status status;
  for (auto& [id, board] : model.operations) board = ReadInto(*client, board, id, kEveryPart, options, &status);
  MUSTER_RETURN_IF_ERROR(status);
  model.link = agent == nullptr ? LinkToBroker(*client, /*caught_up=*/true, absl::OkStatus())
                                : LinkOfDaemon(*agent, Now(*client), absl::LocalTimeZone());
  return model;
}

void BoardReader::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) break;
    }
    if (!Step()) break;
  }
  feed_.reset();
}

bool BoardReader::Step() {
  const absl::Status followed = FollowFeed();
  if (!followed.ok()) {
    {
      absl::MutexLock lock(&mu_);
      ended_ = followed;
    }
    changed_.Bump();
    return false;
  }
  RefreshLink();
  ReadDue();
  return true;
}

absl::Status BoardReader::FollowFeed() {
  if (feed_ == nullptr) {
    feed_ =
        std::make_unique<Subscription>(client_->connection(), SubscriptionOptions{.from_now = !options_.with_history});
  }
  absl::Duration patience = kRound;
  for (int i = 0; i < kDeliveriesPerRound; ++i) {
    const absl::StatusOr<std::optional<v1::Delivery>> next = feed_->Next(patience);
    if (absl::IsDataLoss(next.status()) || absl::IsOutOfRange(next.status())) {
      // Whatever was missed on the feed, the reads that follow are of the present.
      feed_alarms_.push_back(absl::StrCat("GAP IN THE FEED: ", next.status().message()));
      feed_ = std::make_unique<Subscription>(client_->connection(), SubscriptionOptions{.from_now = true});
      all_read_at_ = kNever;
      return absl::OkStatus();
    }
    MUSTER_RETURN_IF_ERROR(next.status());
    if (!next->has_value()) break;
    TakeDelivery((*next)->notice());
    patience = absl::ZeroDuration();  // After the first, only what is there already.
  }
  return absl::OkStatus();
}

void BoardReader::TakeDelivery(const v1::Notice& notice) {
  Update([&notice](BoardModel& model) { model.Remember(notice); });
  if (FromProto(notice.at()) < started_at_ - kOldNews) return;
  const Parts touched = TouchedBy(notice);
  // A conflict may be of no operation, or of one that its notice does not name.
  for (auto& [id, due] : due_) {
    if (id == notice.operation_id() || (touched & kConflictsPart) != 0) due.parts |= touched;
  }
  if (notice.has_operation() || notice.has_participant()) all_read_at_ = kNever;
}

void BoardReader::RefreshLink() {
  if (Monotonic(*client_) - link_read_at_ < kLinkEvery) return;
  link_read_at_ = Monotonic(*client_);
  BoardLink link = agent_ == nullptr ? LinkToBroker(*client_, feed_->caught_up(), feed_->trouble())
                                     : LinkOfDaemon(*agent_, Now(*client_), absl::LocalTimeZone());
  link.alarms.insert(link.alarms.begin(), feed_alarms_.begin(), feed_alarms_.end());
  const bool came_back = [&] {
    absl::MutexLock lock(&mu_);
    return link.connected && !model_.link.connected;
  }();
  if (came_back) all_read_at_ = kNever;
  Update([&link](BoardModel& model) { model.link = link; });
}

void BoardReader::ReadDue() {
  // While the line is down a call to a broker would only block; a daemon answers from what it holds.
  if (agent_ == nullptr && !feed_->trouble().ok()) return;
  if (Monotonic(*client_) - all_read_at_ >= options_.read_every_max) {
    const absl::StatusOr<v1::ListOperationsResponse> operations = ReadOperations(*client_);
    if (!operations.ok()) {
      Update([&](BoardModel& model) {
        model.why_empty = absl::StrCat("the operations cannot be read: ", operations.status().message());
      });
      return;
    }
    all_read_at_ = Monotonic(*client_);
    Update([&](BoardModel& model) { model.SetOperations(*operations, options_.operations); });
    const BoardModel known = model();
    std::map<std::string, Due> due;
    for (const auto& [id, board] : known.operations) due[id] = {.parts = kEveryPart, .last_read = due_[id].last_read};
    due_ = std::move(due);
  }
  for (auto& [id, due] : due_) {
    if (due.parts == kNoPart || Monotonic(*client_) - due.last_read < options_.read_every_min) continue;
    const BoardModel known = model();
    const auto found = known.operations.find(id);
    if (found == known.operations.end()) continue;
    absl::Status status;
    const OperationBoard board = ReadInto(*client_, found->second, id, due.parts, options_, &status);
    due.last_read = Monotonic(*client_);
    if (status.ok()) due.parts = kNoPart;
    Update([&id = id, &board](BoardModel& model) { model.operations[id] = board; });
  }
}

}  // namespace muster::cli
