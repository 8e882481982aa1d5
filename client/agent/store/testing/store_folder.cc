#include "client/agent/store/testing/store_folder.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/sqlite.h"
#include "common/uuid.h"

namespace muster::agent {
namespace {

void Require(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  std::abort();
}

}  // namespace

StoreFolder::StoreFolder() {
  // In memory where there is such a place: the syncs are counted and failed by tests, but nobody pulls the plug.
  const std::filesystem::path memory = "/dev/shm";
  const bool in_memory = access(memory.c_str(), W_OK) == 0;
  std::string pattern =
      ((in_memory ? memory : std::filesystem::temp_directory_path()) / "muster-store-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  root_ = pattern;
}

StoreFolder::~StoreFolder() { std::filesystem::remove_all(root_); }

UnlockKey StoreFolder::Key(char fill) {
  UnlockKey key;
  key.secret = std::string(32, fill);
  key.source = absl::StrCat("the key of ", std::string(1, fill));
  return key;
}

absl::StatusOr<std::unique_ptr<Store>> StoreFolder::TryOpen(const UnlockKey& key, const std::string& sqlite_vfs) const {
  Store::Options options;
  options.state_dir = state_dir();
  options.sqlite_vfs = sqlite_vfs;
  return Store::Open(options, key);
}

std::unique_ptr<Store> StoreFolder::Open() const {
  absl::StatusOr<std::unique_ptr<Store>> store = TryOpen();
  Require(store.status(), "cannot open the store");
  return *std::move(store);
}

void StoreFolder::Tamper(const std::string& sql) const {
  auto db = SqliteDatabase::Open(database(), {});
  Require(db.status(), "cannot open the database");
  Require((*db)->Exec(sql), "cannot tamper");
}

std::vector<std::pair<std::string, std::string>> StoreFolder::Files() const {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir())) {
    std::ifstream file(entry.path(), std::ios::binary);
    files.emplace_back(entry.path().filename().string(),
                       std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  }
  return files;
}

absl::Time TestTime(int64_t seconds) {
  return absl::FromCivil(absl::CivilSecond(2026, 3, 4, 5, 6, 7), absl::UTCTimeZone()) + absl::Seconds(seconds);
}

muster::v1::Submission NewSubmission(const std::string& text, const std::string& operation_id, absl::Time made_at) {
  muster::v1::Submission submission;
  submission.set_submission_id(NewUuidV7(made_at));
  submission.mutable_call_hold()->set_operation_id(operation_id);
  submission.mutable_call_hold()->set_epoch(1);
  submission.mutable_call_hold()->set_reason(text);
  return submission;
}

v1::OutboxItemName ByNumber(uint64_t number) {
  v1::OutboxItemName name;
  name.set_number(number);
  return name;
}

v1::OutboxItemName ById(const std::string& submission_id) {
  v1::OutboxItemName name;
  name.set_submission_id(submission_id);
  return name;
}

muster::v1::SubmissionAnswer Accepted(const std::string& submission_id) {
  muster::v1::SubmissionAnswer answer;
  answer.set_submission_id(submission_id);
  answer.mutable_outcome()->set_submission_id(submission_id);
  answer.mutable_outcome()->mutable_accepted();
  *answer.mutable_outcome()->mutable_decided_at() = ToProto(TestTime());
  answer.mutable_outcome()->set_cursor(CursorAt(7));
  return answer;
}

muster::v1::SubmissionAnswer Rejected(const std::string& submission_id, muster::v1::ErrorReason reason) {
  muster::v1::SubmissionAnswer answer = Objected(submission_id, reason);
  *answer.mutable_outcome()->mutable_decided_at() = ToProto(TestTime());
  return answer;
}

muster::v1::SubmissionAnswer Objected(const std::string& submission_id, muster::v1::ErrorReason reason) {
  muster::v1::SubmissionAnswer answer;
  answer.set_submission_id(submission_id);
  answer.mutable_outcome()->set_submission_id(submission_id);
  answer.mutable_outcome()->mutable_rejected()->set_reason(reason);
  answer.mutable_outcome()->mutable_rejected()->set_message("as the broker says");
  return answer;
}

muster::v1::SubmissionAnswer Refused(const std::string& submission_id, muster::v1::ErrorReason reason) {
  muster::v1::SubmissionAnswer answer;
  answer.set_submission_id(submission_id);
  answer.mutable_refusal()->set_code(static_cast<int>(CodeFor(reason)));
  answer.mutable_refusal()->mutable_why()->set_reason(reason);
  answer.mutable_refusal()->mutable_why()->set_message("as the broker says");
  return answer;
}

std::string CursorAt(int position) { return absl::StrCat("cursor-", position); }

muster::v1::Delivery NewDelivery(int position, const std::string& operation_id, const std::string& text) {
  muster::v1::Delivery delivery;
  delivery.set_cursor(CursorAt(position));
  delivery.set_previous_cursor(CursorAt(position - 1));
  muster::v1::Notice& notice = *delivery.mutable_notice();
  *notice.mutable_at() = ToProto(TestTime(position));
  notice.set_operation_id(operation_id);
  notice.mutable_participant()->set_reason(text);
  return delivery;
}

std::vector<muster::v1::Delivery> NewDeliveries(int first, int last, const std::string& operation_id) {
  std::vector<muster::v1::Delivery> deliveries;
  for (int i = first; i <= last; ++i) deliveries.push_back(NewDelivery(i, operation_id));
  return deliveries;
}

}  // namespace muster::agent
