#include "client/agent/link/heartbeat.h"

#include "common/logging.h"
#include "common/status_macros.h"
#include "muster/v1/agency.pb.h"

namespace muster::agent {
namespace {

// Half a round trip of a good link, and more.
constexpr absl::Duration kUncertaintyWanted = absl::Milliseconds(250);
constexpr int64_t kExpiryWarningDays[] = {3, 14, 30};

}  // namespace

Heartbeat::Heartbeat(Link* link, const Clock* clock) : link_(link), clock_(clock) {
  link_->OnChange([this] {
    {
      absl::MutexLock lock(&mu_);
      wake_ = true;
    }
    changed_.Bump();
  });
}

Heartbeat::~Heartbeat() { Stop(); }

void Heartbeat::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Heartbeat::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  changed_.Bump();
  if (thread_.joinable()) thread_.join();
}

bool Heartbeat::Stopping() {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Heartbeat::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      wake_ = false;
    }
    Beat();
    if (changed_.Await(kIntervalMin, [this] { return Stopping(); })) return;
    changed_.Await(kInterval - kIntervalMin, [this] {
      absl::MutexLock lock(&mu_);
      return stopping_ || wake_;
    });
    if (Stopping()) return;
  }
}

void Heartbeat::Beat() {
  const Link::Current current = link_->current();
  if (current.connection == nullptr) return;
  WarnOfExpiry();
  absl::StatusOr<ClockOffset> measured = Ask(*current.connection);
  if (measured.ok() && measured->uncertainty > kUncertaintyWanted) {
    // The call may have waited for the broker to come up. Now it is there.
    const absl::StatusOr<ClockOffset> again = Ask(*current.connection);
    if (again.ok() && again->uncertainty < measured->uncertainty) measured = again;
  }
  if (link_->current().generation != current.generation) return;
  if (measured.ok()) {
    link_->Answered();
    Take(*measured);
  } else if (link_->connected()) {
    link_->Unanswered();
  }
  link_->Probed(measured.status());
}

absl::StatusOr<ClockOffset> Heartbeat::Ask(Connection& connection) const {
  muster::v1::WhoAmIResponse who;
  const absl::Duration began = clock_->Monotonic();
  const absl::Time sent = clock_->Now();
  MUSTER_RETURN_IF_ERROR(
      connection.Call("/muster.v1.AgencyService/WhoAmI", muster::v1::WhoAmIRequest(), &who, kRoundTripMax));
  const absl::Time received = clock_->Now();
  const absl::Duration round_trip = clock_->Monotonic() - began;
  const absl::Duration half = round_trip / 2;
  // The offset is off by as much as the clock was set meanwhile.
  const absl::Duration set = absl::AbsDuration(received - sent - round_trip);
  return ClockOffset{
      .offset = FromProto(who.broker_time()) - (sent + half), .uncertainty = half + set, .measured_at = received};
}

void Heartbeat::Take(const ClockOffset& measured) {
  if (measured.uncertainty > kRoundTripMax / 2) return;  // Our clock was set meanwhile.
  link_->Measured(measured);
  WarnOfClock(measured);
}

void Heartbeat::WarnOfClock(const ClockOffset& measured) {
  if (absl::AbsDuration(measured.offset) <= kClockOffWarning) {
    clock_warned_at_ = kNever;
    return;
  }
  const absl::Duration now = clock_->Monotonic();
  if (now - clock_warned_at_ < absl::Hours(1)) return;
  clock_warned_at_ = now;
  LogWarn("the clock is off; READY is refused above 30 s",
          {{"brokers_clock_minus_ours", absl::FormatDuration(measured.offset)},
           {"uncertainty", absl::FormatDuration(measured.uncertainty)},
           {"mend", "sudo timedatectl set-ntp true"}});
}

void Heartbeat::WarnOfExpiry() {
  const absl::Time now = clock_->Now();
  const absl::Duration left = link_->certificate_not_after() - now;
  int64_t threshold_days = 0;
  for (const int64_t days : kExpiryWarningDays) {
    if (threshold_days == 0 && left <= absl::Hours(24 * days)) threshold_days = days;
  }
  if (threshold_days == 0) return;
  if (threshold_days == expiry_warned_days_ && clock_->Monotonic() - expiry_warned_at_ < absl::Hours(24)) return;
  expiry_warned_days_ = threshold_days;
  expiry_warned_at_ = clock_->Monotonic();
  const std::string not_after =
      absl::FormatTime(absl::RFC3339_sec, link_->certificate_not_after(), absl::UTCTimeZone());
  if (left <= absl::ZeroDuration()) {
    LogError("the certificate has expired", {{"not_after", not_after}, {"mend", "muster agent enroll NEW-BUNDLE"}});
  } else {
    LogWarn(
        "the certificate expires soon",
        {{"not_after", not_after}, {"days_left", left / absl::Hours(24)}, {"mend", "muster agent enroll NEW-BUNDLE"}});
  }
}

}  // namespace muster::agent
