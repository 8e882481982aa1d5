#include "client/lib/doctor/certificates.h"

#include <openssl/err.h>

#include <ctime>
#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/lib/doctor/reach.h"

namespace muster::doctor {
namespace {

constexpr int kDayHours = 24;
constexpr absl::Duration kExpiryNotice = absl::Hours(30 * kDayHours);
constexpr absl::Duration kExpiryWarning = absl::Hours(14 * kDayHours);
constexpr absl::Duration kExpiryFailing = absl::Hours(3 * kDayHours);

constexpr size_t kNameBytesMax = 200;
constexpr int kNamesMax = 8;

std::string Print(const X509_NAME* name) {
  const UniqueBio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  if (size <= 0) return "(no name)";
  return std::string(absl::string_view(text, static_cast<size_t>(size)).substr(0, kNameBytesMax));
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone()); }

std::string TextOf(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS || name.type == GEN_URI) {
    const ASN1_IA5STRING* const text = name.d.ia5;
    const auto* const bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
    return absl::CHexEscape(absl::string_view(bytes, static_cast<size_t>(ASN1_STRING_length(text))));
  }
  if (name.type == GEN_IPADD) {
    const unsigned char* const bytes = ASN1_STRING_get0_data(name.d.ip);
    if (ASN1_STRING_length(name.d.ip) == 4) return absl::StrJoin(bytes, bytes + 4, ".");
    return "an IPv6 address";
  }
  return "";
}

}  // namespace

std::string NameOf(const X509& certificate) { return Print(X509_get_subject_name(&certificate)); }

absl::Time NotAfter(const X509& certificate) { return ToTime(X509_get0_notAfter(&certificate)); }
absl::Time NotBefore(const X509& certificate) { return ToTime(X509_get0_notBefore(&certificate)); }

ChainAnswer FollowChain(const Certificates& chain, const Certificates& authorities, Purpose purpose,
                        absl::string_view authorities_name) {
  if (chain.empty()) return {false, "there is no certificate"};
  const X509* const leaf = chain.front().get();
  // When certificates end is another check's question.
  const ChainVerdict verdict = VerifyChain(chain, authorities, purpose, std::nullopt);
  const std::string signed_by = absl::StrCat(NameOf(*leaf), ", signed by ", Print(X509_get_issuer_name(leaf)));
  if (verdict.holds) {
    return {true, absl::StrCat(signed_by, "; ", NameOf(*verdict.anchor), " is in ", authorities_name)};
  }
  return {false, absl::StrCat(signed_by, ": ", verdict.why, "; ", authorities_name, " has ",
                              authorities.empty() ? std::string("none") : NameOf(*authorities.front()),
                              authorities.size() > 1 ? absl::StrCat(" and ", authorities.size() - 1, " more") : "")};
}

bool IsMadeOutTo(const X509& certificate, const std::string& host) {
  X509* const borrowed = const_cast<X509*>(&certificate);  // X509_check_* take it so and do not change it.
  const bool matches = IsAddress(host) ? X509_check_ip_asc(borrowed, host.c_str(), 0) == 1
                                       : X509_check_host(borrowed, host.data(), host.size(), 0, nullptr) == 1;
  ERR_clear_error();
  return matches;
}

std::string NamesIn(const X509& certificate) {
  const UniqueGeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()) && i < kNamesMax; ++i) {
    std::string text = TextOf(*sk_GENERAL_NAME_value(names.get(), i));
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts.empty() ? NameOf(certificate) : absl::StrJoin(texts, ", ");
}

Finding JudgeExpiry(const Subject& subject, absl::string_view what, const X509& certificate, absl::Time now,
                    absl::string_view remedy) {
  const absl::Time not_before = NotBefore(certificate);
  if (now < not_before) {
    return Failing(subject, absl::StrCat(what, " is valid only from ", Day(not_before), " on, by this machine's clock"),
                   "sudo timedatectl set-ntp true");
  }
  const absl::Duration left = NotAfter(certificate) - now;
  const std::string until = Day(NotAfter(certificate));
  if (left <= absl::ZeroDuration()) {
    return Failing(subject, absl::StrCat(what, " expired on ", until, ", ", Roughly(left), " ago"), remedy);
  }
  const std::string detail = absl::StrCat(what, " is valid until ", until, ", for ", Roughly(left));
  if (left <= kExpiryFailing) return Failing(subject, absl::StrCat(detail, " only"), remedy);
  if (left <= kExpiryWarning) return Warning(subject, absl::StrCat(detail, ": renew it this week"), remedy);
  if (left <= kExpiryNotice) return Warning(subject, absl::StrCat(detail, ": ask for a new one"), remedy);
  return Fine(subject, detail);
}

}  // namespace muster::doctor
