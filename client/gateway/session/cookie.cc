#include "client/gateway/session/cookie.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace muster::gateway {
namespace {

constexpr char kAttributes[] = "Path=/; Secure; HttpOnly; SameSite=Strict";

}  // namespace

std::string TokenInCookies(absl::string_view header) {
  std::string token;
  for (const absl::string_view cookie : absl::StrSplit(header, ';')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(cookie), absl::MaxSplits('=', 1));
    if (parts.first != kCookieName) continue;
    if (!token.empty()) return "";
    token = std::string(parts.second);
  }
  return token;
}

std::string SetCookie(absl::string_view token) { return absl::StrCat(kCookieName, "=", token, "; ", kAttributes); }

std::string ClearCookie() { return absl::StrCat(kCookieName, "=; Max-Age=0; ", kAttributes); }

}  // namespace muster::gateway
