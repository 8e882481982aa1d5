// Pages of a list (AIP-158). A page token is the key of the last item shown, in hexadecimal: opaque to the caller, and
// good for any later state of the list.
#ifndef MUSTER_SERVER_STATE_PAGING_H_
#define MUSTER_SERVER_STATE_PAGING_H_

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "muster/v1/outcome.pb.h"

namespace muster {

inline constexpr uint32_t kPageSizeDefault = 100;
inline constexpr uint32_t kPageSizeMax = 1000;

inline absl::StatusOr<std::string> DecodePageToken(const std::string& token) {
  const bool is_hex = token.size() % 2 == 0 && std::all_of(token.begin(), token.end(), absl::ascii_isxdigit);
  if (is_hex) return absl::HexStringToBytes(token);
  return Refusal(v1::ERROR_REASON_MALFORMED,
                 "page.page_token: is not one that this broker gave; begin again without a token");
}

// Calls `show(key, value)` for the items of an ordered `map` that follow the token and for which `visible(key, value)`,
// one page of them, and sets `*next_page_token` when there are more.
template <typename Map, typename Visible, typename Show>
absl::Status ShowPage(const Map& map, const v1::PageOptions& page, const Visible& visible, const Show& show,
                      std::string* next_page_token) {
  MUSTER_ASSIGN_OR_RETURN(const std::string after, DecodePageToken(page.page_token()));
  const uint32_t size = page.page_size() == 0 ? kPageSizeDefault : std::min(page.page_size(), kPageSizeMax);
  uint32_t shown = 0;
  std::string last;
  for (auto it = after.empty() ? map.begin() : map.upper_bound(after); it != map.end(); ++it) {
    if (!visible(it->first, it->second)) continue;
    if (shown == size) {
      *next_page_token = absl::BytesToHexString(last);
      return absl::OkStatus();
    }
    show(it->first, it->second);
    last = std::string(it->first);
    ++shown;
  }
  return absl::OkStatus();
}

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_PAGING_H_
