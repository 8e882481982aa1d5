#include "client/agent/store/data_key.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/store/key_derivation.h"
#include "client/agent/store/sealer.h"
#include "common/random.h"

namespace muster::agent {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr char kPlace[] = "store/data-key";

Secret WrappingKey(const UnlockKey& unlock_key, absl::string_view salt) {
  return unlock_key.is_passphrase ? StretchPassphrase(unlock_key.secret, salt)
                                  : DeriveKey(unlock_key.secret, salt, "muster-agent unlock");
}

}  // namespace

Secret NewDataKey() { return Secret(RandomBytes(Sealer::kKeyBytes)); }

WrappedKey WrapDataKey(const Secret& data_key, const UnlockKey& unlock_key) {
  WrappedKey wrapped;
  wrapped.by_passphrase = unlock_key.is_passphrase;
  wrapped.salt = RandomBytes(kSaltBytes);
  wrapped.sealed = Sealer(WrappingKey(unlock_key, wrapped.salt).view()).Seal(data_key.view(), kPlace);
  return wrapped;
}

absl::StatusOr<Secret> UnwrapDataKey(const WrappedKey& wrapped, const UnlockKey& unlock_key) {
  if (wrapped.by_passphrase != unlock_key.is_passphrase) {
    return absl::PermissionDeniedError(
        absl::StrCat(unlock_key.source, " does not open this store: it is locked with a ",
                     wrapped.by_passphrase ? "passphrase" : "key file or credential", "; name that in [key]"));
  }
  absl::StatusOr<std::string> data_key =
      Sealer(WrappingKey(unlock_key, wrapped.salt).view()).Open(wrapped.sealed, kPlace);
  if (!data_key.ok()) {
    return absl::PermissionDeniedError(absl::StrCat(
        unlock_key.source,
        " does not open this store: supply the one that it was made or last rekeyed with. There is no other way in"));
  }
  return Secret(*std::move(data_key));
}

}  // namespace muster::agent
