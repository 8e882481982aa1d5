#include "client/agent/store/database.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/store/data_key.h"
#include "client/agent/store/schema.h"
#include "common/error_reason.h"

namespace muster::agent {
namespace {

// A commit that leaves more than this in the write-ahead log copies it into the database. The command post is quiet
// compared with that, so nobody waits for it often, and Maintain does it in quiet hours.
constexpr int64_t kWalBytesMax = 4 << 20;

constexpr char kAdvice[] =
    ". Stop the daemon and copy the state directory aside. Then restore it from a backup; or enrol anew with an empty "
    "one, and look on another computer at what had been accepted";

// The size of a file; 0 when there is none.
int64_t FileBytes(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

// Says what to do. SQL of ours that SQLite cannot run (INTERNAL) means that the schema or the header was damaged.
absl::Status WithAdvice(const absl::Status& status) {
  if (!absl::IsDataLoss(status) && !absl::IsInternal(status)) return status;
  return absl::DataLossError(absl::StrCat(status.message(), kAdvice));
}

absl::Status Full(const absl::Status& cause) {
  return Refusal(muster::v1::ERROR_REASON_STORAGE_FULL,
                 absl::StrCat("nothing was written: ", cause.message(), "; free disk space and try again"));
}

absl::StatusOr<Secret> OpenOrCreate(SqliteDatabase* db, const UnlockKey& key) {
  // Nothing shall be left of a wrapped key that was replaced.
  MUSTER_RETURN_IF_ERROR(db->Exec("PRAGMA secure_delete=ON"));
  MUSTER_ASSIGN_OR_RETURN(const int64_t tables, db->QueryInt64("SELECT count(*) FROM sqlite_master"));
  // A larger file without tables is no new store but one whose first page is damaged.
  if (tables == 0 && FileBytes(db->path()) <= kPageBytes) {
    MUSTER_RETURN_IF_ERROR(CreateSchema(db, WrapDataKey(NewDataKey(), key)));
  }
  MUSTER_RETURN_IF_ERROR(CheckFormat(db));
  MUSTER_ASSIGN_OR_RETURN(const WrappedKey wrapped, ReadWrappedKey(db));
  MUSTER_ASSIGN_OR_RETURN(Secret data_key, UnwrapDataKey(wrapped, key));
  // Also makes durable what a failed fsync may have left in the page cache only: the copy is written and synced anew.
  MUSTER_RETURN_IF_ERROR(db->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).status());
  return data_key;
}

}  // namespace

// ---- Rows, Session ----

Rows::Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
  if (statement_ != nullptr) statement_->Reset();
}

absl::StatusOr<SqliteStatement*> Session::Prepared(const char* sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return &known->second;
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement statement, db_->Prepare(sql));
  return &statements_.emplace(sql, std::move(statement)).first->second;
}

// ---- Database ----

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, const std::string& sqlite_vfs,
                                                         const UnlockKey& key) {
  if (FileBytes(path) == 0 && FileBytes(path + "-wal") > 0) {
    // SQLite would delete the write-ahead log of an empty database.
    return WithAdvice(absl::DataLossError(
        absl::StrCat(path, " is empty or missing, but its write-ahead log is not, and holds what was saved last")));
  }
  SqliteDatabase::Options options;
  options.page_bytes = kPageBytes;
  options.vfs = sqlite_vfs;
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db = SqliteDatabase::Open(path, options);
  if (!db.ok()) return WithAdvice(db.status());
  absl::StatusOr<Secret> data_key = OpenOrCreate(db->get(), key);
  if (!data_key.ok()) {
    (*db)->KeepWalOnClose();
    return WithAdvice(data_key.status());
  }
  return std::unique_ptr<Database>(new Database(*std::move(db), *std::move(data_key)));
}

Database::Database(std::unique_ptr<SqliteDatabase> db, Secret data_key)
    : data_key_(std::move(data_key)), sealer_(data_key_.view()), db_(std::move(db)), session_(db_.get(), &sealer_) {}

Database::~Database() = default;

absl::Status Database::Change(absl::FunctionRef<absl::Status(Session&)> change, absl::FunctionRef<void()> committed) {
  absl::MutexLock lock(&mu_);
  if (!failed_.ok()) return failed_;
  SqliteTransaction transaction(db_.get());
  absl::Status status = transaction.Begin();
  if (status.ok()) status = change(session_);
  if (absl::IsUnknown(status) || absl::IsInternal(status)) return Fail(status);  // SQLite could not read or write.
  if (absl::IsResourceExhausted(status)) return Full(status);
  if (!status.ok()) return status;
  status = transaction.Commit();
  // SQLite writes the commit frame last, so a write that found no room cannot have committed.
  if (absl::IsResourceExhausted(status)) return Full(status);
  if (!status.ok()) return Fail(status);
  committed();
  if (db_->wal_frames() * static_cast<int64_t>(kPageBytes) >= kWalBytesMax) {
    // What was committed is durable, whatever becomes of the copy.
    CopyWalLocked().IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status Database::Read(absl::FunctionRef<absl::Status(Session&)> read) const {
  absl::MutexLock lock(&mu_);
  return read(session_);
}

absl::Status Database::ChangeUnlockKey(const UnlockKey& key) {
  const WrappedKey wrapped = WrapDataKey(data_key_, key);
  MUSTER_RETURN_IF_ERROR(Change([&wrapped](Session& session) {
    return session.Run("UPDATE store SET by_passphrase = ?1, key_salt = ?2, sealed_key = ?3", wrapped.by_passphrase,
                       Blob{wrapped.salt}, Blob{wrapped.sealed});
  }));
  return CopyWal();
}

absl::Status Database::CopyWal() {
  absl::MutexLock lock(&mu_);
  if (!failed_.ok()) return failed_;
  return CopyWalLocked();
}

absl::Status Database::CopyWalLocked() {
  const absl::Status status = db_->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).status();
  if (status.ok() || absl::IsResourceExhausted(status) || absl::IsUnavailable(status)) return status;
  return Fail(status);
}

absl::Status Database::QuickCheck() const {
  absl::MutexLock lock(&mu_);
  MUSTER_ASSIGN_OR_RETURN(Rows rows, session_.Query("PRAGMA quick_check(1)"));
  MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (found && rows.Text(0) == "ok") return absl::OkStatus();
  return WithAdvice(
      absl::DataLossError(absl::StrCat(db_->path(), " is damaged: ", found ? rows.Text(0) : "no answer")));
}

absl::Status Database::failed() const {
  absl::MutexLock lock(&mu_);
  return failed_;
}

absl::Status Database::Fail(const absl::Status& cause) {
  // Closing must not try the sync again, nor take what was not synced for durable.
  db_->KeepWalOnClose();
  failed_ = absl::UnknownError(absl::StrCat(
      "the fate of the last change is unknown: ", cause.message(),
      ". Nothing more is changed until the store is opened anew: check the disk and restart muster-agent"));
  return failed_;
}

}  // namespace muster::agent
