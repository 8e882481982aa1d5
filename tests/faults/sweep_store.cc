// The daemon's store in the sweep: what it saves, what it is answered, what arrives, and what is told off line.
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/store.h"
#include "common/clock.h"
#include "server/state/testing/test_support.h"
#include "tests/faults/history.h"
#include "tests/faults/sweep.h"

namespace muster {
namespace {

constexpr uint64_t kSubmissions = 30;
constexpr int kAttemptsMax = 3;
constexpr char kMirrorKey[] = "what the last delivery said";

absl::Time StartTime() { return absl::FromUnixSeconds(1'800'000'000); }

std::string IdOf(uint64_t i) { return TestUuid(StartTime(), i); }

v1::Submission SubmissionOf(uint64_t i) {
  v1::Submission submission =
      RecordTally(MakeEntry(EntryId(i), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, static_cast<uint32_t>(i)));
  submission.set_submission_id(IdOf(i));
  return submission;
}

v1::Delivery DeliveryOf(uint64_t n) {
  v1::Delivery delivery;
  delivery.set_cursor(absl::StrCat("cursor-", n));
  if (n > 1) delivery.set_previous_cursor(absl::StrCat("cursor-", n - 1));
  delivery.mutable_notice()->set_operation_id(kTestOperation);
  delivery.mutable_notice()->mutable_at()->set_seconds(static_cast<int64_t>(n));
  return delivery;
}

// Until it is not for want of room, but not for ever.
template <typename Call>
absl::Status Retried(const Call& call, Report* report) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    status = call();
    if (!absl::IsResourceExhausted(status)) break;
  }
  if (!status.ok() && !absl::IsResourceExhausted(status) && !absl::IsUnknown(status)) {
    report->Fail(absl::StrCat("an unclear answer: ", status.ToString()));
  }
  return status;
}

class StoreRun {
 public:
  absl::Status Open(const std::string& folder) {
    agent::UnlockKey key;
    key.secret = std::string(32, 'k');
    absl::StatusOr<std::unique_ptr<agent::Store>> store = agent::Store::Open({folder + "/state", ""}, key);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  agent::Store& store() { return *store_; }

  absl::StatusOr<uint64_t> Save(uint64_t i) {
    const absl::StatusOr<agent::v1::OutboxItem> item = store_->outbox().Save(SubmissionOf(i), StartTime());
    if (!item.ok()) return item.status();
    return item->number();
  }

  // As if a broker had accepted the first `count` of what is to be sent. Returns their numbers.
  absl::StatusOr<std::vector<uint64_t>> SendAndTake(size_t count) {
    const auto due = store_->outbox().ToSend(0, count);
    if (!due.ok()) return due.status();
    std::vector<v1::SubmissionAnswer> answers;
    std::vector<uint64_t> numbers;
    for (const agent::Outbox::Due& one : *due) {
      v1::SubmissionAnswer& answer = answers.emplace_back();
      answer.set_submission_id(one.submission.submission_id());
      answer.mutable_outcome()->set_submission_id(answer.submission_id());
      answer.mutable_outcome()->mutable_accepted();
      answer.mutable_outcome()->mutable_decided_at()->set_seconds(static_cast<int64_t>(one.number));
      numbers.push_back(one.number);
    }
    const absl::Status taken = store_->outbox().Take(answers, StartTime());
    if (!taken.ok()) return taken;
    return numbers;
  }

  // Two deliveries, and what the later one says for the mirror.
  absl::Status Receive() {
    const uint64_t n = store_->inbox().last_row();
    agent::MirrorAnswer answer;
    answer.key = kMirrorKey;
    answer.operation_id = kTestOperation;
    answer.response = absl::StrCat(n + 2);
    answer.as_of = StartTime() + absl::Seconds(static_cast<int64_t>(n));
    answer.inbox_row = n + 2;
    return store_->inbox().Append({DeliveryOf(n + 1), DeliveryOf(n + 2)}, {answer}, StartTime());
  }

 private:
  std::unique_ptr<agent::Store> store_;
};

// Promises: "saved I NUMBER", "accepted NUMBER", "received ROW".
void RunScript(const std::string& folder, const SweepSubject::Promise& promise, Report* report) {
  StoreRun run;
  if (!run.Open(folder).ok()) return;
  for (uint64_t i = 1; i <= kSubmissions; ++i) {
    const absl::Status saved = Retried(
        [&] {
          const absl::StatusOr<uint64_t> number = run.Save(i);
          if (number.ok()) promise(absl::StrCat("saved ", i, " ", *number));
          return number.status();
        },
        report);
    absl::Status status = saved;
    if (i % 3 == 0) {
      status.Update(Retried(
          [&] {
            const auto numbers = run.SendAndTake(2);
            if (!numbers.ok()) return numbers.status();
            for (const uint64_t number : *numbers) promise(absl::StrCat("accepted ", number));
            return absl::OkStatus();
          },
          report));
    }
    if (i % 2 == 0) {
      status.Update(Retried(
          [&] {
            const absl::Status received = run.Receive();
            if (received.ok()) promise(absl::StrCat("received ", run.store().inbox().last_row()));
            return received;
          },
          report));
    }
    if (i == kSubmissions / 2) {
      status.Update(Retried([&] { return run.store().Maintain(StartTime() - absl::Hours(1)); }, report));
    }
    if (absl::IsUnknown(status)) return;  // The daemon ends itself.
  }
}

// What the promises say, against what is there.
class StoreCheck {
 public:
  StoreCheck(StoreRun& run, Report* report) : run_(run), report_(*report) {}

