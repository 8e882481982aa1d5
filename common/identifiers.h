// Rule C9: target identifiers in the one form in which they are compared. Two targets match when kind and normalised
// value are equal, byte for byte: nothing here is fuzzy, and no table says that two spellings mean the same.
//
// A value is one of three things. A *normalised* one can be compared. An INDETERMINATE one may be right but cannot be
// compared as it stands (a plate without its state): it matches nothing, and it is never CLEAR. A *refused* one is no
// identifier of its kind at all.
//
//   phone     E.164 (ITU-T). Spaces and - . ( ) / are dropped. + or 00 or 011 starts an international number; ten
//             digits, or eleven that start with 1, are North American, whose area code and exchange start with 2 to 9.
//             Seven digits lack their area code: INDETERMINATE. Anything else is refused, extensions, letters and the
//             "(0)" of "+44 (0)20" included: dropping or keeping them would make another number.
//   plate     Capitals and digits; spaces and ASCII punctuation are dropped. Prefixed with the issuing state: "MO
//   AB1C2D".
//             Without a state INDETERMINATE. The letter O and the digit 0 differ, as some states issue both.
//   VIN       Capitals and digits; spaces and hyphens are dropped. Other than 17 characters is INDETERMINATE (vehicles
//             built before 1981, or part of a VIN). With 17, the letters I, O and Q are refused (49 CFR 565.13), and a
//             wrong check digit (49 CFR 565.15(c)) where the first character is 1 to 5, North America; elsewhere it is
//             optional and not looked at.
//   e-mail    The domain, after the last @, in lower case; the part before it unchanged, since only its own server
//   knows
//             whether case or dots matter there (RFC 5321 section 2.4). A domain that is not a name of ASCII letters,
//             digits, hyphens and dots ("[192.0.2.1]", or one in another script, whose form is xn--...) is
//             INDETERMINATE.
//   IP        IPv4 or IPv6 as inet_ntop writes it (RFC 5952); IPv4 inside IPv6 (::ffff:192.0.2.1) as IPv4. No port,
//   prefix
//             length or zone.
//   handle    Lower case (ASCII) without leading @; no spaces inside. Names no platform: the same handle on two
//             platforms matches, and a person says whether it is one account.
//   address, business, person
//             Lower case (ASCII); each run of spaces and ASCII punctuation is one space, none at the ends. Other
//             scripts are compared as they are written. "St" is not "Street", and "Lee, Ann" is not "Ann Lee".
//
// No message repeats a value: messages go to logs, values must not (rule C7).
//
// Threading: a pure function, from any thread.
#ifndef MUSTER_COMMON_IDENTIFIERS_H_
#define MUSTER_COMMON_IDENTIFIERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/v1/activity.pb.h"

namespace muster {

struct NormalizedIdentifier {
  v1::TargetKind kind = v1::TARGET_KIND_UNSPECIFIED;
  // Empty when, and only when, the identifier is INDETERMINATE.
  std::string value;
  // Why it is INDETERMINATE and what to do; empty otherwise.
  std::string indeterminate;

  bool is_indeterminate() const { return value.empty(); }
};

// The form of `value` in which it is compared. `state` is the issuing state of a plate, a USPS abbreviation in either
// case, or empty; other kinds have no use for one. Normalising a value twice changes nothing more (a plate's without
// its prefix).
//
// Errors: MALFORMED  `value` cannot be what `kind` says, `state` is no USPS state, or `kind` is none that is known.
absl::StatusOr<NormalizedIdentifier> NormalizeIdentifier(v1::TargetKind kind, absl::string_view value,
                                                         absl::string_view state = "");

}  // namespace muster

#endif  // MUSTER_COMMON_IDENTIFIERS_H_
