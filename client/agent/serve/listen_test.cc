// Where the daemon listens, and whom it answers.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "client/agent/serve/change_methods.h"
#include "client/agent/serve/open_calls.h"
#include "client/agent/serve/testing/serve_test_fixture.h"
#include "client/agent/socket.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "tests/integration/wire_call.h"

// LeakSanitizer asks for this, in this program alone. After a refused handshake a thread of gRPC's holds an error queue
// of libcrypto's, and may still be ending when the program does. Other programs report all of libcrypto's.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
const char* __lsan_default_suppressions() { return "leak:CRYPTO_zalloc\n"; }

namespace muster::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHealth[] = "grpc.health.v1.Health/Check";
constexpr char kWhoAmI[] = "muster.v1.AgencyService/WhoAmI";
constexpr char kStatus[] = "muster.agent.v1.AgentService/GetStatus";

class ListenTest : public ServeTest {
 protected:
  std::string SocketPath() const { return absl::StrCat(folder_, "/agent.sock"); }
  void UseSocket(const std::string& mode = "0660") {
    config_.mutable_listen()->set_socket(SocketPath());
    config_.mutable_listen()->set_socket_mode(mode);
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  void UseTcp(const std::string& address = "127.0.0.1:0") {
    const auto write = [this](const std::string& name, const std::string& text) {
      const std::string path = absl::StrCat(folder_, "/", name);
      std::ofstream(path) << text;
      EXPECT_EQ(chmod(path.c_str(), 0600), 0);
      return path;
    };
    config::v1::AgentTcpConfig* const tcp = config_.mutable_listen()->mutable_tcp();
    tcp->set_address(address);
    tcp->set_certificate_file(write("local.pem", ours_.certificate_pem));
    tcp->set_key_file(write("local.key", ours_.key_pem));
    tcp->set_ca_file(write("ca.pem", authority_.certificate_pem));
  }

  static std::shared_ptr<grpc::Channel> Dial(const std::string& address,
                                             const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetSslTargetNameOverride("localhost");
    return grpc::CreateCustomChannel(address, credentials, arguments);
  }
  std::shared_ptr<grpc::Channel> Socket() const {
    return Dial("unix:" + server_->socket_path(), grpc::InsecureChannelCredentials());
  }
  // With a certificate, or none.
  std::shared_ptr<grpc::Channel> Tcp(const TestCertificate& certificate) const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = authority_.certificate_pem;
    tls.pem_cert_chain = certificate.certificate_pem;
    tls.pem_private_key = certificate.key_pem;
    return Dial(server_->tcp_address(), grpc::SslCredentials(tls));
  }
};

TEST_F(ListenTest, SocketHasTheModeThatIsConfigured) {
  UseSocket("0600");
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(ModeOf(SocketPath()), 0600);
}

TEST_F(ListenTest, MissingFolderOfTheSocketIsMadeForOwnerAndGroup) {
  config_.mutable_listen()->set_socket(absl::StrCat(folder_, "/run/agent.sock"));
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(ModeOf(folder_ + "/run") & 0007, 0);
}

TEST_F(ListenTest, SocketLeftByACrashIsReplaced) {
  UseSocket();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, SocketPath().c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_TRUE(CallWire(Socket(), kStatus, {""}).status.ok());
}

TEST_F(ListenTest, SocketThatSomebodyAnswersOnIsLeftAlone) {
  UseSocket();
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(LocalServer::Start(agent_.get()).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(CallWire(Socket(), kStatus, {""}).status.ok());
}

TEST_F(ListenTest, FileInTheSocketsPlaceIsLeftAlone) {
  UseSocket();
  std::ofstream(SocketPath()) << "precious";
  EXPECT_EQ(StartUnenrolled().code(), absl::StatusCode::kAlreadyExists);
  std::string text;
  std::ifstream(SocketPath()) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(ListenTest, StoppingRemovesTheSocket) {
  UseSocket();
  ASSERT_TRUE(StartUnenrolled().ok());
  server_->Stop(absl::ZeroDuration());
  struct stat info = {};
  EXPECT_NE(lstat(SocketPath().c_str(), &info), 0);
}

TEST_F(ListenTest, StoppedAgainItLeavesAnothersSocketAlone) {
  UseSocket();
  ASSERT_TRUE(StartUnenrolled().ok());
  server_->Stop(absl::ZeroDuration());
  std::ofstream(SocketPath()) << "another's";
  server_.reset();
  struct stat info = {};
  EXPECT_EQ(lstat(SocketPath().c_str(), &info), 0);
}

TEST_F(ListenTest, HealthAndReflectionAreServed) {
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(CallWire(Socket(), kHealth, {""}).responses, std::vector<std::string>({"\x08\x01"}));  // SERVING
  absl::Status status;
  const std::vector<std::string> services = ReflectedServices(Socket(), &status);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(services, Contains("muster.v1.PlanService"));
  EXPECT_THAT(services, Contains("muster.v1.FeedService"));
  EXPECT_THAT(services, Contains("muster.agent.v1.AgentService"));
}

// Bytes that are no message, sent to every method of the broker's protocol and of the daemon's.
TEST_F(ListenTest, GarbageToEveryMethodIsMalformed) {
  ASSERT_TRUE(StartEnrolled().ok());
  absl::Status status;
  int methods = 0;
  for (const std::string& name : ReflectedServices(Socket(), &status)) {
    const google::protobuf::ServiceDescriptor* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      if (service->full_name().rfind("muster.", 0) != 0) continue;
      const std::string method = absl::StrCat(name, "/", service->method(i)->name());
      const WireAnswer answer = CallWire(Socket(), method, {std::string("\xff\xff\xff\xff garbage")});
      EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument) << method << answer.status;
      EXPECT_EQ(ReasonOf(answer.status), muster::v1::ERROR_REASON_MALFORMED) << method;
      ++methods;
    }
  }
  EXPECT_GT(methods, 60);
}

