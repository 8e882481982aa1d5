// Keeping the board true: what is read, when, and what happens when the line breaks.
#include "client/cli/board/board_reader.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "client/lib/testing/fake_connection.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

constexpr char kOp[] = "united-front-2021";
constexpr absl::Duration kPatience = absl::Seconds(30);

// Catches up at once, and delivers `notice` when it is let.
class GatedFeed : public FeedStream {
 public:
  GatedFeed(absl::Notification* gate, v1::Notice notice) : gate_(gate), notice_(std::move(notice)) {}

  bool Read(v1::SubscribeResponse* response) override {
    if (reads_++ == 0) {
      response->set_caught_up(true);
      return true;
    }
    while (!gate_->WaitForNotificationWithTimeout(absl::Milliseconds(10))) {
      if (cancelled_) return false;
    }
    if (reads_ > 2) return false;
    response->add_deliveries()->set_cursor("1");
    *response->mutable_deliveries(0)->mutable_notice() = notice_;
    return true;
  }
  absl::Status Finish() override { return absl::CancelledError("over"); }
  void Cancel() override { cancelled_ = true; }

 private:
  absl::Notification* const gate_;
  const v1::Notice notice_;
  int reads_ = 0;
  std::atomic<bool> cancelled_{false};
};

class GatedConnection : public FakeConnection {
 public:
  std::unique_ptr<FeedStream> OpenFeed(const v1::SubscribeRequest& request) override {
    if (gate == nullptr) return FakeConnection::OpenFeed(request);
    return std::make_unique<GatedFeed>(gate, notice);
  }

  absl::Notification* gate = nullptr;
  v1::Notice notice;
};

// A broker with one operation. Its acknowledgements are as many as there have been reads of them, and its epoch is the
// number of reads of the readiness board.
class World {
 public:
  explicit World(std::vector<v1::SubscribeResponse> feed = {}, absl::Status end = absl::OkStatus())
      : connection_(std::make_shared<GatedConnection>()), client_(connection_) {
    connection_->on_call = [this](size_t, const std::string& method, const google::protobuf::Message&,
                                  google::protobuf::Message* response) { return Serve(method, response); };
    connection_->feeds.push_back({.messages = std::move(feed), .end = end, .stays_open = end.ok()});
  }

  // The feed delivers `notice` once `gate` is notified.
  void Deliver(absl::Notification* gate, const v1::Notice& notice) {
    connection_->gate = gate;
    connection_->notice = notice;
  }

  std::unique_ptr<BoardReader> Read() {
    return std::make_unique<BoardReader>(&client_, nullptr,
                                         BoardReaderOptions{.operations = {}, .read_every_min = absl::ZeroDuration()});
  }

 private:
  absl::Status Serve(const std::string& method, google::protobuf::Message* response) {
    absl::MutexLock lock(&mu_);
    if (auto* operations = dynamic_cast<v1::ListOperationsResponse*>(response)) {
      operations->add_operations()->mutable_operation()->set_operation_id(kOp);
    } else if (auto* acknowledgements = dynamic_cast<v1::ListAcknowledgementsResponse*>(response)) {
      ++acknowledgement_reads_;
      for (int i = 0; i < acknowledgement_reads_; ++i) acknowledgements->add_acknowledgements();
    } else if (auto* readiness = dynamic_cast<v1::GetReadinessBoardResponse*>(response)) {
      readiness->mutable_board()->mutable_h_hour()->set_epoch(++readiness_reads_);
    } else if (method == "/muster.v1.TallyService/GetTotals") {
      return absl::PermissionDeniedError("not for your role");
    }
    return absl::OkStatus();
  }

  absl::Mutex mu_;
  int acknowledgement_reads_ ABSL_GUARDED_BY(mu_) = 0;
  uint32_t readiness_reads_ ABSL_GUARDED_BY(mu_) = 0;
  const std::shared_ptr<GatedConnection> connection_;
  Client client_;
};

