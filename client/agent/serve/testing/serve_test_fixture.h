// A real store and agent behind a LocalServer, in a folder of their own; no broker answers. Test code only.
#ifndef MUSTER_CLIENT_AGENT_SERVE_TESTING_SERVE_TEST_FIXTURE_H_
#define MUSTER_CLIENT_AGENT_SERVE_TESTING_SERVE_TEST_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/agent.h"
#include "client/agent/config.h"
#include "client/agent/serve/local_server.h"
#include "client/agent/store/store.h"
#include "client/lib/client.h"
#include "client/lib/connection.h"
#include "common/error_reason.h"
#include "common/openssl_config.h"
#include "common/testing/test_certificates.h"
#include "common/uuid.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::agent {

class ServeTest : public ::testing::Test {
 protected:
  static constexpr char kTrustDomain[] = "muster.example";
  static constexpr char kAgency[] = "mo-ago";
  // Nothing listens there: the port is a privileged one that no program of ours takes.
  static constexpr char kNobody[] = "127.0.0.1:1";

  ServeTest() : authority_(MakeTestCertificate({.common_name = "Authority", .is_ca = true})), ours_(OfAgency(kAgency)) {
    std::string folder = ::testing::TempDir() + "/serve-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    config_.set_state_dir(absl::StrCat(folder_, "/state"));
    config_.mutable_key()->set_file("not read here");
    // Who asks for more waits for it in vain.
    config_.mutable_link()->mutable_answer_within()->set_seconds(1);
  }
  ~ServeTest() override {
    server_.reset();
    if (agent_ != nullptr) agent_->Stop();
    agent_.reset();
    std::filesystem::remove_all(folder_);
  }

  TestCertificate OfAgency(const std::string& agency) const {
    return MakeTestCertificate({.common_name = agency,
                                .uris = {absl::StrCat("spiffe://", kTrustDomain, "/agency/", agency, "/cp")},
                                .dns_names = {"localhost"},
                                .issuer = &authority_});
  }

  v1::EnrollmentBundle Bundle() const {
    v1::EnrollmentBundle bundle;
    bundle.add_brokers(kNobody);
    bundle.set_trust_domain(kTrustDomain);
    bundle.set_ca(authority_.certificate_pem);
    bundle.set_certificate(ours_.certificate_pem);
    bundle.set_key(ours_.key_pem);
    return bundle;
  }

  // Starts an agent without an identity, and serves it.
  absl::Status StartUnenrolled() {
    absl::StatusOr<config::v1::AgentConfig> config = CompleteAgentConfig(config_, "the test's", folder_);
    if (!config.ok()) return config.status();
    config_ = *config;
    const UnlockKey key = {.secret = std::string(32, 'k'), .is_passphrase = false, .source = "the test"};
    absl::StatusOr<std::unique_ptr<Store>> store =
        Store::Open({.state_dir = config_.state_dir(), .sqlite_vfs = ""}, key);
    if (!store.ok()) return store.status();
    agent_ = std::make_unique<Agent>(*config, *std::move(store), SystemClock(), [](const absl::Status&) {});
    if (absl::Status started = agent_->Start(); !started.ok()) return started;
    return Serve();
  }
  absl::Status StartEnrolled() {
    if (absl::Status started = StartUnenrolled(); !started.ok()) return started;
    return agent_->Enroll(Bundle());
  }

  absl::Status Serve() {
    absl::StatusOr<std::unique_ptr<LocalServer>> server = LocalServer::Start(agent_.get());
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  std::shared_ptr<Connection> ToSocket(std::function<void(const muster::Freshness&)> on_copy = {}) const {
    ConnectionOptions options;
    options.brokers = {absl::StrCat("unix:", server_->socket_path())};
    options.deadline = absl::Seconds(10);
    options.on_copy = std::move(on_copy);
    absl::StatusOr<std::shared_ptr<Connection>> connection = Connect(options);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *connection;
  }
  Client SocketClient() const { return Client(ToSocket()); }

  static muster::v1::AcknowledgePlan AnyBody(uint32_t version = 1) {
    muster::v1::AcknowledgePlan body;
    body.set_operation_id("united-front-2021");
    body.set_version(version);
    body.set_content_sha256(std::string(64, 'a'));
    return body;
  }
  static muster::v1::Submission AnySubmission(uint32_t version = 1) {
    muster::v1::Submission submission;
    submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
    *submission.mutable_acknowledge_plan() = AnyBody(version);
    return submission;
  }

  // Deliveries `first` to `last` of a feed whose cursors are their numbers, each about `bytes` long.
  static std::vector<muster::v1::Delivery> Deliveries(int first, int last, size_t bytes = 10) {
    std::vector<muster::v1::Delivery> deliveries;
    for (int i = first; i <= last; ++i) {
      muster::v1::Delivery& delivery = deliveries.emplace_back();
      delivery.set_cursor(CursorOf(i));
      delivery.set_previous_cursor(CursorOf(i - 1));
      delivery.mutable_notice()->mutable_participant()->set_reason(std::string(bytes, 'x'));
    }
    return deliveries;
  }
  static std::string CursorOf(int i) { return absl::StrCat("feed-", i); }
  absl::Status Append(int first, int last, size_t bytes = 10) {
    return agent_->store().inbox().Append(Deliveries(first, last, bytes), {}, SystemClock()->Now());
  }

  const TestCertificate authority_;
  const TestCertificate ours_;
  std::string folder_;
  config::v1::AgentConfig config_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<LocalServer> server_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_TESTING_SERVE_TEST_FIXTURE_H_
