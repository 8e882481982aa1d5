#include "client/gateway/http/security.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/config.h"

namespace muster::gateway {
namespace {

constexpr int kHttpsPort = 443;
constexpr std::pair<absl::string_view, absl::string_view> kAlways[] = {
    {"Content-Security-Policy", kApplicationPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
    {"Cache-Control", "no-store"},
};

bool Has(const HttpAnswer& answer, absl::string_view name) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [name](const auto& header) { return absl::EqualsIgnoreCase(header.first, name); });
}

}  // namespace

void AddSecurityHeaders(bool strict_transport, HttpAnswer* answer) {
  for (const auto& [name, value] : kAlways) {
    if (!Has(*answer, name)) answer->headers.emplace_back(std::string(name), std::string(value));
  }
  if (strict_transport) answer->headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
}

Origins::Origins(absl::string_view address, absl::string_view public_name, int port) : port_(port) {
  std::string host;
  std::string ignored;
  SplitAddress(address, &host, &ignored);
  std::vector<std::string> names = {host};
  if (IsLoopbackHost(host)) names.insert(names.end(), {"localhost", "127.0.0.1", "::1"});
  if (!public_name.empty()) names.push_back(absl::AsciiStrToLower(public_name));
  any_ = public_name.empty() && (host == "0.0.0.0" || host == "::");
  for (const std::string& name : names) {
    const std::string shown = absl::StrContains(name, ':') ? absl::StrCat("[", name, "]") : name;
    hosts_.push_back(absl::StrCat(shown, ":", port));
    if (port == kHttpsPort) hosts_.push_back(shown);
  }
}

bool Origins::HasHost(absl::string_view host_header) const {
  if (any_) return !host_header.empty();
  return std::find(hosts_.begin(), hosts_.end(), absl::AsciiStrToLower(host_header)) != hosts_.end();
}

std::string HostWithoutPort(absl::string_view host_header) {
  const size_t bracket = host_header.rfind(']');
  const size_t colon = host_header.rfind(':');
  if (colon == absl::string_view::npos || (bracket != absl::string_view::npos && colon < bracket)) {
    return std::string(host_header);
  }
  return std::string(host_header.substr(0, colon));
}

std::string CountedAs(absl::string_view peer) {
  constexpr size_t kPrefixBytes = 8;
  in6_addr address = {};
  if (inet_pton(AF_INET6, std::string(peer).c_str(), &address) != 1) return std::string(peer);
  if (IN6_IS_ADDR_V4MAPPED(&address)) return std::string(peer);
  return absl::StrCat(absl::BytesToHexString({reinterpret_cast<const char*>(address.s6_addr), kPrefixBytes}), "/64");
}

bool IsFromOurSiteOrTyped(const HttpRequest& request) { return request.Header("Sec-Fetch-Site") != "cross-site"; }

bool IsFromOurPage(const HttpRequest& request) {
  const std::string site = request.Header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin") return false;
  const std::string origin = request.Header("Origin");
  return origin.empty() || absl::EqualsIgnoreCase(origin, absl::StrCat("https://", request.Header("Host")));
}

}  // namespace muster::gateway
