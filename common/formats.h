// The textual forms that fields may be required to have (muster/v1/constraints.proto, enum Format), and what any text
// may hold at all.
//
// Threading: pure functions; none allocates.
#ifndef MUSTER_COMMON_FORMATS_H_
#define MUSTER_COMMON_FORMATS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "muster/v1/constraints.pb.h"

namespace muster {

// Lower-case letters, digits and single hyphens between them, starting with a letter: `mo-ago`.
bool IsSlug(absl::string_view text);
// 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);
// The 50 states, DC, PR, GU, VI, AS and MP, in capitals (USPS Publication 28, appendix B).
bool IsUspsState(absl::string_view text);
// + and 8 to 15 digits, the first not 0 (ITU-T E.164).
bool IsE164(absl::string_view text);
// Nine characters in capitals: two letters, then letters or digits (FBI Originating Agency Identifier).
bool IsOri(absl::string_view text);
// Two or three lower-case letters (ISO 639-1, 639-3).
bool IsLanguage(absl::string_view text);
// 32 lower-case hexadecimal digits.
bool IsTicket(absl::string_view text);

// Whether `text` has the form. True for FORMAT_UNSPECIFIED; false for a format that this build does not know.
bool HasFormat(v1::Format format, absl::string_view text);

// What the form is, for an error message: "a USPS state abbreviation such as MO".
absl::string_view FormatDescription(v1::Format format);

// The first thing in a text that does not belong there.
struct TextFault {
  size_t offset_bytes = 0;
  // Unset when the bytes at the offset are not UTF-8 (RFC 3629).
  std::optional<uint32_t> code_point;
};

// Finds invalid UTF-8, control characters (C0, DEL, C1), the line and paragraph separators U+2028 and U+2029, and the
// characters that reorder what a reader sees (U+202A to U+202E, U+2066 to U+2069). With `multiline`, tab and line feed
// are allowed. These would let one agency's text forge lines in another's log, table or terminal.
std::optional<TextFault> FindTextFault(absl::string_view text, bool multiline);

}  // namespace muster

#endif  // MUSTER_COMMON_FORMATS_H_
