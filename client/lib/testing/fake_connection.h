// A Connection without a network: the test answers.
#ifndef MUSTER_CLIENT_LIB_TESTING_FAKE_CONNECTION_H_
#define MUSTER_CLIENT_LIB_TESTING_FAKE_CONNECTION_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/lib/connection.h"

namespace muster {

// Gives the scripted messages, then ends with `end`, or stays open until cancelled when `stays_open`.
class FakeFeed : public FeedStream {
 public:
  struct Script {
    std::vector<v1::SubscribeResponse> messages;
    absl::Status end;
    bool stays_open = false;
  };

  explicit FakeFeed(Script script) : script_(std::move(script)) {}

  bool Read(v1::SubscribeResponse* response) override {
    if (next_ < script_.messages.size()) {
      *response = script_.messages[next_++];
      return true;
    }
    absl::MutexLock lock(&mu_);
    if (script_.stays_open) mu_.Await(absl::Condition(&cancelled_));
    return false;
  }
  absl::Status Finish() override {
    absl::MutexLock lock(&mu_);
    return cancelled_ ? absl::CancelledError("cancelled") : script_.end;
  }
  void Cancel() override {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
  }

 private:
  const Script script_;
  size_t next_ = 0;
  absl::Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// Hands every message written to `answer`, which returns the results to stream back; nothing breaks the stream.
class FakeWire : public SubmitWire {
 public:
  using Answer = std::function<std::optional<std::vector<v1::SubmissionAnswer>>(const v1::StreamSubmitRequest&)>;

  FakeWire(Answer answer, absl::Status break_status) : answer_(std::move(answer)), end_(std::move(break_status)) {}

  bool Write(const v1::StreamSubmitRequest& request) override {
    std::optional<std::vector<v1::SubmissionAnswer>> results = answer_(request);
    absl::MutexLock lock(&mu_);
    if (broken_ || !results.has_value()) {
      broken_ = true;
      return false;
    }
    v1::StreamSubmitResponse response;
    for (v1::SubmissionAnswer& result : *results) *response.add_results() = std::move(result);
    responses_.push_back(std::move(response));
    return true;
  }
  void WritesDone() override {
    absl::MutexLock lock(&mu_);
    writes_done_ = true;
  }
  bool Read(v1::StreamSubmitResponse* response) override {
    absl::MutexLock lock(&mu_);
    const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return broken_ || writes_done_ || !responses_.empty();
    };
    mu_.Await(absl::Condition(&ready));
    if (responses_.empty()) return false;
    *response = std::move(responses_.front());
    responses_.pop_front();
    return true;
  }
  absl::Status Finish() override {
    absl::MutexLock lock(&mu_);
    return broken_ ? end_ : absl::OkStatus();
  }
  void Cancel() override {
    absl::MutexLock lock(&mu_);
    broken_ = true;
  }

 private:
  const Answer answer_;
  const absl::Status end_;
  absl::Mutex mu_;
  std::deque<v1::StreamSubmitResponse> responses_ ABSL_GUARDED_BY(mu_);
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  bool writes_done_ ABSL_GUARDED_BY(mu_) = false;
};

// Set the hooks before the first call. Feeds are opened in the order of `feeds`; after the last, one that stays open.
class FakeConnection : public Connection {
 public:
  using OnCall =
      std::function<absl::Status(size_t broker, const std::string& method, const google::protobuf::Message& request,
                                 google::protobuf::Message* response)>;

  explicit FakeConnection(ConnectionOptions options = QuickOptions(), const Clock* clock = SystemClock())
      : Connection(std::move(options), clock) {}

  static ConnectionOptions QuickOptions() {
    ConnectionOptions options;
    options.brokers = {"a:1", "b:2"};
    options.retry.initial_backoff = absl::Milliseconds(1);
    options.retry.max_backoff = absl::Milliseconds(2);
    return options;
  }

  static absl::Status ClosedInHandshake() {
    absl::Status status = absl::UnavailableError("closed");
    SetClosedInHandshake(status);
    return status;
  }

  OnCall on_call;
  std::deque<FakeFeed::Script> feeds;
  // What each stream that is opened does, in order; the last one repeats.
  std::vector<FakeWire::Answer> wires;
  absl::Status wire_break = absl::UnavailableError("broken");
  std::function<void(absl::Duration)> on_wait;

  // The cursor each feed was opened after.
  std::vector<std::string> opened_after() const {
    absl::MutexLock lock(&mu_);
    return opened_after_;
  }

  std::unique_ptr<FeedStream> OpenFeed(const v1::SubscribeRequest& request) override {
    absl::MutexLock lock(&mu_);
    opened_after_.push_back(request.after_cursor());
    FakeFeed::Script script = {.messages = {}, .end = absl::OkStatus(), .stays_open = true};
    if (!feeds.empty()) {
      script = std::move(feeds.front());
      feeds.pop_front();
    }
    return std::make_unique<FakeFeed>(std::move(script));
  }

  std::unique_ptr<SubmitWire> OpenSubmit() override {
    absl::MutexLock lock(&mu_);
    const size_t which = std::min(wires_opened_++, wires.size() - 1);
    return std::make_unique<FakeWire>(wires[which], wire_break);
  }

 protected:
  absl::Status CallOnce(size_t broker, absl::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response, absl::Duration) override {
    return on_call(broker, std::string(method), request, response);
  }
  void Wait(absl::Duration duration) override {
    if (on_wait) on_wait(duration);
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> opened_after_ ABSL_GUARDED_BY(mu_);
  size_t wires_opened_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_TESTING_FAKE_CONNECTION_H_