// Waits until the model is as `wanted` says.
bool Becomes(const BoardReader& reader, const std::function<bool(const BoardModel&)>& wanted) {
  const absl::Time deadline = SystemClock()->Now() + kPatience;
  while (SystemClock()->Now() < deadline) {
    const uint64_t seen = reader.version();
    if (wanted(reader.model())) return true;
    reader.AwaitChange(seen, absl::Milliseconds(100));
  }
  return false;
}

int Acknowledgements(const BoardModel& model) {
  const auto board = model.operations.find(kOp);
  if (board == model.operations.end() || !board->second.acknowledgements.has_value()) return 0;
  return board->second.acknowledgements->acknowledgements_size();
}

v1::SubscribeResponse Message(bool caught_up, const v1::Notice* notice = nullptr) {
  v1::SubscribeResponse response;
  response.set_caught_up(caught_up);
  if (notice != nullptr) {
    response.add_deliveries()->set_cursor("1");
    *response.mutable_deliveries(0)->mutable_notice() = *notice;
  }
  return response;
}

TEST(BoardReader, ReadsEveryPartAndSaysWhatIsNotForUs) {
  World world({Message(true)});
  const std::unique_ptr<BoardReader> reader = world.Read();
  ASSERT_TRUE(
      Becomes(*reader, [](const BoardModel& model) { return model.link.connected && Acknowledgements(model) > 0; }));
  const BoardModel model = reader->model();
  EXPECT_TRUE(model.operations.at(kOp).readiness.has_value());
  EXPECT_TRUE(model.operations.at(kOp).conflicts.has_value());
  EXPECT_FALSE(model.operations.at(kOp).totals.has_value());
  EXPECT_EQ(model.operations.at(kOp).absent.at(kTotalsPart), "not for your role");
}

TEST(BoardReader, ADeliveryIsShownAndOnlyWhatItTouchesIsReadAgain) {
  v1::Notice notice;
  notice.set_operation_id(kOp);
  *notice.mutable_at() = ToProto(SystemClock()->Now());
  notice.mutable_acknowledgement()->set_agency_id("ky-ksp");
  absl::Notification gate;
  World world;
  world.Deliver(&gate, notice);
  const std::unique_ptr<BoardReader> reader = world.Read();
  ASSERT_TRUE(Becomes(*reader, [](const BoardModel& model) { return Acknowledgements(model) > 0; }));
  gate.Notify();
  // Reading everything reads the two equally often.
  EXPECT_TRUE(Becomes(*reader, [](const BoardModel& model) {
    return Acknowledgements(model) > static_cast<int>(model.operations.at(kOp).readiness->h_hour().epoch());
  }));
  EXPECT_EQ(reader->model().recent.front().acknowledgement().agency_id(), "ky-ksp");
}

TEST(BoardReader, ACertificateThatIsRefusedEndsIt) {
  World world({}, absl::UnauthenticatedError("revoked"));
  const std::unique_ptr<BoardReader> reader = world.Read();
  const absl::Time deadline = SystemClock()->Now() + kPatience;
  while (reader->ended().ok() && SystemClock()->Now() < deadline) {
    reader->AwaitChange(reader->version(), absl::Milliseconds(100));
  }
  EXPECT_EQ(reader->ended().code(), absl::StatusCode::kUnauthenticated);
}

TEST(BoardReader, AGapIsAnAlarmAndTheBoardGoesOn) {
  v1::Notice notice;
  v1::SubscribeResponse first = Message(false, &notice);
  v1::SubscribeResponse gap = Message(false, &notice);
  gap.mutable_deliveries(0)->set_previous_cursor("7");
  gap.mutable_deliveries(0)->set_cursor("8");
  World world({first, gap});
  const std::unique_ptr<BoardReader> reader = world.Read();
  EXPECT_TRUE(Becomes(*reader, [](const BoardModel& model) {
    return !model.link.alarms.empty() && model.link.alarms[0].rfind("GAP IN THE FEED", 0) == 0;
  }));
  EXPECT_TRUE(reader->ended().ok());
}

}  // namespace
}  // namespace muster::cli
