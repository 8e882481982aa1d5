#include "common/identifiers.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/error_reason.h"
#include "common/formats.h"

namespace muster {
namespace {

using Normalized = absl::StatusOr<NormalizedIdentifier>;

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }
bool IsPunctuation(char c) { return absl::ascii_ispunct(static_cast<unsigned char>(c)); }

absl::Status Refused(absl::string_view message) { return Refusal(v1::ERROR_REASON_MALFORMED, message, "C9"); }

Normalized As(v1::TargetKind kind, absl::string_view value) {
  return NormalizedIdentifier{kind, std::string(value), ""};
}

Normalized Indeterminate(v1::TargetKind kind, absl::string_view why) {
  return NormalizedIdentifier{kind, "", std::string(why)};
}

// `value` without the characters that `dropped` says.
template <typename Predicate>
std::string Without(absl::string_view value, Predicate dropped) {
  std::string kept;
  std::copy_if(value.begin(), value.end(), std::back_inserter(kept), [&dropped](char c) { return !dropped(c); });
  return kept;
}

bool AllAlnum(absl::string_view value) { return std::all_of(value.begin(), value.end(), IsAlnum); }

// Ten digits of the North American numbering plan: NXX NXX XXXX, where N is 2 to 9.
bool IsNorthAmerican(absl::string_view digits) { return digits.size() == 10 && digits[0] >= '2' && digits[3] >= '2'; }

// `digits` follow the + of E.164.
Normalized InternationalPhone(absl::string_view digits) {
  const std::string phone = absl::StrCat("+", digits);
  if (!IsE164(phone)) {
    return Refused("an international phone number has 8 to 15 digits, starting with a country code");
  }
  if (digits[0] == '1' && !IsNorthAmerican(digits.substr(1))) {
    return Refused("a phone number with country code 1 has 10 more digits; area code and exchange start with 2 to 9");
  }
  return As(v1::TARGET_KIND_PHONE, phone);
}

Normalized Phone(absl::string_view value) {
  if (absl::StrContains(value, "(0)")) {
    return Refused("a phone number with \"(0)\" can be read in two ways; leave out what is not dialled from abroad");
  }
  const std::string written = Without(value, [](char c) { return IsSpace(c) || absl::StrContains("-.()/", c); });
  const bool plus = absl::StartsWith(written, "+");
  absl::string_view digits = absl::StripPrefix(absl::string_view(written), "+");
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return Refused(
        "a phone number is written with digits, spaces and - . ( ) / only, + first if anywhere; leave out an extension "
        "and write letters as digits");
  }
  if (plus) return InternationalPhone(digits);
  if (absl::ConsumePrefix(&digits, "011") || absl::ConsumePrefix(&digits, "00")) return InternationalPhone(digits);
  if (digits.size() == 7) {
    return Indeterminate(v1::TARGET_KIND_PHONE, "a phone number of 7 digits lacks its area code; add it");
  }
  if (digits.size() == 11) absl::ConsumePrefix(&digits, "1");
  if (!IsNorthAmerican(digits)) {
    return Refused(
        "a North American phone number has 10 digits, area code and exchange starting with 2 to 9; start any other "
        "with "
        "+ and its country code");
  }
  return As(v1::TARGET_KIND_PHONE, absl::StrCat("+1", digits));
}

Normalized Plate(absl::string_view value, absl::string_view state) {
  const std::string plate =
      absl::AsciiStrToUpper(Without(value, [](char c) { return IsSpace(c) || IsPunctuation(c); }));
  if (plate.empty() || !AllAlnum(plate)) {
    return Refused("a plate is written with the letters A to Z and digits; leave out symbols");
  }
  const std::string issuer = absl::AsciiStrToUpper(state);
  if (issuer.empty()) {
    return Indeterminate(v1::TARGET_KIND_PLATE, "a plate without its issuing state may be any state's; add the state");
  }
  if (!IsUspsState(issuer)) {
    return Refused(absl::StrCat("a plate's state is ", FormatDescription(v1::FORMAT_USPS_STATE),
                                "; leave it out for a plate of another country"));
  }
  return As(v1::TARGET_KIND_PLATE, absl::StrCat(issuer, " ", plate));
}

// The check digit that 17 characters without I, O and Q should have at the ninth place (49 CFR 565.15(c), tables III
// to VI). That place itself weighs nothing.
char VinCheckDigit(absl::string_view vin) {
  constexpr std::array<int, 17> kWeights = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  constexpr absl::string_view kLetterValues = "12345678012345070923456789";  // A to Z; I, O and Q do not occur.
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) {
    const char digit = IsDigit(vin[i]) ? vin[i] : kLetterValues[static_cast<size_t>(vin[i] - 'A')];
    sum += kWeights[i] * (digit - '0');
  }
  return "0123456789X"[sum % 11];
}

