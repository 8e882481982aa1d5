// Both listeners' fronts over the real sessions and people and a broker that the test plays. Test code only.
#ifndef MUSTER_CLIENT_GATEWAY_TESTING_FRONT_FIXTURE_H_
#define MUSTER_CLIENT_GATEWAY_TESTING_FRONT_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/http/front.h"
#include "client/gateway/session/cookie.h"
#include "client/gateway/testing/temporary_folder.h"
#include "client/lib/testing/fake_connection.h"
#include "gtest/gtest.h"

namespace muster::gateway {

// Keeps what is written; the reader goes away after so many pieces.
class FakeSink : public StreamSink {
 public:
  explicit FakeSink(size_t pieces_max = 1000) : pieces_max_(pieces_max) {}
  bool Write(absl::string_view bytes) override {
    if (pieces.size() >= pieces_max_) return false;
    pieces.emplace_back(bytes);
    return true;
  }
  void OnGone(std::function<void()>) override {}
  std::vector<std::string> pieces;

 private:
  const size_t pieces_max_;
};

inline std::string HeaderOf(const HttpAnswer& answer, absl::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (absl::EqualsIgnoreCase(each, name)) return value;
  }
  return "";
}

class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    connection_->on_call = [this](size_t, const std::string& method, const google::protobuf::Message&,
                                  google::protobuf::Message*) {
      called_.push_back(method);
      return absl::OkStatus();
    };
  }

  static HttpRequest Request(const std::string& method, const std::string& path) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.peer = "127.0.0.1";
    request.headers = {{"Host", "localhost:8443"}};
    return request;
  }
  static HttpRequest Post(const std::string& path, const std::string& body, const std::string& token = "",
                          const std::string& content_type = "application/json") {
    HttpRequest request = Request("POST", path);
    request.headers.emplace_back("Content-Type", content_type);
    if (!token.empty()) request.headers.emplace_back("Cookie", absl::StrCat(kCookieName, "=", token));
    request.body = body;
    return request;
  }
  HttpAnswer Call(const std::string& path, const std::string& body, const std::string& token = "",
                  const std::string& content_type = "application/json") {
    return main_.Serve(Post(path, body, token, content_type));
  }
  // The token of a session of somebody with this role.
  std::string SignedIn(v1::PersonRole role, const std::string& name = "j-smith") {
    v1::PersonRecord person;
    person.set_name(name);
    person.set_role(role);
    return sessions_.Begin(person, std::nullopt);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'630'000'000)};
  TemporaryFolder folder_;
  std::unique_ptr<People> people_ = *People::Open(folder_.path() + "/state", &clock_);
  Passwords passwords_{LeastCost()};
  SignIn sign_in_{people_.get(), &passwords_, &clock_};
  Sessions sessions_{{}, &clock_};
  RateLimit per_session_{50, 10, &clock_};
  RateLimit per_address_{50, 40, &clock_};
  RateLimit sign_ins_{5, 10, &clock_};
  StreamSlots slots_{2};
  CallSlots calls_each_{1};
  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  Methods methods_;
  OfficeConnection office_{connection_};
  Forwarder forwarder_{&office_};
  CallSlots attempts_each_{1};
  SessionService session_service_{&sign_in_, &sessions_, &sign_ins_, &attempts_each_};
  Calls calls_{
      {&methods_, &forwarder_, &sessions_, &session_service_, &per_session_, &per_address_, &slots_, &calls_each_}};
  MainFront main_{Origins("127.0.0.1:8443", "", 8443), 8444, false, std::nullopt, &calls_, &per_address_};
  LoginFront login_{Origins("127.0.0.1:8444", "", 8444), 8443, false, people_.get(), &sessions_, &sign_ins_};
  std::vector<std::string> called_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_TESTING_FRONT_FIXTURE_H_