// A request with a submission_id that is no change would be sent to the broker past the outbox.
TEST_F(ListenTest, EveryRequestWithASubmissionIdIsAChange) {
  int changes = 0;
  for (const google::protobuf::ServiceDescriptor* service : UnaryServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      const bool has_id = method.input_type()->FindFieldByName("submission_id") != nullptr;
      EXPECT_EQ(has_id, BodyOf(method) != nullptr) << method.full_name();
      changes += has_id ? 1 : 0;
      EXPECT_FALSE(method.client_streaming() || method.server_streaming()) << method.full_name();
    }
  }
  // All bodies but the withdrawal, which only the daemon itself makes.
  EXPECT_EQ(changes, muster::v1::Submission::descriptor()->FindOneofByName("body")->field_count() - 1);
}

TEST_F(ListenTest, TcpAnswersAHolderOfTheAgencysCertificate) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  EXPECT_TRUE(CallWire(Tcp(ours_), kStatus, {""}).status.ok()) << server_->tcp_address();
}

TEST_F(ListenTest, TcpRefusesAnotherAgencysCertificateOnEveryService) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  const TestCertificate other = OfAgency("ky-sp");
  for (const char* method : {kStatus, kWhoAmI, kHealth}) {
    EXPECT_EQ(CallWire(Tcp(other), method, {""}).status.code(), absl::StatusCode::kUnauthenticated) << method;
  }
}

TEST_F(ListenTest, TcpRefusesOurAgencyOfAnotherTrustDomain) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  const TestCertificate other = MakeTestCertificate(
      {.common_name = kAgency, .uris = {"spiffe://elsewhere.example/agency/mo-ago/cp"}, .issuer = &authority_});
  EXPECT_EQ(CallWire(Tcp(other), kStatus, {""}).status.code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ListenTest, TcpRefusesWhoeverShowsNoCertificate) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  EXPECT_FALSE(CallWire(Tcp(TestCertificate()), kStatus, {""}, {.deadline = absl::Seconds(5)}).status.ok());
}

TEST_F(ListenTest, TcpRefusesACertificateOfAnotherAuthority) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  const TestCertificate stranger =
      MakeTestCertificate({.common_name = kAgency, .uris = {"spiffe://muster.example/agency/mo-ago/cp"}});
  EXPECT_FALSE(CallWire(Tcp(stranger), kStatus, {""}, {.deadline = absl::Seconds(5)}).status.ok());
}

TEST_F(ListenTest, TcpRefusesAnExpiredCertificate) {
  UseTcp();
  ASSERT_TRUE(StartEnrolled().ok());
  const TestCertificate old = MakeTestCertificate({.common_name = kAgency,
                                                   .uris = {"spiffe://muster.example/agency/mo-ago/cp"},
                                                   .not_after = absl::FromUnixSeconds(1'700'000'000),
                                                   .issuer = &authority_});
  EXPECT_FALSE(CallWire(Tcp(old), kStatus, {""}, {.deadline = absl::Seconds(5)}).status.ok());
}

TEST_F(ListenTest, BeforeEnrolmentTcpKnowsNobody) {
  UseTcp();
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(CallWire(Tcp(ours_), kStatus, {""}).status.code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ListenTest, TcpOnAnythingButLoopbackIsRefused) {
  UseTcp("0.0.0.0:0");
  EXPECT_EQ(StartUnenrolled().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LoopbackAddressTest, OnlyAddressesOfThisMachine) {
  EXPECT_EQ(*LoopbackAddress("localhost:7444"), "127.0.0.1:7444");
  EXPECT_EQ(*LoopbackAddress("127.0.0.53:1"), "127.0.0.53:1");
  EXPECT_EQ(*LoopbackAddress("[::1]:7444"), "[::1]:7444");
  for (const char* bad : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "example.org:1", "127.0.0.1", "127.0.0.1:70000", ""}) {
    EXPECT_FALSE(LoopbackAddress(bad).ok()) << bad;
  }
}

TEST(SocketModeTest, ThreeOctalDigits) {
  EXPECT_EQ(*ParseSocketMode("0660"), 0660);
  EXPECT_EQ(*ParseSocketMode("600"), 0600);
  for (const char* bad : {"", "66", "0680", "4660", "rw-rw----"}) EXPECT_FALSE(ParseSocketMode(bad).ok()) << bad;
}

TEST(OpenCallsTest, OneTooManyIsToldToComeBack) {
  OpenCalls calls;
  std::vector<OpenCalls::Place> places;
  for (int i = 0; i < OpenCalls::kLongMax; ++i) places.push_back(*calls.EnterLong());
  EXPECT_EQ(calls.EnterLong().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(calls.EnterShort().ok());
  places.pop_back();
  EXPECT_TRUE(calls.EnterLong().ok());
}

}  // namespace
}  // namespace muster::agent
