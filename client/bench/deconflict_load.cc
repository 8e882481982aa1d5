#include "client/bench/deconflict_load.h"

#include <algorithm>
#include <string>
#include <utility>

#include "client/bench/epoll_loop.h"
#include "client/bench/meter.h"
#include "client/bench/templates.h"
#include "client/bench/wire.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {
namespace {

constexpr double kQueryRadiusM = 1000;
// The zones' first day. Activities that are over leave the broker's index.
constexpr absl::Duration kUntilFirstDay = absl::Hours(24);
// Queries that are in the index at once, as a part of the zones.
constexpr uint64_t kZonesPerQuery = 20;
constexpr uint64_t kQueriesMin = 50;
constexpr absl::Duration kPoll = absl::Milliseconds(20);
constexpr absl::Duration kPatience = absl::Seconds(60);

// Appends `submission`, with the id that it is sent under, as an item of a StreamSubmitRequest.
void AppendItem(const char* submission_id, v1::Submission* submission, std::string* out) {
  submission->set_submission_id(submission_id, kIdBytes);
  v1::StreamSubmitRequest item;
  item.mutable_submissions()->UnsafeArenaAddAllocated(submission);
  item.AppendToString(out);
  item.mutable_submissions()->UnsafeArenaReleaseLast();
}

// An activity that is a zone; only place, time and id differ from one to the next.
v1::Submission ExampleOf(const Stage& stage) {
  v1::Submission submission;
  v1::Activity& activity = *submission.mutable_enter_activity()->mutable_activity();
  activity.set_kind(v1::ACTIVITY_KIND_SURVEILLANCE);
  activity.set_location_verified(true);
  activity.set_contact_name("Load test");
  activity.set_contact_phone_24h("+15735550100");
  activity.set_sensitivity(v1::SENSITIVITY_NORMAL);
  activity.set_operation_id(stage.operation_id);
  return submission;
}

void Place(const Zone& zone, absl::Time first_day, v1::Activity* activity) {
  activity->mutable_center()->set_latitude(zone.latitude);
  activity->mutable_center()->set_longitude(zone.longitude);
  activity->set_radius_m(zone.radius_m);
  *activity->mutable_window()->mutable_start() = ToProto(first_day + zone.start);
  *activity->mutable_window()->mutable_end() = ToProto(first_day + zone.start + zone.length);
}

uint64_t AlertsIn(absl::string_view accepted) {
  uint64_t alerts = 0;
  WireReader reader(BytesOf(accepted, static_cast<uint32_t>(v1::Accepted::kDeconflictionFieldNumber)));
  WireField field;
  while (reader.Next(&field)) {
    if (field.number == static_cast<uint32_t>(v1::DeconflictionAnswer::kAlertsFieldNumber)) ++alerts;
  }
  return alerts;
}

// Activities of one generator: a stream that enters them, in its order.
class Entering {
 public:
  Entering(EpollLoop* loop, const Target& target, const PublisherOptions& options, const Stage& stage,
           absl::Time first_day, uint64_t seed, double radius_m)
      : first_day_(first_day),
        radius_m_(radius_m),
        generator_(seed),
        ids_(SystemClock()->Now()),
        submission_(ExampleOf(stage)),
        publisher_(
            loop, target.route, options,
            [this](uint64_t ordinal, const char* id, const Numbering*, std::string* out) { Encode(ordinal, id, out); },
            [this](uint64_t, const Answer& answer, int64_t) { hits_ += AlertsIn(answer.accepted); }) {}

  Publisher& publisher() { return publisher_; }
  const IdMaker& ids() const { return ids_; }
  // What all answers told of.
  uint64_t hits() const { return hits_; }

 private:
  void Encode(uint64_t ordinal, const char* submission_id, std::string* out) {
    Zone zone = generator_.Next();
    if (radius_m_ > 0) zone.radius_m = radius_m_;
    v1::Activity& activity = *submission_.mutable_enter_activity()->mutable_activity();
    activity.set_activity_id(ids_.Make(ordinal));
    Place(zone, first_day_, &activity);
    AppendItem(submission_id, &submission_, out);
  }

