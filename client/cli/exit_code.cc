#include "client/cli/exit_code.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/cli/printer.h"
#include "client/cli/text.h"
#include "common/error_reason.h"

namespace muster::cli {
namespace {

constexpr char kUsageUrl[] = "muster/usage";

// The rejection as the broker, or validation here, worded it; empty when the status is something else's.
v1::Rejected StatedRejection(const absl::Status& status) {
  return status.GetPayload(kRejectedTypeUrl).has_value() ? RejectedOf(status) : v1::Rejected();
}

// True when the submission may have been accepted although its answer never came.
bool FateUnknown(const absl::Status& status) {
  // The daemon could not answer a read: nothing was sent.
  if (RejectedOf(status).reason() == v1::ERROR_REASON_OFF_LINE) return false;
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
}

absl::string_view NextStep(const absl::Status& status) {
  switch (ExitCodeOf(status)) {
    case kWrongUsage:
      return "run the command with --help";
    case kInputRefused:
      return status.code() == absl::StatusCode::kNotFound ? "check the name; list what there is"
                                                          : "correct the input and run the command again";
    case kNotPermitted:
      if (status.code() == absl::StatusCode::kUnauthenticated) {
        return "use a certificate that is valid and not revoked; your agency's registrar issues them";
      }
      return "run `muster whoami` to see who the broker takes you to be, and ask the lead or the registrar";
    case kNotReachable:
      if (RejectedOf(status).reason() == v1::ERROR_REASON_OFF_LINE) {
        return "run it again once `muster agent status` says connected";
      }
      return "run `muster doctor` to see what is wrong, and then the command again";
    case kStateForbids:
      return status.code() == absl::StatusCode::kAborted ? "read the current state and do it again"
                                                         : "read the current state; repeating alone will not help";
    case kTimeRanOut:
      return "run the command again, with a longer time if need be";
    case kDataLoss:
      return "stop relying on what was read, and call the broker's operator";
    default:
      return status.code() == absl::StatusCode::kResourceExhausted ? "wait a little and run the command again" : "";
  }
}

}  // namespace

const char kExitCodeHelp[] =
    "Exit codes:\n"
    "  0  done\n"
    "  1  failure\n"
    "  2  wrong usage\n"
    "  3  the input was refused\n"
    "  4  not permitted, or the certificate was refused\n"
    "  5  broker not reachable\n"
    "  6  rejected by the current state\n"
    "  7  saved here (queued in the daemon's outbox), not yet accepted\n"
    "  8  time ran out\n"
    "  9  data loss\n"
    "  10 done; the activity is in CONFLICT with another\n"
    "  11 done; whether the activity is clear is INDETERMINATE";

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageUrl, absl::Cord());
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kDone;
    case absl::StatusCode::kInvalidArgument:
      return status.GetPayload(kUsageUrl).has_value() ? kWrongUsage : kInputRefused;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      return kInputRefused;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kNotPermitted;
    case absl::StatusCode::kUnavailable:
      return kNotReachable;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kStateForbids;
    case absl::StatusCode::kDeadlineExceeded:
      return kTimeRanOut;
    case absl::StatusCode::kDataLoss:
      return kDataLoss;
    default:
      return kFailure;
  }
}

std::string ErrorText(absl::string_view command, const absl::Status& status, absl::string_view submission_id) {
  const v1::Rejected rejected = StatedRejection(status);
  std::string text = absl::StrCat("muster ", command, ": ", status.message(), "\n");
  if (rejected.reason() != v1::ERROR_REASON_UNSPECIFIED) {
    absl::StrAppend(&text, "  why:  ", ReasonName(rejected.reason()));
    if (!rejected.rule().empty()) absl::StrAppend(&text, " (rule ", rejected.rule(), ")");
    absl::StrAppend(&text, "\n");
  } else {
    const bool usage = ExitCodeOf(status) == kWrongUsage;
    absl::StrAppend(&text, "  why:  ", usage ? "wrong usage" : absl::StatusCodeToString(status.code()), "\n");
  }
  if (!submission_id.empty() && FateUnknown(status)) {
    absl::StrAppend(&text, "  next: it may or may not have been accepted; repeating it is safe with --submission-id ",
                    submission_id, "\n");
  } else if (!NextStep(status).empty()) {
    absl::StrAppend(&text, "  next: ", NextStep(status), "\n");
  }
  return EscapeForTerminal(text, /*multiline=*/true);
}

std::string ErrorJson(absl::string_view command, const absl::Status& status, absl::string_view submission_id) {
  const v1::Rejected rejected = StatedRejection(status);
  std::string json = "{\"error\":{";
  const auto member = [&json](absl::string_view name, absl::string_view value) {
    if (!value.empty()) absl::StrAppend(&json, "\"", name, "\":", JsonString(value), ",");
  };
  member("command", command);
  member("code", absl::StatusCodeToString(status.code()));
  if (rejected.reason() != v1::ERROR_REASON_UNSPECIFIED) member("reason", ReasonName(rejected.reason()));
  member("rule", rejected.rule());
  member("message", status.message());
  member("next", NextStep(status));
  member("submission_id", submission_id);
  return absl::StrCat(json, "\"exit_code\":", static_cast<int>(ExitCodeOf(status)), "}}");
}

}  // namespace muster::cli
