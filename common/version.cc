#include "common/version.h"

#include <cstdint>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

// The numbers up to the first part that is none, without zeros at the end.
std::vector<uint64_t> NumbersOf(absl::string_view version) {
  absl::ConsumePrefix(&version, "v");
  version = version.substr(0, version.find_first_of("-+"));
  std::vector<uint64_t> numbers;
  for (const absl::string_view part : absl::StrSplit(version, '.')) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(part, &number)) break;
    numbers.push_back(number);
  }
  while (numbers.size() > 1 && numbers.back() == 0) numbers.pop_back();
  return numbers;
}

}  // namespace

bool IsOlderVersion(absl::string_view version, absl::string_view than) { return NumbersOf(version) < NumbersOf(than); }

}  // namespace muster
