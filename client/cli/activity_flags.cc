#include "client/cli/activity_flags.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

constexpr double kMetresPerFoot = 0.3048;

void AddWords(CLI::App* verb, const std::string& flag, ActivityChanges* changes, std::string* (v1::Activity::*field)(),
              const std::string& help) {
  verb->add_option_function<std::string>(
      flag,
      [changes, field](const std::string& text) {
        changes->Add([field, text](v1::Activity* activity) { *(activity->*field)() = text; });
      },
      help);
}

CLI::Option* AddRadius(CLI::App* verb, const std::string& flag, double metres_per_unit, ActivityChanges* changes,
                       const std::string& help) {
  return AddParsed(
      verb, flag, Times::kOnce,
      [changes, metres_per_unit](const std::string& text) {
        double number = 0;
        if (!absl::SimpleAtod(text, &number) || !(number > 0)) {
          return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(text), "\" is not a number above 0"));
        }
        changes->Add(
            [radius_m = number * metres_per_unit](v1::Activity* activity) { activity->set_radius_m(radius_m); });
        return absl::OkStatus();
      },
      help);
}

void AddWindow(CLI::App* verb, ActivityChanges* changes) {
  const auto time = [&](const std::string& flag, google::protobuf::Timestamp* (v1::TimeWindow::*edge)(),
                        const std::string& help) {
    return AddParsed(
        verb, flag, Times::kOnce,
        [changes, edge](const std::string& text) -> absl::Status {
          MUSTER_ASSIGN_OR_RETURN(const absl::Time moment, ParseTime(text));
          changes->Add(
              [edge, moment](v1::Activity* activity) { *(activity->mutable_window()->*edge)() = ToProto(moment); });
          return absl::OkStatus();
        },
        help);
  };
  time("--start", &v1::TimeWindow::mutable_start, "When it begins (such as 2021-08-26T18:00:00Z)");
  CLI::Option* end = time("--end", &v1::TimeWindow::mutable_end, "When it is over");
  AddDuration(
      verb, "--for", [changes](absl::Duration duration) { changes->SetDuration(duration); },
      "How long it takes, such as 90m, instead of --end")
      ->excludes(end);
}

void AddPlace(CLI::App* verb, ActivityChanges* changes) {
  AddParsed(
      verb, "--at", Times::kOnce,
      [changes](const std::string& text) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(const v1::LatLng center, ParseLatLng(text));
        changes->Add([center](v1::Activity* activity) { *activity->mutable_center() = center; });
        return absl::OkStatus();
      },
      "Where: LATITUDE,LONGITUDE in degrees");
  CLI::Option* metres = AddRadius(verb, "--radius-m", 1, changes, "How far it reaches, in metres (default 289.56)");
  AddRadius(verb, "--radius-ft", kMetresPerFoot, changes, "The same in feet (default 950)")->excludes(metres);
  verb->add_flag_function(
      "--verified,!--unverified",
      [changes](int64_t count) {
        changes->Add([verified = count > 0](v1::Activity* activity) { activity->set_location_verified(verified); });
      },
      "Somebody has checked the address; without it the answer is never CLEAR");
}

void AddTargets(CLI::App* verb, ActivityChanges* changes) {
  AddParsed(
      verb, "--target", Times::kOften,
      [changes](const std::string& text) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(const v1::Target target, ParseTarget(text));
        changes->ReplaceTargets();
        changes->Add([target](v1::Activity* activity) { *activity->add_targets() = target; });
        return absl::OkStatus();
      },
      absl::StrCat("An identifier under investigation as KIND=VALUE, a plate as plate=ABC123@KY; all of them anew when "
                   "amending. Kinds: ",
                   absl::StrJoin(EnumLabels(v1::TargetKind_descriptor()), ", ")));
  verb->add_flag_callback(
      "--no-targets", [changes] { changes->ReplaceTargets(); }, "Take out every target");
  AddWords(verb, "--suspicion-reference", changes, &v1::Activity::mutable_reasonable_suspicion_reference,
           "The reasonable-suspicion reference, needed with targets (28 CFR 23.20)");
}

}  // namespace

absl::Status ActivityChanges::ApplyTo(v1::Activity* activity) const {
  if (replace_targets_) activity->clear_targets();
  for (const One& change : changes_) change(activity);
  if (duration_ == absl::ZeroDuration()) return absl::OkStatus();
  if (!activity->window().has_start()) return UsageError("--for counts from --start, which is missing");
  *activity->mutable_window()->mutable_end() = ToProto(FromProto(activity->window().start()) + duration_);
  return absl::OkStatus();
}

void AddActivityFlags(CLI::App* verb, ActivityChanges* changes) {
  const auto change = [changes](auto set) {
    return [changes, set](auto value) { changes->Add([set, value](v1::Activity* activity) { set(activity, value); }); };
  };
  AddEnum<v1::ActivityKind>(verb, "--kind",
                            change([](v1::Activity* activity, v1::ActivityKind kind) { activity->set_kind(kind); }),
                            "What it is");
  AddWindow(verb, changes);
  AddPlace(verb, changes);
  AddWords(verb, "--contact", changes, &v1::Activity::mutable_contact_name, "Whom the other side is to ring up");
  AddWords(verb, "--phone", changes, &v1::Activity::mutable_contact_phone_24h,
           "The contact's number, answered around the clock, such as +15025550100");
  verb->add_flag_function(
      "--sealed,!--not-sealed",
      [changes](int64_t count) {
        const v1::Sensitivity sensitivity = count > 0 ? v1::SENSITIVITY_SEALED : v1::SENSITIVITY_NORMAL;
        changes->Add([sensitivity](v1::Activity* activity) { activity->set_sensitivity(sensitivity); });
      },
      "The other side is told nothing; the watch desk and you are");
  AddWords(verb, "--operation", changes, &v1::Activity::mutable_operation_id, "The operation it belongs to");
  AddWords(verb, "--site", changes, &v1::Activity::mutable_site_id, "The operation's site");
  AddTargets(verb, changes);
  AddEnum<v1::OperationMode>(verb, "--mode",
                             change([](v1::Activity* activity, v1::OperationMode mode) { activity->set_mode(mode); }),
                             "Activities meet only those of their mode (default: the operation's, or actual)");
}

absl::StatusOr<v1::LatLng> ParseLatLng(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ',');
  double latitude = 0;
  double longitude = 0;
  // The comparisons refuse NaN too.
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &latitude) || !absl::SimpleAtod(parts[1], &longitude) ||
      !(latitude >= -90 && latitude <= 90) || !(longitude >= -180 && longitude <= 180)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", absl::CHexEscape(text), "\" is not LATITUDE,LONGITUDE in degrees, such as 38.2527,-85.7585"));
  }
  v1::LatLng place;
  place.set_latitude(latitude);
  place.set_longitude(longitude);
  return place;
}

absl::StatusOr<v1::Target> ParseTarget(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  MUSTER_ASSIGN_OR_RETURN(const int kind, ParseEnum(v1::TargetKind_descriptor(), parts.first));
  if (parts.second.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(text), "\" is not KIND=VALUE"));
  }
  v1::Target target;
  target.set_kind(static_cast<v1::TargetKind>(kind));
  absl::string_view value = parts.second;
  if (const size_t at = value.rfind('@'); target.kind() == v1::TARGET_KIND_PLATE && at != absl::string_view::npos) {
    target.set_state(std::string(value.substr(at + 1)));
    value = value.substr(0, at);
  }
  target.set_value(std::string(value));
  return target;
}

}  // namespace muster::cli