  const absl::Time first_day_;
  const double radius_m_;
  ZoneGenerator generator_;
  const IdMaker ids_;
  v1::Submission submission_;
  uint64_t hits_ = 0;
  Publisher publisher_;
};

// Sends until `publisher` has sent `until` in all, and waits for every answer.
absl::Status RunTo(uint64_t until, EpollLoop* loop, Publisher* publisher) {
  uint64_t answered = 0;
  for (Deadline progress(kPatience); publisher->answered() < until;) {
    publisher->SendUpTo(until - publisher->sent());
    loop->Poll(kPoll);
    MUSTER_RETURN_IF_ERROR(publisher->broken());
    if (publisher->answered() > std::exchange(answered, publisher->answered())) progress = Deadline(kPatience);
    if (progress.passed()) return absl::DeadlineExceededError("the broker does not answer");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Report> RunDeconflict(const Target& target, const DeconflictOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const Stage stage, SetStage(*target.client, options.operation_id));
  const absl::Time first_day = SystemClock()->Now() + kUntilFirstDay;
  EpollLoop loop;
  Entering zones(&loop, target, options.publisher, stage, first_day, kZoneSeed, /*radius_m=*/0);
  Entering queries(&loop, target, options.publisher, stage, first_day, kQuestionSeed, kQueryRadiusM);
  v1::Submission withdrawal;
  withdrawal.mutable_cancel_activity()->set_reason("A load test's query");
  Publisher taking_back(&loop, target.route, options.publisher,
                        [&](uint64_t ordinal, const char* id, const Numbering*, std::string* out) {
                          withdrawal.mutable_cancel_activity()->set_activity_id(queries.ids().Make(ordinal));
                          AppendItem(id, &withdrawal, out);
                        });
  for (Publisher* one : {&zones.publisher(), &queries.publisher(), &taking_back}) {
    MUSTER_RETURN_IF_ERROR(one->Start());
  }
  MUSTER_RETURN_IF_ERROR(RunTo(options.zones, &loop, &zones.publisher()));

  const uint64_t at_once = std::max(kQueriesMin, options.zones / kZonesPerQuery);
  Meter meter(target.server_pids);
  while (queries.publisher().answered() < options.queries) {
    const uint64_t until = std::min(queries.publisher().sent() + at_once, options.queries);
    MUSTER_RETURN_IF_ERROR(meter.Start());
    MUSTER_RETURN_IF_ERROR(RunTo(until, &loop, &queries.publisher()));
    MUSTER_RETURN_IF_ERROR(meter.Stop());
    MUSTER_RETURN_IF_ERROR(RunTo(until, &loop, &taking_back));
  }

  const auto count = static_cast<double>(options.queries);
  const Publisher* const all[] = {&zones.publisher(), &queries.publisher(), &taking_back};
  uint64_t errors = 0;
  std::string first_error;
  for (const Publisher* one : all) {
    errors += one->errors();
    if (first_error.empty()) first_error = one->first_error();
  }
  Figures figures;
  figures.push_back({"queries_per_s", count / meter.seconds(), 0});
  if (meter.knows_server()) figures.push_back({"server_cpu_us_per_query", meter.server_cpu_s() * 1e6 / count, 2});
  figures.push_back({"client_cpu_us_per_query", meter.own_cpu_s() * 1e6 / count, 2});
  figures.push_back({"hits_per_query", static_cast<double>(queries.hits()) / count, 4});
  figures.push_back({"zones", static_cast<double>(zones.publisher().answered()), 0});
  figures.push_back({"queries", count, 0});
  figures.push_back({"errors", static_cast<double>(errors), 0});
  figures.push_back({"seconds", meter.seconds(), 2});
  return Report{std::move(figures), stage.operation_id, stage.mode, std::move(first_error)};
}

}  // namespace muster::bench
