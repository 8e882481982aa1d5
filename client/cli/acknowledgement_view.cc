#include "client/cli/acknowledgement_view.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"
#include "client/lib/all_pages.h"
#include "client/lib/subscription.h"
#include "common/deadline.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

// Whether a notice may change who has acknowledged what.
bool Matters(const v1::Notice& notice, const std::string& operation_id) {
  return notice.operation_id() == operation_id &&
         (notice.has_acknowledgement() || notice.has_plan() || notice.has_participant());
}

// Takes what the feed has, until something matters or `deadline` has passed. The cursor of the last delivery that
// mattered; nothing when time ran out.
absl::StatusOr<std::optional<std::string>> NextChange(Subscription& feed, const std::string& operation_id,
                                                      const Deadline& deadline) {
  std::optional<std::string> cursor;
  while (true) {
    // Once something mattered, take only what is there already.
    const absl::Duration patience = cursor.has_value() ? absl::ZeroDuration() : deadline.left();
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::Delivery> delivery, feed.Next(patience));
    if (delivery.has_value()) {
      if (Matters(delivery->notice(), operation_id)) cursor = delivery->cursor();
      continue;
    }
    if (cursor.has_value() || deadline.passed()) return cursor;
  }
}

}  // namespace

absl::StatusOr<v1::ListAcknowledgementsResponse> ReadAcknowledgements(Client& client, const std::string& operation_id,
                                                                      const std::string& at_least_cursor) {
  v1::ListAcknowledgementsRequest request;
  request.set_operation_id(operation_id);
  request.mutable_read()->set_at_least_cursor(at_least_cursor);
  return AllPages(client, &Client::ListAcknowledgements, std::move(request));
}

void PrintAcknowledgements(Invocation& invocation, const v1::ListAcknowledgementsResponse& acknowledgements) {
  View view;
  view.object = &acknowledgements;
  view.is_list = true;
  view.table.columns = {
      {"agency"},   {"status"}, {"version", /*right=*/true}, {"current version", /*right=*/true}, {"post"},
      {"answered"}, {"reason"}};
  for (const v1::Acknowledgement& one : acknowledgements.acknowledgements()) {
    view.items.push_back(&one);
    view.table.rows.push_back(
        {one.agency_id(), Label(one.status()), one.version() == 0 ? "" : absl::StrCat(one.version()),
         absl::StrCat(one.current_version()), one.post(), TimeText(one.answered_at()), one.reason()});
  }
  invocation.printer().Print(view);
}

AcknowledgementProgress Progress(const v1::ListAcknowledgementsResponse& acknowledgements,
                                 const std::vector<std::string>& wanted) {
  AcknowledgementProgress progress;
  const auto is_wanted = [&](const std::string& agency) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), agency) != wanted.end();
  };
  std::vector<std::string> listed;
  for (const v1::Acknowledgement& one : acknowledgements.acknowledgements()) {
    listed.push_back(one.agency_id());
    if (!is_wanted(one.agency_id())) continue;
    if (one.status() == v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED) {
      ++progress.acknowledged;
      continue;
    }
    progress.missing.push_back(one.agency_id());
    if (one.status() == v1::ACKNOWLEDGEMENT_STATUS_REJECTED) {
      progress.rejected.push_back(absl::StrCat(one.agency_id(), ": ", one.reason()));
    }
  }
  // One that is not on the list yet cannot have acknowledged.
  for (const std::string& agency : wanted) {
    if (std::find(listed.begin(), listed.end(), agency) == listed.end()) progress.missing.push_back(agency);
  }
  return progress;
}

absl::Status WaitForAcknowledgements(Invocation& invocation, const std::string& operation_id,
                                     const std::vector<std::string>& wanted, absl::Duration patience) {
  const Deadline deadline(patience);
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  invocation.BannerFor(operation_id);
  MUSTER_ASSIGN_OR_RETURN(v1::ListAcknowledgementsResponse now, ReadAcknowledgements(*client, operation_id));
  if (wanted.empty() && now.acknowledgements_size() == 0) {
    return absl::FailedPreconditionError(
        "there is nobody to wait for: no participant may read a plan of this operation; publish one, or set "
        "participants");
  }
  Subscription feed(client->connection(), {.after_cursor = now.cursor()});
  std::string shown;
  while (true) {
    const AcknowledgementProgress progress = Progress(now, wanted);
    const size_t all = static_cast<size_t>(progress.acknowledged) + progress.missing.size();
    const std::string line = absl::StrCat(
        progress.acknowledged, " of ", all, " acknowledged",
        progress.missing.empty() ? "" : absl::StrCat("; missing: ", absl::StrJoin(progress.missing, ", ")));
    if (line != shown) invocation.printer().Progress(line);
    shown = line;
    if (!progress.rejected.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the plan was rejected by ", absl::StrJoin(progress.rejected, "; "), "; amend it, then wait again"));
    }
    if (progress.missing.empty()) {
      PrintAcknowledgements(invocation, now);
      return absl::OkStatus();
    }
    MUSTER_ASSIGN_OR_RETURN(const std::optional<std::string> cursor, NextChange(feed, operation_id, deadline));
    if (!cursor.has_value()) {
      return absl::DeadlineExceededError(absl::StrCat("after ", absl::FormatDuration(patience), " only ", line));
    }
    MUSTER_ASSIGN_OR_RETURN(now, ReadAcknowledgements(*client, operation_id, *cursor));
  }
}

}  // namespace muster::cli
