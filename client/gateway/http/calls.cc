#include "client/gateway/http/calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/gateway/http/feed_body.h"
#include "client/gateway/http/security.h"
#include "client/gateway/session/cookie.h"
#include "common/error_reason.h"
#include "common/logging.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

// The largest request is a plan of many sections.
constexpr uint64_t kBodyBytesMax = 4 << 20;
// Those who only read ask short questions.
constexpr uint64_t kBodyBytesMaxOfViewers = 64 << 10;
// A name, a code and a password.
constexpr uint64_t kBodyBytesMaxOfStrangers = 16 << 10;

HttpAnswer ToHttp(WireAnswer wire) {
  HttpAnswer answer;
  answer.status = wire.http_status;
  answer.headers.emplace_back("Content-Type", std::move(wire.content_type));
  for (auto& header : wire.headers) answer.headers.push_back(std::move(header));
  answer.body = std::move(wire.body);
  return answer;
}

HttpAnswer Refused(const Framing& framing, const absl::Status& status) { return ToHttp(EncodeAnswer(framing, status)); }

absl::StatusOr<absl::Duration> TimeoutOf(const HttpRequest& request, const Framing& framing) {
  const bool connect = framing.protocol == Protocol::kConnectUnary || framing.protocol == Protocol::kConnectStream;
  return connect ? ParseConnectTimeout(request.Header("Connect-Timeout-Ms"))
                 : ParseGrpcTimeout(request.Header("grpc-timeout"));
}

// A body that is compressed as a whole cannot be told from one that is wrong.
absl::Status CheckEncoding(const HttpRequest& request) {
  const std::string encoding = request.Header("Content-Encoding");
  if (encoding.empty() || encoding == "identity") return absl::OkStatus();
  return absl::UnimplementedError("the request is compressed, which is not understood here: send it as it is");
}

// Connect has a framing for each kind of method; gRPC-Web has one for both.
bool Fits(const Framing& framing, bool streams) {
  if (framing.protocol == Protocol::kConnectUnary) return !streams;
  if (framing.protocol == Protocol::kConnectStream) return streams;
  return true;
}

// RFC 9110, section 15.5.16.
HttpAnswer UnsupportedMediaType() {
  HttpAnswer answer;
  answer.status = 415;
  answer.headers = {{"Accept-Post",
                     "application/json, application/proto, application/connect+json, application/connect+proto, "
                     "application/grpc-web, application/grpc-web-text"},
                    {"Content-Type", "text/plain; charset=utf-8"}};
  answer.body = "this Content-Type does not fit the method: see Accept-Post\n";
  return answer;
}

HttpAnswer NotFromOurPage() {
  HttpAnswer answer;
  answer.status = 403;
  answer.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  answer.body = "calls are taken from the dashboard's own page only, not from other web sites\n";
  return answer;
}

}  // namespace

uint64_t Calls::BodyBytesMax(const HttpRequest& head) const {
  const std::optional<SessionView> session = parts_.sessions->Find(TokenInCookies(head.Header("Cookie")));
  if (!session.has_value()) return kBodyBytesMaxOfStrangers;
  return session->session.role() == v1::PERSON_ROLE_OPERATOR ? kBodyBytesMax : kBodyBytesMaxOfViewers;
}

HttpAnswer Calls::Serve(const HttpRequest& request, const std::string& certificate_login_url) const {
  if (!IsFromOurPage(request)) return NotFromOurPage();
  const std::optional<Framing> framing = FramingOf(request.Header("Content-Type"));
  if (!framing.has_value()) return UnsupportedMediaType();
  const std::string token = TokenInCookies(request.Header("Cookie"));
  if (SessionService::Serves(request.path)) {
    if (!Fits(*framing, /*streams=*/false)) return UnsupportedMediaType();
    return ServeSession(request, *framing, token, certificate_login_url);
  }
  const Method* const method = parts_.methods->Find(request.path);
  if (method == nullptr) {
    return Refused(*framing, absl::UnimplementedError(absl::StrCat("there is no method at this path; muster.v1's are "
                                                                   "served under /package.Service/Method")));
  }
  if (!Fits(*framing, method->streams)) return UnsupportedMediaType();
  const absl::StatusOr<std::string> person = Admit(request, token, *method);
  if (!person.ok()) return Refused(*framing, person.status());
  if (const absl::Status encoding = CheckEncoding(request); !encoding.ok()) return Refused(*framing, encoding);
  return method->streams ? ServeFeed(request, *framing, token) : ServeUnary(request, *framing, *person, *method);
}

