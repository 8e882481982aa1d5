#include "client/gateway/http/front.h"

#include <openssl/x509_vfy.h>

#include "absl/strings/str_cat.h"
#include "client/gateway/http/pages.h"
#include "client/gateway/session/cookie.h"
#include "common/logging.h"

namespace muster::gateway {
namespace {

bool IsRead(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

// "https://host:port/" for the name by which the browser reached us: the cookie is this name's.
std::string UrlAt(const HttpRequest& request, int port) {
  return absl::StrCat("https://", HostWithoutPort(request.Header("Host")), ":", port, "/");
}

HttpAnswer WrongMethod(absl::string_view allowed, absl::string_view home) {
  HttpAnswer answer = PageAnswer(kWrongMethodPage, home);
  answer.headers.emplace_back("Allow", std::string(allowed));
  return answer;
}

const Page& PageForVerifyError(int error) {
  return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID ? kExpiredCertificatePage
                                                                                        : kUnknownAuthorityPage;
}

}  // namespace

HttpAnswer MainFront::Serve(const HttpRequest& request) const {
  HttpAnswer answer = Route(request);
  AddSecurityHeaders(strict_transport_, &answer);
  return answer;
}

HttpAnswer MainFront::Route(const HttpRequest& request) const {
  if (!origins_.HasHost(request.Header("Host"))) return PageAnswer(kWrongHostPage, "");
  if (request.method == "POST") {
    return calls_->Serve(request, login_port_.has_value() ? UrlAt(request, *login_port_) : "");
  }
  if (!per_address_->Allow(CountedAs(request.peer))) return PageAnswer(kTooManyRequestsPage, "/");
  if (!IsRead(request)) return WrongMethod("GET, HEAD, POST", "/");
  if (const Page* const page = PageAt(request.path); page != nullptr) return PageAnswer(*page, "/");
  return files_.has_value() ? files_->Serve(request) : PageAnswer(kNoApplicationPage, "");
}

HttpAnswer LoginFront::Serve(const HttpRequest& request) const {
  HttpAnswer answer = Route(request);
  AddSecurityHeaders(strict_transport_, &answer);
  return answer;
}

HttpAnswer LoginFront::Route(const HttpRequest& request) const {
  if (!origins_.HasHost(request.Header("Host"))) return PageAnswer(kWrongHostPage, "");
  const std::string home = UrlAt(request, main_port_);
  if (!sign_ins_->Allow(CountedAs(request.peer))) return PageAnswer(kTooManyRequestsPage, home);
  if (request.method != "GET") return WrongMethod("GET", home);
  if (request.path != "/") return PageAnswer(kNotFoundPage, home);
  if (!IsFromOurSiteOrTyped(request)) return PageAnswer(kFromElsewherePage, home);
  if (!request.certificate.has_value()) return PageAnswer(kNoCertificatePage, home);
  const PeerCertificate& certificate = *request.certificate;
  if (certificate.verify_error != X509_V_OK) {
    LogWarn("a certificate was not accepted", {{"why", X509_verify_cert_error_string(certificate.verify_error)},
                                               {"certificate_sha256", certificate.sha256_hex},
                                               {"peer", request.peer}});
    return PageAnswer(PageForVerifyError(certificate.verify_error), home);
  }
  const absl::StatusOr<v1::PersonRecord> person = people_->FindByCertificate(certificate.sha256_hex);
  if (!person.ok()) {
    LogWarn(
        "a certificate's holder may not sign in",
        {{"why", person.status().message()}, {"certificate_sha256", certificate.sha256_hex}, {"peer", request.peer}});
    return PageAnswer(absl::IsPermissionDenied(person.status()) ? kRemovedPersonPage : kUnknownPersonPage, home);
  }
  sessions_->End(TokenInCookies(request.Header("Cookie")));
  LogInfo("signed in", {{"person", person->name()}, {"by", "certificate"}, {"peer", request.peer}});
  HttpAnswer answer;
  answer.status = 303;
  answer.headers = {{"Location", home}, {"Set-Cookie", SetCookie(sessions_->Begin(*person, certificate.not_after))}};
  return answer;
}

}  // namespace muster::gateway
