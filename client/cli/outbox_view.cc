#include "client/cli/outbox_view.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/answer_age.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "google/protobuf/util/json_util.h"

namespace muster::cli {
namespace {

using agent::v1::OutboxItem;

// Why it was rejected, in the words of who did: what a broker refused before the log is withdrawn there afterwards,
// which only says that it is certain.
const v1::Rejected& Rejection(const OutboxItem& item) {
  const v1::Rejected& decided = item.outcome().rejected();
  const bool settled_only = decided.reason() == v1::ERROR_REASON_WITHDRAWN && item.has_refusal();
  return item.outcome().has_rejected() && !settled_only ? decided : item.refusal();
}

std::string KindText(const OutboxItem& item) { return absl::StrReplaceAll(item.kind(), {{"_", " "}}); }

// "2021-08-26T18:00:00Z (12 minutes ago)".
std::string TimeAndAge(const google::protobuf::Timestamp& time, absl::Time now) {
  const std::string text = TimeText(time);
  return text.empty() ? "" : absl::StrCat(text, " (", AgoText(FromProto(time), now), ")");
}

std::string SavedStory(const OutboxItem& item) {
  if (!item.drop_reason().empty()) {
    return absl::StrCat("to be dropped (", item.drop_reason(), "), unless a broker has it already; not settled yet");
  }
  if (item.has_refusal()) {
    return absl::StrCat("a broker refused it (", ReasonName(item.refusal().reason()), ": ", item.refusal().message(),
                        "); not settled yet");
  }
  return "waits for a broker";
}

// The submission's body as people can read it.
std::string BodyText(const v1::Submission& submission) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(submission, &json, options).ok()) return "";
  return absl::StrCat("\n", json);
}

}  // namespace

std::string DecisionText(const v1::Outcome& outcome) {
  if (outcome.has_saved_here()) return "saved here";
  return outcome.has_rejected() ? "rejected" : "accepted";
}

std::string SavedHereText(const v1::SavedHere& saved) {
  return absl::StrCat("saved here (outbox number ", saved.outbox_number(), ")");
}

std::string StateText(const OutboxItem& item) {
  switch (item.state()) {
    case agent::v1::DELIVERY_STATE_SAVED_HERE:
      return "saved here";
    case agent::v1::DELIVERY_STATE_ACCEPTED:
      return item.has_seen() ? absl::StrCat("accepted, seen by ", item.seen().seen(), " of ", item.seen().of())
                             : "accepted";
    case agent::v1::DELIVERY_STATE_REJECTED:
      return absl::StrCat("rejected (", ReasonName(Rejection(item).reason()), ")");
    case agent::v1::DELIVERY_STATE_DROPPED:
      return absl::StrCat("dropped (", item.drop_reason(), ")");
    default:
      return Label(item.state());
  }
}

std::string StoryText(const OutboxItem& item) {
  std::string story;
  switch (item.state()) {
    case agent::v1::DELIVERY_STATE_SAVED_HERE:
      story = SavedStory(item);
      break;
    case agent::v1::DELIVERY_STATE_ACCEPTED:
      story = absl::StrCat("as of cursor ", CursorText(item.outcome().cursor()));
      break;
    case agent::v1::DELIVERY_STATE_REJECTED:
      story = Rejection(item).message();
      break;
    default:
      break;
  }
  if (item.retried_as() != 0) absl::StrAppend(&story, story.empty() ? "" : "; ", "sent anew as ", item.retried_as());
  return story;
}

absl::Status WhyNotAccepted(const OutboxItem& item) {
  if (item.state() == agent::v1::DELIVERY_STATE_REJECTED) return ToStatus(Rejection(item));
  if (item.state() == agent::v1::DELIVERY_STATE_DROPPED) {
    return Refusal(v1::ERROR_REASON_WITHDRAWN,
                   absl::StrCat("outbox number ", item.number(), " was dropped here: ", item.drop_reason()));
  }
  return absl::OkStatus();
}

View OutboxView(const agent::v1::ListOutboxResponse& outbox, absl::Time now) {
  View view;
  view.object = &outbox;
  view.is_list = true;
  view.table.columns = {{"number", /*right=*/true}, {"state"}, {"kind"}, {"operation"}, {"saved"}, {"what happened"}};
  view.csv.columns = {{"number"}, {"state"},    {"kind"},          {"operation"},
                      {"saved"},  {"state at"}, {"submission id"}, {"what happened"}};
  for (const OutboxItem& item : outbox.items()) {
    view.items.push_back(&item);
    const std::string number = absl::StrCat(item.number());
    view.table.rows.push_back({number, StateText(item), KindText(item), item.operation_id(),
                               TimeAndAge(item.saved_at(), now), StoryText(item)});
    view.csv.rows.push_back({number, StateText(item), item.kind(), item.operation_id(), TimeText(item.saved_at()),
                             TimeText(item.state_at()), item.submission_id(), StoryText(item)});
  }
  return view;
}

View OutboxItemView(const OutboxItem& item, absl::Time now) {
  View view;
  view.object = &item;
  view.table.columns = {{"field"}, {"value"}};
  view.table.rows = {{"number", absl::StrCat(item.number())},
                     {"state", StateText(item)},
                     {"what happened", StoryText(item)},
                     {"kind", KindText(item)},
                     {"operation", item.operation_id()},
                     {"saved", TimeAndAge(item.saved_at(), now)},
                     {"state since", TimeAndAge(item.state_at(), now)},
                     {"submission_id", item.submission_id()}};
  if (item.has_seen()) view.table.rows.push_back({"seen, as of", TimeAndAge(item.seen().as_of(), now)});
  if (item.has_submission()) view.body = BodyText(item.submission());
  return view;
}

}  // namespace muster::cli
