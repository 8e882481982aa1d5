#include "tests/faults/report.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace muster {
namespace {

// The counts of a verdict, by name.
std::vector<std::pair<const char*, uint64_t Verdict::*>> Counts() {
  return {{"acknowledged", &Verdict::acknowledged},
          {"lost", &Verdict::lost},
          {"duplicated", &Verdict::duplicated},
          {"reordered", &Verdict::reordered},
          {"gaps", &Verdict::gaps},
          {"phantoms", &Verdict::phantoms},
          {"changed", &Verdict::changed}};
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, c));
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      quoted += '?';  // Bytes of cursors and the like: they need not be exact here.
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace

void Report::Fail(std::string what) {
  ++failures;
  if (verdict.violations.size() < 40) verdict.violations.push_back(std::move(what));
}

void Report::Add(const Report& other) {
  for (const auto& [kind, count] : other.faults) faults[kind] += count;
  verdict.Add(other.verdict);
  failures += other.failures;
  skipped.insert(skipped.end(), other.skipped.begin(), other.skipped.end());
}

std::string Report::Json() const {
  std::vector<std::string> fields, by_kind, wrong, left_out;
  for (const auto& [kind, count] : faults) by_kind.push_back(absl::StrCat(Quoted(kind), ": ", count));
  for (const auto& [name, count] : Counts()) fields.push_back(absl::StrCat("  \"", name, "\": ", verdict.*count));
  for (const std::string& violation : verdict.violations) wrong.push_back("    " + Quoted(violation));
  for (const Skipped& one : skipped) {
    left_out.push_back(absl::StrCat("    {\"what\": ", Quoted(one.what), ", \"reason\": ", Quoted(one.reason), "}"));
  }
  const auto list = [](const std::vector<std::string>& items) {
    return items.empty() ? std::string("[]") : absl::StrCat("[\n", absl::StrJoin(items, ",\n"), "\n  ]");
  };
  return absl::StrCat("{\n  \"faults\": {", absl::StrJoin(by_kind, ", "), "},\n", absl::StrJoin(fields, ",\n"),
                      ",\n  \"failures\": ", failures, ",\n  \"violations\": ", list(wrong),
                      ",\n  \"skipped\": ", list(left_out), "\n}\n");
}

std::string Report::Encode() const {
  std::string text;
  for (const auto& [kind, count] : faults) absl::StrAppend(&text, "fault\t", kind, "\t", count, "\n");
  for (const auto& [name, count] : Counts()) absl::StrAppend(&text, "count\t", name, "\t", verdict.*count, "\n");
  for (const std::string& what : verdict.violations) absl::StrAppend(&text, "violation\t", absl::CEscape(what), "\t\n");
  for (const Skipped& one : skipped) {
    absl::StrAppend(&text, "skipped\t", absl::CEscape(one.what), "\t", absl::CEscape(one.reason), "\n");
  }
  absl::StrAppend(&text, "failures\t\t", failures, "\n");
  return text;
}

Report Report::Decode(const std::string& text) {
  Report report;
  const auto plain = [](const std::string& escaped) {
    std::string result;
    absl::CUnescape(escaped, &result);
    return result;
  };
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, '\t');
    if (parts.size() != 3) continue;
    uint64_t number = 0;
    const bool counted = absl::SimpleAtoi(parts[2], &number);
    if (parts[0] == "fault" && counted) report.faults[parts[1]] += number;
    if (parts[0] == "failures" && counted) report.failures += number;
    if (parts[0] == "violation") report.verdict.violations.push_back(plain(parts[1]));
    if (parts[0] == "skipped") report.Skip(plain(parts[1]), plain(parts[2]));
    for (const auto& [name, count] : Counts()) {
      if (parts[0] == "count" && parts[1] == name && counted) report.verdict.*count += number;
    }
  }
  return report;
}

}  // namespace muster