  void Promise(const std::string& promise) {
    const std::vector<std::string> words = absl::StrSplit(promise, ' ');
    std::vector<uint64_t> numbers;
    for (size_t i = 1; i < words.size(); ++i) {
      if (!absl::SimpleAtoi(words[i], &numbers.emplace_back())) return;
    }
    ++report_.verdict.acknowledged;
    if (words[0] == "saved") CheckSaved(numbers[0], numbers[1]);
    if (words[0] == "accepted") CheckAccepted(numbers[0]);
    if (words[0] == "received" && run_.store().inbox().last_row() < numbers[0]) {
      Wrong(&report_.verdict.lost, absl::StrCat("delivery ", numbers[0], " was stored and is lost"));
    }
  }

  void CheckOutbox() {
    const auto items = run_.store().outbox().List({}, 0, 1000);
    if (!items.ok()) return report_.Fail(absl::StrCat("the outbox: ", items.status().ToString()));
    std::set<std::string> ids;
    uint64_t number = 0;
    for (const agent::v1::OutboxItem& item : *items) {
      if (item.number() != ++number) {
        Wrong(&report_.verdict.gaps, absl::StrCat("item ", number, " is missing before ", item.number()));
        number = item.number();
      }
      if (!ids.insert(item.submission_id()).second) {
        Wrong(&report_.verdict.duplicated, absl::StrCat("item ", number, " is there twice"));
      }
    }
    // What is not decided is still to be sent, in order; what is decided is not.
    const auto due = run_.store().outbox().ToSend(0, 1000);
    if (!due.ok()) return report_.Fail(absl::StrCat("what is to be sent: ", due.status().ToString()));
    size_t next = 0;
    for (const agent::v1::OutboxItem& item : *items) {
      if (item.state() != agent::v1::DELIVERY_STATE_SAVED_HERE) continue;
      if (next >= due->size() || (*due)[next].number != item.number()) {
        return Wrong(&report_.verdict.lost, absl::StrCat("item ", item.number(), " will not be sent in its turn"));
      }
      ++next;
    }
    if (next != due->size()) Wrong(&report_.verdict.duplicated, "something that has been decided will be sent again");
  }

