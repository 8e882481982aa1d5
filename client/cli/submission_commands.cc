#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {
namespace {

// The name of what the submission holds: "record tally".
std::string BodyName(const v1::Submission& submission) {
  const google::protobuf::FieldDescriptor* field =
      v1::Submission::GetDescriptor()->FindFieldByNumber(static_cast<int>(submission.body_case()));
  return field == nullptr ? "nothing" : absl::StrReplaceAll(field->name(), {{"_", " "}});
}

// The operation that the body names, if it is about one.
std::string OperationOf(const v1::Submission& submission) {
  const google::protobuf::FieldDescriptor* field =
      v1::Submission::GetDescriptor()->FindFieldByNumber(static_cast<int>(submission.body_case()));
  if (field == nullptr) return "";
  const google::protobuf::Message& body = submission.GetReflection()->GetMessage(submission, field);
  const google::protobuf::FieldDescriptor* id = body.GetDescriptor()->FindFieldByName("operation_id");
  return id == nullptr ? "" : body.GetReflection()->GetString(body, id);
}

absl::Status Submit(Invocation& invocation, const std::string& file) {
  v1::Submission submission;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, &submission));
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  if (submission.submission_id().empty()) submission.set_submission_id(invocation.submission_id());
  MUSTER_ASSIGN_OR_RETURN(v1::Outcome outcome, client->Submit(submission));
  MUSTER_ASSIGN_OR_RETURN(outcome, invocation.Settle(std::move(outcome)));
  if (outcome.has_rejected()) return ToStatus(outcome.rejected());
  invocation.BannerFor(OperationOf(submission));
  invocation.PrintOutcome(outcome, absl::StrCat("submitted: ", BodyName(submission)));
  return absl::OkStatus();
}

}  // namespace

void AddSubmissionCommands(CLI::App& app, Invocation& invocation) {
  const auto file = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(app, invocation, "submit", "Send any submission from a file, as programs do",
                           {"submit submission.toml", "submit submission.toml -o json"},
                           [&invocation, file] { return Submit(invocation, *file); });
  AddText(verb, "FILE", file.get(), "A v1.Submission in TOML")->required();
}

}  // namespace muster::cli
