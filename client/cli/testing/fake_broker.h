// Runs muster commands against a broker, or a command post's daemon, that is a function of the test's.
#ifndef MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_
#define MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/app.h"
#include "client/cli/invocation.h"
#include "client/lib/testing/fake_connection.h"
#include "muster/v1/outcome.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::cli {

struct Ended {
  int code;
  std::string out;
  std::string err;
};

// Accepts every submission, and answers every read with an empty response, unless the test says otherwise. Not
// thread-safe, but for what a submit stream calls.
class FakeBroker {
 public:
  using Message = google::protobuf::Message;
  using Answer = std::function<absl::Status(const Message& request, Message* response)>;

  // Answers `rpc`, such as "TallyService/GetTotals", with `response`.
  void Answers(const std::string& rpc, const Message& response) {
    std::shared_ptr<Message> copy(response.New());
    copy->CopyFrom(response);
    answers_[rpc] = [copy](const Message&, Message* out) {
      out->CopyFrom(*copy);
      return absl::OkStatus();
    };
  }
  void Handles(const std::string& rpc, Answer answer) { answers_[rpc] = std::move(answer); }
  void Refuses(const std::string& rpc, const absl::Status& status) {
    answers_[rpc] = [status](const Message&, Message*) { return status; };
  }

  // Is the daemon on this machine from now on.
  void ActAsDaemon() { daemon_ = true; }
  // Submit streams are answered as by a daemon off line: saved here, numbered from 1.
  void SavesStreams() { saves_streams_ = true; }
  // Every answer to a read is a copy from now on.
  void AnswersWithCopies(const Freshness& copy) { copy_ = copy; }
  // What the feed holds before it has caught up.
  void HasDelivered(const v1::Notice& notice) { *delivered_.add_deliveries()->mutable_notice() = notice; }
  // Commands beside those that BuildParser knows.
  void Knows(CommandAdder adder) { more_.push_back(std::move(adder)); }

  Ended Run(std::vector<std::string> words) {
    words.insert(words.begin(), "muster");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::ostringstream out;
    std::ostringstream err;
    Invocation invocation(&out, &err);
    const auto connection = std::make_shared<FakeConnection>(Options(invocation));
    connection->on_call = [this, &connection](size_t, const std::string& method, const Message& request,
                                              Message* response) {
      const absl::Status status = Serve(method.substr(method.rfind('.') + 1), request, response);
      // As a daemon does: a copy of what was read, never of what was decided.
      const bool read = response->GetDescriptor()->FindFieldByName("outcome") == nullptr;
      if (copy_.has_value() && read && status.ok()) connection->options().on_copy(*copy_);
      return status;
    };
    connection->wires = {[this](const v1::StreamSubmitRequest& request) { return Stream(request); }};
    connection->feeds.push_back({.messages = {Feed()}, .end = absl::OkStatus(), .stays_open = true});
    invocation.UseConnection(connection);
    const int code = RunAs(invocation, static_cast<int>(argv.size()), argv.data(), more_);
    if (!connection->opened_after().empty()) calls_.push_back("FeedService/Subscribe");
    return {code, out.str(), err.str()};
  }

  // In order: "TallyService/GetTotals".
  const std::vector<std::string>& calls() const { return calls_; }
  // The last request of an RPC.
  template <typename Request>
  Request Got(const std::string& rpc) const {
    Request request;
    const auto it = requests_.find(rpc);
    if (it != requests_.end()) request.ParseFromString(it->second);
    return request;
  }

 private:
  ConnectionOptions Options(Invocation& invocation) const {
    ConnectionOptions options = FakeConnection::QuickOptions();
    if (daemon_) options.brokers = {"unix:/run/muster/agent.sock"};
    options.deadline = absl::Milliseconds(200);
    options.on_copy = [&invocation](const Freshness& copy) { invocation.printer().age().Note(copy); };
    return options;
  }

  // The deliveries, each after the one before it.
  v1::SubscribeResponse Feed() const {
    v1::SubscribeResponse response = delivered_;
    std::string cursor = "0";
    for (v1::Delivery& delivery : *response.mutable_deliveries()) {
      delivery.set_previous_cursor(cursor);
      cursor += "1";
      delivery.set_cursor(cursor);
    }
    response.set_caught_up(true);
    return response;
  }

  absl::Status Serve(const std::string& rpc, const Message& request, Message* response) {
    calls_.push_back(rpc);
    requests_[rpc] = request.SerializeAsString();
    if (const auto it = answers_.find(rpc); it != answers_.end()) return it->second(request, response);
    const auto* outcome = response->GetDescriptor()->FindFieldByName("outcome");
    if (outcome != nullptr) {
      static_cast<v1::Outcome*>(response->GetReflection()->MutableMessage(response, outcome))->mutable_accepted();
    }
    return absl::OkStatus();
  }

  std::vector<v1::SubmissionAnswer> Stream(const v1::StreamSubmitRequest& request) {
    calls_.push_back("SubmissionService/StreamSubmit");
    std::vector<v1::SubmissionAnswer> answers;
    for (const v1::Submission& submission : request.submissions()) {
      v1::SubmissionAnswer& answer = answers.emplace_back();
      answer.set_submission_id(submission.submission_id());
      if (saves_streams_) {
        answer.mutable_outcome()->mutable_saved_here()->set_outbox_number(++saved_);
      } else {
        answer.mutable_outcome()->mutable_accepted();
      }
    }
    return answers;
  }

  bool daemon_ = false;
  bool saves_streams_ = false;
  uint64_t saved_ = 0;  // Numbers given to what was saved.
  std::optional<Freshness> copy_;
  v1::SubscribeResponse delivered_;
  std::vector<CommandAdder> more_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::string> requests_;
  std::vector<std::string> calls_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_
