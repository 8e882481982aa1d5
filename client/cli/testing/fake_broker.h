// Runs muster commands against a broker that is a function of the test's.
#ifndef MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_
#define MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_

#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
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
  void Refuses(const std::string& rpc, const absl::Status& status) {
    answers_[rpc] = [status](const Message&, Message*) { return status; };
  }

  Ended Run(std::vector<std::string> words) {
    words.insert(words.begin(), "muster");
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    const auto connection = std::make_shared<FakeConnection>();
    connection->on_call = [this](size_t, const std::string& method, const Message& request, Message* response) {
      return Serve(method.substr(std::string("/muster.v1.").size()), request, response);
    };
    connection->wires = {[this](const v1::StreamSubmitRequest& request) { return Stream(request); }};
    v1::SubscribeResponse caught_up;
    caught_up.set_caught_up(true);
    connection->feeds.push_back({.messages = {caught_up}, .end = absl::OkStatus(), .stays_open = true});
    std::ostringstream out;
    std::ostringstream err;
    Invocation invocation(&out, &err);
    invocation.UseConnection(connection);
    const int code = RunAs(invocation, static_cast<int>(argv.size()), argv.data(), {});
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
      answer.mutable_outcome()->mutable_accepted();
    }
    return answers;
  }

  std::map<std::string, Answer> answers_;
  std::map<std::string, std::string> requests_;
  std::vector<std::string> calls_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TESTING_FAKE_BROKER_H_
