// Submissions of releases for tests. Test code only.
#ifndef MUSTER_SERVER_STATE_RELEASES_TESTING_RELEASE_SUPPORT_H_
#define MUSTER_SERVER_STATE_RELEASES_TESTING_RELEASE_SUPPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/state/tallies/counting.h"
#include "server/state/testing/test_support.h"

namespace muster {

inline v1::Submission DraftRelease(absl::string_view release_id, const std::vector<FigureName>& cells,
                                   const std::vector<FigureName>& withheld = {}, absl::string_view corrects = "") {
  v1::Submission submission;
  v1::DraftRelease* draft = submission.mutable_draft_release();
  draft->set_operation_id(kTestOperation);
  draft->set_release_id(std::string(release_id));
  draft->set_title("What was found");
  draft->set_corrects_release_id(std::string(corrects));
  const auto name = [](const FigureName& figure, v1::ReleaseCellName* proto) {
    proto->set_figure(figure.figure);
    proto->set_state(figure.state);
  };
  for (const FigureName& figure : cells) name(figure, draft->add_cells());
  for (const FigureName& figure : withheld) name(figure, draft->add_withheld());
  return submission;
}

inline v1::Submission CheckRelease(absl::string_view release_id) {
  v1::Submission submission;
  submission.mutable_check_release()->set_operation_id(kTestOperation);
  submission.mutable_check_release()->set_release_id(std::string(release_id));
  return submission;
}

inline v1::Submission ApproveRelease(absl::string_view release_id) {
  v1::Submission submission;
  submission.mutable_approve_release()->set_operation_id(kTestOperation);
  submission.mutable_approve_release()->set_release_id(std::string(release_id));
  return submission;
}

// With an override.
inline v1::Submission ApproveRelease(absl::string_view release_id, absl::string_view approver_name,
                                     absl::string_view reason) {
  v1::Submission submission = ApproveRelease(release_id);
  v1::ReleaseOverride* override = submission.mutable_approve_release()->mutable_override();
  override->set_approver_name(std::string(approver_name));
  override->set_reason(std::string(reason));
  return submission;
}

inline v1::Submission IssueRelease(absl::string_view release_id) {
  v1::Submission submission;
  submission.mutable_issue_release()->set_operation_id(kTestOperation);
  submission.mutable_issue_release()->set_release_id(std::string(release_id));
  return submission;
}

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RELEASES_TESTING_RELEASE_SUPPORT_H_