absl::StatusOr<std::string> Calls::Admit(const HttpRequest& request, const std::string& token,
                                         const Method& method) const {
  const std::optional<SessionView> session = parts_.sessions->Find(token);
  if (!session.has_value()) {
    if (!parts_.per_address->Allow(CountedAs(request.peer))) {
      return absl::ResourceExhaustedError("too many calls from this address: wait a few seconds and try again");
    }
    return absl::UnauthenticatedError(token.empty() ? "nobody is signed in: sign in first"
                                                    : "the session has ended: sign in again");
  }
  // By its hash, as everywhere: what is kept must open no session.
  if (!parts_.per_session->Allow(Sha256Bytes(token))) {
    return absl::ResourceExhaustedError("too many calls in this session: wait a moment and try again");
  }
  if (method.changes && session->session.role() != v1::PERSON_ROLE_OPERATOR) {
    return Refusal(muster::v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat(session->session.person(), " is a viewer here, and ", method.descriptor->name(),
                                " is for operators: ask one, or ask for that role"));
  }
  return session->session.person();
}

HttpAnswer Calls::ServeSession(const HttpRequest& request, const Framing& framing, const std::string& token,
                               const std::string& certificate_login_url) const {
  if (!parts_.per_address->Allow(CountedAs(request.peer))) {
    return Refused(framing, absl::ResourceExhaustedError("too many calls from this address: wait a few seconds"));
  }
  if (const absl::Status encoding = CheckEncoding(request); !encoding.ok()) return Refused(framing, encoding);
  absl::StatusOr<std::string> message = DecodeRequest(framing, request.body);
  if (!message.ok()) return Refused(framing, message.status());
  SessionService::Answer answer = parts_.session_service->Serve({.path = request.path,
                                                                 .codec = framing.codec,
                                                                 .request = *std::move(message),
                                                                 .token = token,
                                                                 .peer = request.peer,
                                                                 .certificate_login_url = certificate_login_url});
  HttpAnswer http = ToHttp(EncodeAnswer(framing, answer.message));
  if (!answer.cookie.empty()) http.headers.emplace_back("Set-Cookie", std::move(answer.cookie));
  return http;
}

HttpAnswer Calls::ServeUnary(const HttpRequest& request, const Framing& framing, const std::string& person,
                             const Method& method) const {
  const std::shared_ptr<void> slot = parts_.calls_each->Take(person);
  if (slot == nullptr) {
    return Refused(framing, absl::ResourceExhaustedError(absl::StrCat("too many calls of ", person,
                                                                      " wait for an answer: try again in a moment")));
  }
  const absl::StatusOr<absl::Duration> within = TimeoutOf(request, framing);
  if (!within.ok()) return Refused(framing, within.status());
  const absl::StatusOr<std::string> message = DecodeRequest(framing, request.body);
  if (!message.ok()) return Refused(framing, message.status());
  const Forwarder::Answer answer = parts_.forwarder->Call(method, framing.codec, *message, *within);
  // The broker knows the office; which of its people it was is known here alone.
  if (method.changes) {
    LogInfo("a change", {{"person", person},
                         {"method", method.descriptor->full_name()},
                         {"submission_id", answer.submission_id},
                         {"answer", absl::StatusCodeToString(answer.message.status().code())},
                         {"why", answer.message.status().message()},
                         {"peer", request.peer}});
  }
  return ToHttp(EncodeAnswer(framing, answer.message, answer.metadata));
}

HttpAnswer Calls::ServeFeed(const HttpRequest& request, const Framing& framing, const std::string& token) const {
  const absl::StatusOr<std::string> message = DecodeRequest(framing, request.body);
  if (!message.ok()) return Refused(framing, message.status());
  std::shared_ptr<void> slot = parts_.slots->Take();
  if (slot == nullptr) {
    return Refused(framing, absl::ResourceExhaustedError(
                                "the gateway serves as many streams as it may: close some windows of the dashboard, or "
                                "let its operator raise limits.streams"));
  }
  HttpAnswer answer;
  answer.headers = {{"Content-Type", ContentTypeOf(framing)}};
  const FeedCall call = {framing, *message, token};
  answer.stream = [this, call, slot](StreamSink& sink) { WriteFeed(call, *parts_.forwarder, parts_.sessions, &sink); };
  return answer;
}

}  // namespace muster::gateway