Normalized Vin(absl::string_view value) {
  const std::string vin = absl::AsciiStrToUpper(Without(value, [](char c) { return IsSpace(c) || c == '-'; }));
  if (vin.empty() || !AllAlnum(vin)) return Refused("a VIN is written with the letters A to Z and digits");
  if (vin.size() != 17) {
    return Indeterminate(v1::TARGET_KIND_VIN,
                         absl::StrCat("a VIN has 17 characters, this has ", vin.size(),
                                      "; give all of it, or leave an older vehicle's to a person"));
  }
  if (vin.find_first_of("IOQ") != std::string::npos) {
    return Refused("no VIN of 17 characters has an I, O or Q (49 CFR 565.13); look for a 1 or 0");
  }
  if (vin[0] >= '1' && vin[0] <= '5' && vin[8] != VinCheckDigit(vin)) {
    return Refused("the VIN's ninth character is not its check digit (49 CFR 565.15); look for a mistyped character");
  }
  return As(v1::TARGET_KIND_VIN, vin);
}

// Whether each label between dots has 1 to 63 letters, digits and hyphens, no hyphen at its ends (RFC 1123).
bool IsHostName(absl::string_view name) {
  for (const absl::string_view label : absl::StrSplit(name, '.')) {
    const bool hyphens = absl::StartsWith(label, "-") || absl::EndsWith(label, "-");
    if (label.empty() || label.size() > 63 || hyphens) return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return IsAlnum(c) || c == '-'; })) return false;
  }
  return true;
}

Normalized Email(absl::string_view value) {
  const absl::string_view email = absl::StripAsciiWhitespace(value);
  const size_t at = email.rfind('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == email.size()) {
    return Refused("an e-mail address has something before and after its @");
  }
  if (std::any_of(email.begin(), email.end(), IsSpace)) return Refused("an e-mail address has no spaces inside");
  const absl::string_view domain = email.substr(at + 1);
  if (IsHostName(domain)) {
    return As(v1::TARGET_KIND_EMAIL, absl::StrCat(email.substr(0, at + 1), absl::AsciiStrToLower(domain)));
  }
  const bool other_script = std::any_of(domain.begin(), domain.end(), [](char c) { return (c & 0x80) != 0; });
  if (other_script || (domain.front() == '[' && domain.back() == ']')) {
    return Indeterminate(
        v1::TARGET_KIND_EMAIL,
        "an e-mail address can be compared by a domain of the letters A to Z, digits, hyphens and dots; "
        "write one in another script as xn--...");
  }
  return Refused("what follows the @ of an e-mail address is no domain");
}

Normalized Ip(absl::string_view value) {
  const std::string text(absl::StripAsciiWhitespace(value));
  in6_addr v6{};
  in_addr v4{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  const bool readable = text.find('\0') == std::string::npos;
  if (readable && inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) {
      inet_ntop(AF_INET6, &v6, written.data(), written.size());
      return As(v1::TARGET_KIND_IP, written.data());
    }
    std::memcpy(&v4, &v6.s6_addr[12], sizeof(v4));
  } else if (!readable || inet_pton(AF_INET, text.c_str(), &v4) != 1) {
    return Refused(
        "an IP address is IPv4 such as 192.0.2.1 or IPv6 such as 2001:db8::1, without port or prefix length");
  }
  inet_ntop(AF_INET, &v4, written.data(), written.size());
  return As(v1::TARGET_KIND_IP, written.data());
}

Normalized Handle(absl::string_view value) {
  absl::string_view handle = absl::StripAsciiWhitespace(value);
  while (absl::ConsumePrefix(&handle, "@")) {
  }
  if (handle.empty() || std::any_of(handle.begin(), handle.end(), IsSpace)) {
    return Refused("a handle has at least one character after its @, and no spaces inside");
  }
  return As(v1::TARGET_KIND_HANDLE, absl::AsciiStrToLower(handle));
}

// Addresses and names.
Normalized Words(v1::TargetKind kind, absl::string_view value) {
  std::string words;
  bool gap = false;
  for (const char c : value) {
    if (IsSpace(c) || IsPunctuation(c)) {
      gap = true;
      continue;
    }
    if (gap && !words.empty()) words.push_back(' ');
    gap = false;
    words.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  if (words.empty()) return Refused("an address or a name has at least one letter or digit");
  return As(kind, words);
}

}  // namespace

absl::StatusOr<NormalizedIdentifier> NormalizeIdentifier(v1::TargetKind kind, absl::string_view value,
                                                         absl::string_view state) {
  switch (kind) {
    case v1::TARGET_KIND_PHONE:
      return Phone(value);
    case v1::TARGET_KIND_PLATE:
      return Plate(value, state);
    case v1::TARGET_KIND_VIN:
      return Vin(value);
    case v1::TARGET_KIND_EMAIL:
      return Email(value);
    case v1::TARGET_KIND_IP:
      return Ip(value);
    case v1::TARGET_KIND_HANDLE:
      return Handle(value);
    case v1::TARGET_KIND_ADDRESS:
    case v1::TARGET_KIND_BUSINESS:
    case v1::TARGET_KIND_PERSON:
      return Words(kind, value);
    default:
      return Refused("a target's kind is one of those that this build knows; give one");
  }
}

}  // namespace muster
