#include "client/agent/hook/on_delivery.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace muster::agent {
namespace {

constexpr size_t kReadAtOnce = 64;
constexpr int kWaitMultiplier = 4;

}  // namespace

std::string DeliveryJson(const muster::v1::Delivery& delivery) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string notice;
  if (!google::protobuf::util::MessageToJsonString(delivery.notice(), &notice, options).ok()) notice = "{}";
  return absl::StrCat("{\"notice\":", notice, ",\"cursor\":\"", absl::BytesToHexString(delivery.cursor()),
                      "\",\"previous_cursor\":\"", absl::BytesToHexString(delivery.previous_cursor()), "\"}\n");
}

Hook::Hook(Options options, Inbox* inbox, std::function<void(const absl::Status&)> failed)
    : options_(std::move(options)), inbox_(inbox), failed_(std::move(failed)) {}

Hook::~Hook() { Stop(); }

void Hook::Start() {
  if (options_.argv.empty()) return;
  thread_ = std::thread([this] { Run(); });
}

void Hook::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  stop_.Raise();
  inbox_->Wake();
  if (thread_.joinable()) thread_.join();
}

bool Hook::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

absl::Status Hook::Skip() { return options_.argv.empty() ? inbox_->SetHookRow(inbox_->last_row()) : absl::OkStatus(); }

v1::HookStatus Hook::status() const {
  v1::HookStatus status;
  status.set_configured(!options_.argv.empty());
  const uint64_t done = inbox_->hook_row();
  status.set_waiting(options_.argv.empty() ? 0 : inbox_->last_row() - done);
  absl::MutexLock lock(&mu_);
  status.set_failed(failures_);
  status.set_last_failure(last_failure_);
  return status;
}

void Hook::Run() {
  while (true) {
    const uint64_t seen = inbox_->revision().now();
    if (Stopping()) return;
    const absl::Status status = RunWaiting();
    if (absl::IsUnknown(status)) {
      if (failed_) failed_(status);
      return;
    }
    if (!status.ok()) LogError("the hook cannot go on for now", {{"why", status.message()}});
    // After a failure of the storage the next delivery is the next attempt.
    if (!status.ok() || inbox_->hook_row() >= inbox_->last_row()) {
      inbox_->revision().WaitBeyond(seen, absl::Minutes(1));
    }
  }
}

absl::Status Hook::RunWaiting() {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Inbox::Stored> waiting, inbox_->After(inbox_->hook_row(), kReadAtOnce));
  for (const Inbox::Stored& stored : waiting) {
    if (!RunFor(stored)) return absl::OkStatus();
    MUSTER_RETURN_IF_ERROR(inbox_->SetHookRow(stored.row));
  }
  return absl::OkStatus();
}

bool Hook::RunFor(const Inbox::Stored& stored) {
  const std::string input = DeliveryJson(stored.delivery);
  absl::Duration wait = options_.retry_wait;
  absl::Status ran;
  for (int attempt = 0; attempt <= kRetries; ++attempt) {
    if (attempt > 0) {
      if (inbox_->revision().Await(wait, [this] { return Stopping(); })) return false;
      wait *= kWaitMultiplier;
    }
    if (Stopping()) return false;
    ran = RunProgram(options_.argv, input, options_.timeout, stop_);
    if (ran.ok()) return true;
    if (absl::IsCancelled(ran)) return false;
    LogWarn("the hook failed",
            {{"program", options_.argv[0]}, {"row", stored.row}, {"attempt", attempt + 1}, {"why", ran.message()}});
  }
  LogError("the hook failed for good; the delivery is passed over",
           {{"program", options_.argv[0]}, {"row", stored.row}, {"why", ran.message()}});
  absl::MutexLock lock(&mu_);
  ++failures_;
  last_failure_ = absl::StrCat(options_.argv[0], " ", ran.message());
  return true;
}

}  // namespace muster::agent
