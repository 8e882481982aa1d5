#include "client/gateway/people/people.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/formats.h"
#include "common/openssl_ptr.h"
#include "common/random.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

constexpr size_t kNameBytesMax = 63;
constexpr absl::Duration kInvitationLife = absl::Hours(24);
// Crockford's base 32: nothing that is read as something else over a telephone.
constexpr absl::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kCodeLetters = 20;  // 100 bits.
constexpr size_t kGroup = 5;

std::string NewCode() {
  std::string code;
  for (const char byte : RandomBytes(kCodeLetters)) {
    if (code.size() % (kGroup + 1) == kGroup) code.push_back('-');
    code.push_back(kAlphabet[static_cast<unsigned char>(byte) % kAlphabet.size()]);
  }
  return code;
}

// The name of the file of the invitation with `code`.
std::string NameOf(absl::string_view code) {
  std::string letters;
  for (const char letter : code) {
    if (letter != '-' && letter != ' ') letters.push_back(absl::ascii_toupper(static_cast<unsigned char>(letter)));
  }
  return Sha256Hex(letters);
}

absl::Status CheckName(const std::string& name) {
  if (IsSlug(name) && name.size() <= kNameBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\" cannot be a person's name: use up to ", kNameBytesMax,
                   " lower-case letters, digits and single hyphens, starting with a letter, such as j-smith"));
}

bool HasCertificate(const v1::PersonRecord& person, absl::string_view sha256_hex) {
  return std::find(person.certificate_sha256s().begin(), person.certificate_sha256s().end(), sha256_hex) !=
         person.certificate_sha256s().end();
}

}  // namespace

absl::StatusOr<std::unique_ptr<People>> People::Open(const std::string& state_dir, const Clock* clock) {
  if (mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot create state_dir ", state_dir));
  }
  MUSTER_ASSIGN_OR_RETURN(RecordFiles people, RecordFiles::Open(state_dir + "/people"));
  MUSTER_ASSIGN_OR_RETURN(RecordFiles removed, RecordFiles::Open(state_dir + "/removed"));
  MUSTER_ASSIGN_OR_RETURN(RecordFiles invitations, RecordFiles::Open(state_dir + "/invitations"));
  return std::unique_ptr<People>(new People(std::move(people), std::move(removed), std::move(invitations), clock));
}

absl::StatusOr<v1::PersonRecord> People::Find(const std::string& name) const {
  if (!CheckName(name).ok()) return absl::NotFoundError(absl::StrCat("there is no person ", name));
  v1::PersonRecord person;
  const absl::Status loaded = people_.Load(name, &person);
  if (absl::IsNotFound(loaded)) return absl::NotFoundError(absl::StrCat("there is no person ", name));
  if (!loaded.ok()) return loaded;
  return person;
}

absl::StatusOr<v1::PersonRecord> People::FindByCertificate(absl::string_view sha256_hex) const {
  for (const v1::PersonRecord& person : List()) {
    if (HasCertificate(person, sha256_hex)) return person;
  }
  for (const std::string& name : removed_.Names()) {
    v1::PersonRecord person;
    if (removed_.Load(name, &person).ok() && HasCertificate(person, sha256_hex)) {
      return absl::PermissionDeniedError(absl::StrCat(name, " was removed"));
    }
  }
  return absl::NotFoundError("no person signs in with this certificate");
}

std::vector<v1::PersonRecord> People::List() const {
  std::vector<v1::PersonRecord> all;
  for (const std::string& name : people_.Names()) {
    v1::PersonRecord person;
    if (people_.Load(name, &person).ok()) all.push_back(std::move(person));
  }
  return all;
}

absl::Status People::Save(v1::PersonRecord person) const {
  MUSTER_RETURN_IF_ERROR(CheckName(person.name()));
  *person.mutable_changed_at() = ToProto(clock_->Now());
  return people_.Save(person.name(), person);
}

absl::Status People::Remove(const std::string& name) const {
  // First, or a code that is still about would bring the person back.
  const bool was_invited = DropInvitations(name);
  const absl::StatusOr<v1::PersonRecord> found = Find(name);
  if (was_invited && absl::IsNotFound(found.status())) return absl::OkStatus();
  if (!found.ok()) return found.status();
  v1::PersonRecord person = *found;
  person.clear_password_hash();
  // First, so that a certificate is never known to be neither.
  MUSTER_RETURN_IF_ERROR(removed_.Save(name, person));
  return people_.Take(name, &person);
}

absl::StatusOr<std::string> People::Invite(const std::string& name, v1::PersonRole role) const {
  MUSTER_RETURN_IF_ERROR(CheckName(name));
  (void)DropInvitations(name);
  v1::InvitationRecord invitation;
  invitation.set_name(name);
  invitation.set_role(role);
  *invitation.mutable_expires_at() = ToProto(clock_->Now() + kInvitationLife);
  const std::string code = NewCode();
  MUSTER_RETURN_IF_ERROR(invitations_.Save(NameOf(code), invitation));
  return code;
}

absl::Status People::AddCertificate(const std::string& name, v1::PersonRole role, const std::string& sha256_hex) const {
  MUSTER_RETURN_IF_ERROR(CheckName(name));
  const absl::StatusOr<v1::PersonRecord> holder = FindByCertificate(sha256_hex);
  if (holder.ok() && holder->name() != name) {
    return absl::AlreadyExistsError(absl::StrCat("that certificate is ", holder->name(), "'s: remove ", holder->name(),
                                                 " first, or use the right file"));
  }
  const absl::StatusOr<v1::PersonRecord> found = Find(name);
  v1::PersonRecord person = found.value_or(v1::PersonRecord());
  person.set_name(name);
  person.set_role(role);
  if (!HasCertificate(person, sha256_hex)) person.add_certificate_sha256s(sha256_hex);
  return Save(std::move(person));
}

std::optional<v1::InvitationRecord> People::PeekInvitation(absl::string_view code) const {
  v1::InvitationRecord invitation;
  if (!invitations_.Load(NameOf(code), &invitation).ok()) return std::nullopt;
  if (FromProto(invitation.expires_at()) <= clock_->Now()) return std::nullopt;
  return invitation;
}

std::optional<v1::InvitationRecord> People::TakeInvitation(absl::string_view code) const {
  v1::InvitationRecord invitation;
  if (!invitations_.Take(NameOf(code), &invitation).ok()) return std::nullopt;
  if (FromProto(invitation.expires_at()) <= clock_->Now()) return std::nullopt;
  return invitation;
}

bool People::DropInvitations(const std::string& name) const {
  bool dropped = false;
  for (const std::string& file : invitations_.Names()) {
    v1::InvitationRecord invitation;
    if (!invitations_.Load(file, &invitation).ok()) continue;
    const bool expired = FromProto(invitation.expires_at()) <= clock_->Now();
    if (!expired && invitation.name() != name) continue;
    // If somebody else was faster, it is gone all the same.
    const bool taken = invitations_.Take(file, &invitation).ok();
    dropped = dropped || (taken && !expired);
  }
  return dropped;
}

absl::StatusOr<std::string> CertificateSha256(const std::string& pem, const std::string& name) {
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const UniqueX509 certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  unsigned char* der = nullptr;
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate.get(), &der);
  if (size <= 0) return absl::InvalidArgumentError(absl::StrCat(name, " holds no certificate in PEM form"));
  const std::string hex = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return hex;
}

}  // namespace muster::gateway
