// Words and values as people type and read them.
#ifndef MUSTER_CLIENT_CLI_TEXT_H_
#define MUSTER_CLIENT_CLI_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/label.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"

namespace muster::cli {

// `text` fit for a terminal: control characters (C0, C1, DEL), direction marks that reorder what is shown, and bytes
// that are not UTF-8 become \xNN or \u{N}. Line feeds and tabs stay when `multiline`.
std::string EscapeForTerminal(absl::string_view text, bool multiline = false);

// How many columns `text` takes, as far as code points tell.
size_t DisplayWidth(absl::string_view text);

// An enum value as people read it: PERSON_RECOVERED_ADULT is `person-recovered-adult`.
using muster::EnumLabel;
using muster::Label;
// The same, but nothing for a value that is not set, as in what a viewer may not see whole.
template <typename Enum>
std::string LabelIfSet(Enum value) {
  return static_cast<int>(value) == 0 ? "" : Label(value);
}

// The other way round; the full name is understood too, and so are underscores. INVALID_ARGUMENT lists what there is.
absl::StatusOr<int> ParseEnum(const google::protobuf::EnumDescriptor* type, absl::string_view text);
// Every label but `unspecified`.
std::vector<std::string> EnumLabels(const google::protobuf::EnumDescriptor* type);

// RFC 3339 with a zone: 2021-08-26T18:00:00Z.
absl::StatusOr<absl::Time> ParseTime(absl::string_view text);
// In UTC, to the second; empty when unset.
std::string TimeText(const google::protobuf::Timestamp& time);

// Cursors are opaque bytes; people handle them as hexadecimal.
absl::StatusOr<std::string> ParseCursor(absl::string_view hex);
std::string CursorText(absl::string_view cursor);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TEXT_H_
