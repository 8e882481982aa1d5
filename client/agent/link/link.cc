#include "client/agent/link/link.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster::agent {
namespace {

// Whether a broker answered, and does not accept us. Other refusals are about a call, not about who calls.
bool RefusesUs(const absl::Status& why) {
  if (absl::IsUnauthenticated(why)) return true;
  const muster::v1::ErrorReason reason = RejectedOf(why).reason();
  return reason == muster::v1::ERROR_REASON_AGENCY_SUSPENDED || reason == muster::v1::ERROR_REASON_AGENCY_UNKNOWN;
}

google::protobuf::Duration DurationProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

}  // namespace

bool NoBrokerAnswered(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

Link::Link(const Clock* clock) : clock_(clock), measured_by_(kMeasuredWithin, *clock) {
  status_.set_state(v1::LINK_STATE_NOT_ENROLLED);
  status_.set_trouble("no certificate yet: run `muster agent enroll BUNDLE`");
  *status_.mutable_since() = ToProto(clock_->Now());
}

void Link::OnChange(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

void Link::Tell() const {
  for (const std::function<void()>& listener : listeners_) listener();
}

Link::Current Link::current() const {
  absl::MutexLock lock(&mu_);
  return current_;
}

void Link::Use(std::shared_ptr<Connection> connection, std::string agency_id, std::string post, absl::Time not_after) {
  {
    absl::MutexLock lock(&mu_);
    status_.clear_brokers();
    for (const std::string& broker : connection->options().brokers) status_.add_brokers(broker);
    current_ = {std::move(connection), current_.generation + 1};
    agency_id_ = std::move(agency_id);
    post_ = std::move(post);
    not_after_ = not_after;
    unanswered_ = false;
    // What was measured was measured with other brokers.
    offset_ = {absl::ZeroDuration(), absl::ZeroDuration(), absl::InfinitePast()};
    measured_since_break_ = false;
    (void)MoveTo(v1::LINK_STATE_CONNECTING, "");
  }
  Tell();
}

bool Link::MoveTo(v1::LinkState state, absl::string_view trouble) {
  status_.set_trouble(std::string(trouble));
  if (status_.state() == state) return false;
  if (state == v1::LINK_STATE_CONNECTED) {
    if (was_connected_) status_.set_reconnects(status_.reconnects() + 1);
    was_connected_ = true;
  }
  status_.set_state(state);
  *status_.mutable_since() = ToProto(clock_->Now());
  measured_by_ = Deadline(kMeasuredWithin, *clock_);
  return true;
}

void Link::NoteContact() { *status_.mutable_last_contact() = ToProto(clock_->Now()); }

void Link::FeedCaughtUp() {
  {
    absl::MutexLock lock(&mu_);
    NoteContact();
    unanswered_ = false;
    if (!MoveTo(v1::LINK_STATE_CONNECTED, "")) return;
  }
  Tell();
}

void Link::FeedBroke(const absl::Status& why) {
  const bool refused = RefusesUs(why);
  {
    absl::MutexLock lock(&mu_);
    measured_since_break_ = false;
    if (refused) NoteContact();
    if (!refused && status_.state() == v1::LINK_STATE_REFUSED) return;
    if (!MoveTo(refused ? v1::LINK_STATE_REFUSED : v1::LINK_STATE_OFF_LINE, why.message())) return;
  }
  Tell();
}

void Link::Probed(const absl::Status& status) {
  if (status.ok()) Answered();
  {
    absl::MutexLock lock(&mu_);
    if (status_.state() == v1::LINK_STATE_CONNECTED || current_.connection == nullptr) return;
    if (status.ok() && status_.state() != v1::LINK_STATE_REFUSED) return;
    const v1::LinkState state = status.ok()         ? v1::LINK_STATE_CONNECTING
                                : RefusesUs(status) ? v1::LINK_STATE_REFUSED
                                                    : v1::LINK_STATE_OFF_LINE;
    if (!MoveTo(state, status.message())) return;
  }
  Tell();
}

void Link::Answered() {
  absl::MutexLock lock(&mu_);
  NoteContact();
  unanswered_ = false;
}

void Link::Unanswered() {
  {
    absl::MutexLock lock(&mu_);
    if (unanswered_) return;
    unanswered_ = true;
  }
  Tell();
}

void Link::Measured(const ClockOffset& offset) {
  {
    absl::MutexLock lock(&mu_);
    offset_ = offset;
    if (std::exchange(measured_since_break_, true)) return;
  }
  Tell();  // READY may have waited for it.
}

bool Link::connected() const {
  absl::MutexLock lock(&mu_);
  return status_.state() == v1::LINK_STATE_CONNECTED;
}

bool Link::responsive() const {
  absl::MutexLock lock(&mu_);
  return status_.state() == v1::LINK_STATE_CONNECTED && !unanswered_;
}

v1::LinkStatus Link::status() const {
  absl::MutexLock lock(&mu_);
  v1::LinkStatus status = status_;
  if (current_.connection != nullptr) {
    status.set_broker(current_.connection->options().brokers[current_.connection->broker()]);
  }
  return status;
}

std::string Link::agency_id() const {
  absl::MutexLock lock(&mu_);
  return agency_id_;
}

std::string Link::post() const {
  absl::MutexLock lock(&mu_);
  return post_;
}

absl::Time Link::certificate_not_after() const {
  absl::MutexLock lock(&mu_);
  return not_after_;
}

ClockOffset Link::clock_offset() const {
  absl::MutexLock lock(&mu_);
  return offset_;
}

v1::ClockStatus Link::clock_status() const {
  const ClockOffset measured = clock_offset();
  v1::ClockStatus status;
  if (measured.measured_at == absl::InfinitePast()) return status;
  *status.mutable_offset() = DurationProto(measured.offset);
  *status.mutable_uncertainty() = DurationProto(measured.uncertainty);
  *status.mutable_measured_at() = ToProto(measured.measured_at);
  return status;
}

bool Link::clock_checked() const {
  absl::MutexLock lock(&mu_);
  return measured_since_break_ || measured_by_.passed();
}

absl::Status Link::CheckClockForReady() const {
  ClockOffset measured;
  {
    absl::MutexLock lock(&mu_);
    if (!measured_since_break_) return absl::OkStatus();
    measured = offset_;
  }
  if (absl::AbsDuration(measured.offset) <= kReadyOffsetMax) return absl::OkStatus();
  return Refusal(muster::v1::ERROR_REASON_CLOCK_OFF,
                 absl::StrCat("this computer's clock is ", absl::FormatDuration(absl::AbsDuration(measured.offset)),
                              measured.offset > absl::ZeroDuration() ? " behind" : " ahead of",
                              " the broker's, and READY is not reported when it is off by more than ",
                              absl::FormatDuration(kReadyOffsetMax),
                              ": set the clock (`sudo timedatectl set-ntp true`), and report READY again"));
}

}  // namespace muster::agent
