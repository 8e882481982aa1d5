#include "client/cli/demo/findings.h"

#include "absl/strings/str_cat.h"

namespace muster {

void Findings::Check(absl::string_view what, absl::string_view wanted, absl::string_view got) {
  lines_.push_back({std::string(what), std::string(wanted), std::string(got)});
}

void Findings::Count(absl::string_view json_key, absl::string_view what, uint64_t wanted, uint64_t got) {
  Check(what, absl::StrCat(wanted), absl::StrCat(got));
  counts_.emplace_back(std::string(json_key), got);
}

}  // namespace muster
