#include "client/gateway/http/session_service.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/gateway/forward/codec.h"
#include "client/gateway/http/security.h"
#include "client/gateway/session/cookie.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/validation.h"
#include "muster/gateway/v1/session.pb.h"

namespace muster::gateway {
namespace {

constexpr absl::string_view kService = "/muster.gateway.v1.SessionService/";

absl::Status Parse(const SessionService::Call& call, google::protobuf::Message* request) {
  MUSTER_RETURN_IF_ERROR(ParseMessage(call.codec, call.request, request));
  return Validate(*request);
}

absl::Status TooMany() {
  return absl::ResourceExhaustedError("too many attempts from this address: wait a few seconds and try again");
}

}  // namespace

bool SessionService::Serves(absl::string_view path) { return path.substr(0, kService.size()) == kService; }

SessionService::Answer SessionService::Serve(const Call& call) {
  const absl::string_view method = absl::string_view(call.path).substr(kService.size());
  if (method == "GetSession") return GetSession(call);
  if (method == "SignIn") return SignInByPassword(call);
  if (method == "Enroll") return Enroll(call);
  if (method == "SignOut") return SignOut(call);
  return {absl::UnimplementedError(absl::StrCat("there is no method ", call.path)), ""};
}

SessionService::Answer SessionService::GetSession(const Call& call) {
  v1::GetSessionRequest request;
  if (absl::Status status = Parse(call, &request); !status.ok()) return {std::move(status), ""};
  v1::GetSessionResponse response;
  const std::optional<SessionView> found = sessions_->Find(call.token);
  if (found.has_value()) *response.mutable_session() = found->session;
  response.set_ended(!found.has_value() && !call.token.empty());
  response.set_certificate_login_url(call.certificate_login_url);
  return {SerializeMessage(call.codec, response), response.ended() ? ClearCookie() : ""};
}

template <typename Response>
SessionService::Answer SessionService::Begin(const Call& call, const v1::PersonRecord& person) {
  sessions_->End(call.token);
  const std::string token = sessions_->Begin(person, std::nullopt);
  Response response;
  if (const auto view = sessions_->Find(token)) *response.mutable_session() = view->session;
  LogInfo("signed in", {{"person", person.name()}, {"by", "password"}, {"peer", call.peer}});
  return {SerializeMessage(call.codec, response), SetCookie(token)};
}

SessionService::Answer SessionService::SignInByPassword(const Call& call) {
  const std::string address = CountedAs(call.peer);
  if (!sign_ins_->Allow(address)) return {TooMany(), ""};
  const std::shared_ptr<void> turn = attempts_each_->Take(address);
  if (turn == nullptr) return {TooMany(), ""};
  v1::SignInRequest request;
  if (absl::Status status = Parse(call, &request); !status.ok()) return {std::move(status), ""};
  const absl::StatusOr<v1::PersonRecord> person = sign_in_->ByPassword(request.person(), request.password());
  if (person.ok()) return Begin<v1::SignInResponse>(call, *person);
  LogWarn("a sign-in failed", {{"person", request.person()}, {"why", person.status().message()}, {"peer", call.peer}});
  return {person.status(), ""};
}

SessionService::Answer SessionService::Enroll(const Call& call) {
  const std::string address = CountedAs(call.peer);
  if (!sign_ins_->Allow(address)) return {TooMany(), ""};
  const std::shared_ptr<void> turn = attempts_each_->Take(address);
  if (turn == nullptr) return {TooMany(), ""};
  v1::EnrollRequest request;
  if (absl::Status status = Parse(call, &request); !status.ok()) return {std::move(status), ""};
  const absl::StatusOr<v1::PersonRecord> person = sign_in_->Enroll(request.code(), request.password());
  if (person.ok()) return Begin<v1::EnrollResponse>(call, *person);
  LogWarn("an invitation was not accepted", {{"why", person.status().message()}, {"peer", call.peer}});
  return {person.status(), ""};
}

SessionService::Answer SessionService::SignOut(const Call& call) {
  v1::SignOutRequest request;
  if (absl::Status status = Parse(call, &request); !status.ok()) return {std::move(status), ""};
  sessions_->End(call.token);
  return {SerializeMessage(call.codec, v1::SignOutResponse()), ClearCookie()};
}

}  // namespace muster::gateway