  void CheckInbox() {
    const auto stored = run_.store().inbox().After(0, 1000);
    if (!stored.ok()) return report_.Fail(absl::StrCat("the inbox: ", stored.status().ToString()));
    uint64_t n = 0;
    for (const agent::Inbox::Stored& one : *stored) {
      if (one.row != ++n || EncodeNotice(one.delivery.notice()) != EncodeNotice(DeliveryOf(n).notice()) ||
          one.delivery.cursor() != DeliveryOf(n).cursor()) {
        return Wrong(&report_.verdict.gaps, absl::StrCat("row ", one.row, " is not the delivery ", n));
      }
    }
    const std::string cursor = n == 0 ? "" : DeliveryOf(n).cursor();
    if (run_.store().inbox().cursor() != cursor) {
      Wrong(&report_.verdict.gaps, absl::StrCat("goes on from ", run_.store().inbox().cursor(), " and holds ", cursor));
    }
    const auto kept = run_.store().mirror().Get(kMirrorKey);
    if (!kept.ok()) return report_.Fail(absl::StrCat("the mirror: ", kept.status().ToString()));
    const std::string wanted = n == 0 ? "" : absl::StrCat(n);
    const std::string found = kept->has_value() ? (*kept)->response : "";
    if (found != wanted) {
      Wrong(&report_.verdict.changed, absl::StrCat("off line shows {", found, "} with deliveries up to ", n));
    }
  }

  // It must be usable, and know what it knew.
  void GoOn() {
    for (uint64_t i = 1; i <= kSubmissions; ++i) {
      const absl::StatusOr<uint64_t> number = run_.Save(i);
      if (!number.ok()) return report_.Fail(absl::StrCat("saves nothing any more: ", number.status().ToString()));
    }
    const auto items = run_.store().outbox().List({}, 0, 1000);
    if (!items.ok() || items->size() != kSubmissions) {
      Wrong(&report_.verdict.duplicated, "what was saved again is there twice, or not at all");
    }
    if (const absl::Status received = run_.Receive(); !received.ok()) {
      report_.Fail(absl::StrCat("receives nothing any more: ", received.ToString()));
    }
    if (const absl::Status sound = run_.store().Verify(); !sound.ok()) report_.Fail(sound.ToString());
  }

 private:
  void Wrong(uint64_t* count, std::string what) {
    ++*count;
    report_.verdict.violations.push_back(std::move(what));
  }

  void CheckSaved(uint64_t i, uint64_t number) {
    agent::v1::OutboxItemName name;
    name.set_submission_id(IdOf(i));
    const auto item = run_.store().outbox().Get(name);
    if (!item.ok()) {
      return Wrong(&report_.verdict.lost, absl::StrCat("submission ", i, " was saved: ", item.status().ToString()));
    }
    if (item->number() != number) {
      Wrong(&report_.verdict.reordered, absl::StrCat("submission ", i, " was item ", number, ", is ", item->number()));
    }
    v1::Submission saved = item->submission();
    saved.clear_outbox_number();
    if (saved.SerializeAsString() != SubmissionOf(i).SerializeAsString()) {
      Wrong(&report_.verdict.changed, absl::StrCat("submission ", i, " is not what was saved"));
    }
  }

  void CheckAccepted(uint64_t number) {
    agent::v1::OutboxItemName name;
    name.set_number(number);
    const auto item = run_.store().outbox().Get(name);
    if (!item.ok() || item->state() != agent::v1::DELIVERY_STATE_ACCEPTED ||
        item->outcome().decided_at().seconds() != static_cast<int64_t>(number)) {
      Wrong(&report_.verdict.lost, absl::StrCat("item ", number, " was known to be accepted"));
    }
  }

  StoreRun& run_;
  Report& report_;
};

void CheckLeft(const std::string& folder, const std::vector<std::string>& promises, Report* report) {
  StoreRun run;
  if (const absl::Status opened = run.Open(folder); !opened.ok()) {
    return report->Fail(absl::StrCat("does not open again: ", opened.ToString()));
  }
  StoreCheck check(run, report);
  for (const std::string& promise : promises) check.Promise(promise);
  check.CheckOutbox();
  check.CheckInbox();
  check.GoOn();
}

}  // namespace

SweepSubject StoreSubject() { return {"store", RunScript, CheckLeft}; }

}  // namespace muster
