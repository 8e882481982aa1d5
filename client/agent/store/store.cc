#include "client/agent/store/store.h"

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/agent/store/database.h"
#include "client/agent/store/encoding.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/inbox_rows.h"
#include "client/agent/store/mirror.h"
#include "client/agent/store/mirror_rows.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/outbox_rows.h"
#include "client/agent/store/state_dir.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

// Rows removed or checked at a time: others get their turn in between.
constexpr int kRowsAtATime = 500;

constexpr char kAgencyPlace[] = "identity/agency";
constexpr char kBundlePlace[] = "identity/bundle";

struct Identity {
  std::string agency_id;
  v1::EnrollmentBundle bundle;
};

absl::StatusOr<std::optional<Identity>> ReadIdentity(Session& session) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows, session.Query("SELECT agency, bundle FROM identity"));
  MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (!found) return std::optional<Identity>();
  Identity identity;
  MUSTER_ASSIGN_OR_RETURN(identity.agency_id, session.sealer().Open(rows.Bytes(0), kAgencyPlace));
  MUSTER_RETURN_IF_ERROR(OpenMessage(session.sealer(), rows.Bytes(1), kBundlePlace, &identity.bundle));
  return std::optional<Identity>(std::move(identity));
}

// Calls `some` until it says 0: nothing is left.
absl::Status Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> some) {
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t done, some());
    if (done == 0) return absl::OkStatus();
  }
}

}  // namespace

class Store::Impl {
 public:
  Impl(StateDirLock lock, std::unique_ptr<Database> db)
      : lock_(std::move(lock)), db_(std::move(db)), outbox_(db_.get()), inbox_(db_.get()), mirror_(db_.get()) {}

  absl::Status Load() {
    MUSTER_RETURN_IF_ERROR(outbox_.Load());
    MUSTER_RETURN_IF_ERROR(inbox_.Load());
    std::optional<Identity> identity;
    MUSTER_RETURN_IF_ERROR(Read(&identity));
    if (identity.has_value()) SetAgency(identity->agency_id);
    return absl::OkStatus();
  }

  absl::Status Read(std::optional<Identity>* identity) const {
    return db_->Read([identity](Session& session) -> absl::Status {
      MUSTER_ASSIGN_OR_RETURN(*identity, ReadIdentity(session));
      return absl::OkStatus();
    });
  }

  absl::Status SetIdentity(const v1::EnrollmentBundle& bundle, const std::string& agency_id) {
    return db_->Change(
        [&](Session& session) -> absl::Status {
          MUSTER_ASSIGN_OR_RETURN(const std::optional<Identity> before, ReadIdentity(session));
          if (before.has_value() && before->agency_id != agency_id) {
            return absl::FailedPreconditionError(
                absl::StrCat("this outbox belongs to agency ", before->agency_id, ", and the certificate is ",
                             agency_id, "'s; give the other agency a daemon with a state_dir of its own"));
          }
          return session.Run("INSERT OR REPLACE INTO identity VALUES(1, ?1, ?2)",
                             Blob{session.sealer().Seal(agency_id, kAgencyPlace)},
                             Blob{SealMessage(session.sealer(), bundle, kBundlePlace)});
        },
        [&] { SetAgency(agency_id); });
  }

  absl::Status Maintain(absl::Time before) {
    MUSTER_RETURN_IF_ERROR(Repeat([&] { return inbox_.RemoveBefore(before, kRowsAtATime); }));
    MUSTER_RETURN_IF_ERROR(Repeat([&] { return outbox_.RemoveBefore(before, kRowsAtATime); }));
    return db_->CopyWal();
  }

  absl::Status Verify() const {
    MUSTER_RETURN_IF_ERROR(db_->QuickCheck());
    MUSTER_RETURN_IF_ERROR(VerifyAll(VerifyRows));
    MUSTER_RETURN_IF_ERROR(VerifyAll(VerifyDeliveries));
    return db_->Read([](Session& session) -> absl::Status {
      MUSTER_RETURN_IF_ERROR(VerifyMirrorRows(session));
      MUSTER_RETURN_IF_ERROR(ReadGaps(session, INT32_MAX).status());
      return ReadIdentity(session).status();
    });
  }

  std::string agency_id() const {
    absl::MutexLock lock(&mu_);
    return agency_id_;
  }

  Database& db() { return *db_; }
  Outbox& outbox() { return outbox_; }
  Inbox& inbox() { return inbox_; }
  Mirror& mirror() { return mirror_; }

 private:
  // Calls `verify` for some rows at a time, from the first on.
  absl::Status VerifyAll(absl::FunctionRef<absl::StatusOr<uint64_t>(Session&, uint64_t, size_t)> verify) const {
    uint64_t row = 0;
    return Repeat([&]() -> absl::StatusOr<int64_t> {
      uint64_t last = 0;
      MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(last, verify(session, row, kRowsAtATime));
        return absl::OkStatus();
      }));
      row = last;
      return static_cast<int64_t>(last);
    });
  }

  void SetAgency(const std::string& agency_id) {
    absl::MutexLock lock(&mu_);
    agency_id_ = agency_id;
  }

  const StateDirLock lock_;
  const std::unique_ptr<Database> db_;
  Outbox outbox_;
  Inbox inbox_;
  Mirror mirror_;
  mutable absl::Mutex mu_;  // A leaf.
  std::string agency_id_ ABSL_GUARDED_BY(mu_);
};

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options, const UnlockKey& key) {
  MUSTER_RETURN_IF_ERROR(MakeStateDir(options.state_dir));
  MUSTER_ASSIGN_OR_RETURN(StateDirLock lock, StateDirLock::Take(options.state_dir));
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Database> db,
                          Database::Open(absl::StrCat(options.state_dir, "/agent.db"), options.sqlite_vfs, key));
  MUSTER_RETURN_IF_ERROR(SyncDirectory(options.state_dir));
  auto impl = std::make_unique<Impl>(std::move(lock), std::move(db));
  MUSTER_RETURN_IF_ERROR(impl->Load());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Outbox& Store::outbox() { return impl_->outbox(); }
Inbox& Store::inbox() { return impl_->inbox(); }
Mirror& Store::mirror() { return impl_->mirror(); }

absl::StatusOr<std::optional<v1::EnrollmentBundle>> Store::identity() const {
  std::optional<Identity> identity;
  MUSTER_RETURN_IF_ERROR(impl_->Read(&identity));
  if (!identity.has_value()) return std::optional<v1::EnrollmentBundle>();
  return std::optional<v1::EnrollmentBundle>(std::move(identity->bundle));
}

std::string Store::agency_id() const { return impl_->agency_id(); }

absl::Status Store::SetIdentity(const v1::EnrollmentBundle& bundle, const std::string& agency_id) {
  return impl_->SetIdentity(bundle, agency_id);
}

absl::Status Store::ChangeUnlockKey(const UnlockKey& key) { return impl_->db().ChangeUnlockKey(key); }

absl::Status Store::Maintain(absl::Time before) { return impl_->Maintain(before); }

absl::Status Store::Verify() const { return impl_->Verify(); }

absl::Status Store::failed() const { return impl_->db().failed(); }

}  // namespace muster::agent
