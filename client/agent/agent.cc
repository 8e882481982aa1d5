#include "client/agent/agent.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/bundle.h"
#include "client/agent/config.h"
#include "client/agent/hook/on_delivery.h"
#include "client/agent/keeper.h"
#include "client/agent/link/heartbeat.h"
#include "client/agent/link/kept_reads.h"
#include "client/agent/link/receiver.h"
#include "client/agent/link/refresher.h"
#include "client/agent/link/sender.h"
#include "client/agent/store/mirror.h"
#include "common/config.h"
#include "common/error_reason.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/uuid.h"

namespace muster::agent {
namespace {

// How long a local read waits for a broker before it is answered from the mirror.
constexpr absl::Duration kReadMax = absl::Seconds(5);

RetryPolicy RetryFrom(absl::Duration initial, const config::v1::AgentLinkConfig& link) {
  const absl::Duration max = ToDuration(link.reconnect_max());
  return {.initial_backoff = std::min(initial, max), .max_backoff = max};
}

bool Decided(const v1::OutboxItem& item) { return item.state() != v1::DELIVERY_STATE_SAVED_HERE; }

// Whether the caller wants to see at least something of which only a broker can be sure.
bool AsksForACursor(const google::protobuf::Message& request) {
  const google::protobuf::FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName("read");
  if (field == nullptr || field->message_type() != muster::v1::ReadOptions::descriptor()) return false;
  const google::protobuf::Message& read = request.GetReflection()->GetMessage(request, field);
  return !static_cast<const muster::v1::ReadOptions&>(read).at_least_cursor().empty();
}

absl::Status CheckSubmissionOfCaller(const muster::v1::Submission& submission) {
  if (submission.has_withdraw_submission()) {
    return Refusal(muster::v1::ERROR_REASON_MALFORMED,
                   "withdraw_submission: is the daemon's own to send; drop the item with `muster outbox drop NUMBER`");
  }
  return ValidateSubmission(submission);
}

}  // namespace

Agent::Agent(config::v1::AgentConfig config, std::unique_ptr<Store> store, const Clock* clock,
             std::function<void(const absl::Status&)> failed)
    : config_(std::move(config)),
      store_(std::move(store)),
      clock_(clock),
      failed_(std::move(failed)),
      started_at_(clock->Now()),
      link_(clock) {
  const auto told = [this](const absl::Status& status) { (void)Failed(status); };
  Receiver::Hooks hooks;
  hooks.arrived = [this](absl::Span<const muster::v1::Delivery> deliveries) { refresher_->Arrived(deliveries); };
  hooks.missed = [this] { refresher_->RefreshAll(); };
  hooks.failed = told;
  receiver_ = std::make_unique<Receiver>(&link_, &store_->inbox(), &store_->mirror(), clock_,
                                         RetryFrom(absl::Seconds(1), config_.link()), std::move(hooks));
  sender_ = std::make_unique<Sender>(&link_, &store_->outbox(), clock_,
                                     RetryFrom(absl::Milliseconds(200), config_.link()), told);
  heartbeat_ = std::make_unique<Heartbeat>(&link_, clock_);
  refresher_ =
      std::make_unique<Refresher>(&link_, &store_->inbox(), &store_->mirror(), &store_->outbox(), clock_, told);
  Hook::Options hook;
  hook.argv.assign(config_.hook().on_delivery().begin(), config_.hook().on_delivery().end());
  hook.timeout = ToDuration(config_.hook().timeout());
  hook_ = std::make_unique<Hook>(std::move(hook), &store_->inbox(), told);
  keeper_ = std::make_unique<Keeper>(store_.get(), hook_.get(), clock_, absl::Hours(24) * config_.keep().days(), told);
}

Agent::~Agent() { Stop(); }

absl::Status Agent::Start() {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::EnrollmentBundle> bundle, store_->identity());
  if (bundle.has_value()) MUSTER_RETURN_IF_ERROR(UseIdentity(*bundle));
  receiver_->Start();
  sender_->Start();
  heartbeat_->Start();
  refresher_->Start();
  hook_->Start();
  keeper_->Start();
  return absl::OkStatus();
}

void Agent::Stop() {
  // So that no thread waits for the network.
  if (const Link::Current current = link_.current(); current.connection != nullptr) current.connection->Close();
  receiver_->Stop();
  sender_->Stop();
  heartbeat_->Stop();
  refresher_->Stop();
  hook_->Stop();
  keeper_->Stop();
}

void Agent::StopHook() { hook_->Stop(); }

absl::Status Agent::Failed(const absl::Status& status) {
  if (!failed_told_.exchange(true)) {
    LogError("the store failed; the daemon ends, and must be started again", {{"why", status.message()}});
    failed_(status);
  }
  return Refusal(muster::v1::ERROR_REASON_FATE_UNKNOWN,
                 absl::StrCat("the daemon cannot tell whether it saved this and ends itself; submit it again with the "
                              "same submission_id: ",
                              status.message()));
}

// ---- Submissions -----------------------------------------------------------------------------------------------

absl::StatusOr<v1::OutboxItem> Agent::Save(muster::v1::Submission submission) {
  submission.clear_outbox_number();
  if (submission.submission_id().empty()) submission.set_submission_id(NewUuidV7(clock_->Now()));
  MUSTER_RETURN_IF_ERROR(CheckSubmissionOfCaller(submission));
  if (store_->agency_id().empty()) {
    return Refusal(muster::v1::ERROR_REASON_NOT_ENROLLED,
                   "this daemon speaks for no agency yet: run `muster agent enroll BUNDLE`");
  }
  if (submission.report_readiness().status() == muster::v1::READINESS_STATUS_READY) {
    MUSTER_RETURN_IF_ERROR(link_.CheckClockForReady());
  }
  absl::StatusOr<v1::OutboxItem> item = store_->outbox().Save(std::move(submission), clock_->Now());
  if (absl::IsUnknown(item.status())) return Failed(item.status());
  return item;
}

absl::StatusOr<muster::v1::Outcome> Agent::Submit(muster::v1::Submission submission) {
  MUSTER_ASSIGN_OR_RETURN(v1::OutboxItem item, Save(std::move(submission)));
  if (!Decided(item)) return AwaitOutcome(item.number(), ToDuration(config_.link().answer_within()));
  absl::StatusOr<muster::v1::Outcome> outcome = OutcomeOf(item);
  if (outcome.ok()) outcome->set_repeat(true);
  return outcome;
}

absl::StatusOr<muster::v1::Outcome> Agent::AwaitOutcome(uint64_t number, absl::Duration within) {
  const Outbox& outbox = store_->outbox();
  v1::OutboxItemName name;
  name.set_number(number);
  absl::StatusOr<v1::OutboxItem> item;
  outbox.revision().Await(within, [&] {
    item = outbox.Get(name);
    return !item.ok() || Decided(*item) || !link_.connected();
  });
  MUSTER_RETURN_IF_ERROR(item.status());
  return OutcomeOf(*item);
}

absl::StatusOr<muster::v1::Outcome> Agent::OutcomeOf(const v1::OutboxItem& item) {
  if (item.state() == v1::DELIVERY_STATE_REJECTED && item.has_refusal()) return ToStatus(item.refusal());
  muster::v1::Outcome outcome;
  if (Decided(item)) outcome = item.outcome();
  outcome.set_submission_id(item.submission_id());
  if (!Decided(item)) {
    outcome.mutable_saved_here()->set_outbox_number(item.number());
    *outcome.mutable_saved_here()->mutable_saved_at() = item.saved_at();
  } else if (item.state() == v1::DELIVERY_STATE_DROPPED) {
    outcome.mutable_rejected()->set_reason(muster::v1::ERROR_REASON_WITHDRAWN);
    outcome.mutable_rejected()->set_message(absl::StrCat("dropped from the outbox: ", item.drop_reason()));
  }
  return outcome;
}

absl::StatusOr<v1::OutboxItem> Agent::Retry(const v1::OutboxItemName& name) {
  return Changed(store_->outbox().Retry(name, clock_->Now()));
}

absl::StatusOr<v1::OutboxItem> Agent::Drop(const v1::OutboxItemName& name, const std::string& reason) {
  return Changed(store_->outbox().Drop(name, reason, clock_->Now()));
}

absl::StatusOr<v1::OutboxItem> Agent::Changed(absl::StatusOr<v1::OutboxItem> item) {
  if (absl::IsUnknown(item.status())) return Failed(item.status());
  if (item.ok()) SendNow();
  return item;
}

void Agent::SendNow() { sender_->SendNow(); }

// ---- Reads -----------------------------------------------------------------------------------------------------

absl::StatusOr<Agent::Freshness> Agent::Read(absl::string_view rpc, const google::protobuf::Message& request,
                                             google::protobuf::Message* response) {
  const Link::Current current = link_.current();
  if (current.connection == nullptr || !link_.responsive()) return ReadMirror(rpc, request, response);
  // Both before asking: the answer is at least as new as these say.
  MirrorAnswer answer;
  answer.as_of = clock_->Now();
  answer.inbox_row = store_->inbox().last_row();
  const absl::Status status = current.connection->Call(absl::StrCat("/", rpc), request, response, kReadMax);
  if (NoBrokerAnswered(status)) {
    link_.Unanswered();
    return ReadMirror(rpc, request, response);
  }
  link_.Answered();
  answer.key = MirrorKey(rpc, request);
  if (IsNotForUs(status)) {
    // What we may no longer see is not to be had off line either.
    if (const absl::Status removed = store_->mirror().Remove(answer.key); absl::IsUnknown(removed)) {
      return Failed(removed);
    }
  }
  MUSTER_RETURN_IF_ERROR(status);
  if (IsWhole(request, *response)) {
    answer.operation_id = OperationIdOf(request);
    answer.response = response->SerializeAsString();
    const absl::Status kept = store_->mirror().Put(answer);
    if (absl::IsUnknown(kept)) {
      (void)Failed(kept);
    } else if (!kept.ok()) {
      LogWarn("an answer could not be kept for off line", {{"rpc", rpc}, {"why", kept.message()}});
    }
  }
  return Freshness{.from_mirror = false, .as_of = answer.as_of, .superseded = false};
}

absl::StatusOr<Agent::Freshness> Agent::ReadMirror(absl::string_view rpc, const google::protobuf::Message& request,
                                                   google::protobuf::Message* response) const {
  if (AsksForACursor(request)) {
    return Refusal(muster::v1::ERROR_REASON_OFF_LINE,
                   "no broker can be reached, and what is kept here may be older than what was asked for: ask without "
                   "at_least_cursor, or later");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::optional<Mirror::Found> found, store_->mirror().Get(MirrorKey(rpc, request)));
  if (!found.has_value() && link_.current().connection == nullptr) {
    return Refusal(muster::v1::ERROR_REASON_NOT_ENROLLED,
                   "this command post is not enrolled yet; run: muster agent enroll BUNDLE");
  }
  if (!found.has_value()) {
    return Refusal(muster::v1::ERROR_REASON_OFF_LINE,
                   absl::StrCat("no broker can be reached, and no copy of this answer is kept here (", rpc,
                                "); see `muster agent status`"));
  }
  response->Clear();
  if (!response->ParseFromString(found->response)) {
    return absl::DataLossError(absl::StrCat("the copy that is kept of ", rpc, " cannot be read"));
  }
  return Freshness{.from_mirror = true, .as_of = found->as_of, .superseded = found->superseded};
}

// ---- Identity --------------------------------------------------------------------------------------------------

absl::Status Agent::Enroll(const v1::EnrollmentBundle& bundle) {
  absl::MutexLock lock(&enroll_mu_);
  MUSTER_ASSIGN_OR_RETURN(const CertificateIdentity identity, CheckBundle(bundle, clock_->Now()));
  // Before it replaces one that works.
  MUSTER_RETURN_IF_ERROR(ConnectWith(bundle, config_.link()).status());
  const absl::Status set = store_->SetIdentity(bundle, identity.agency_id);
  if (absl::IsUnknown(set)) return Failed(set);
  MUSTER_RETURN_IF_ERROR(set);
  LogInfo("enrolled", {{"agency_id", identity.agency_id},
                       {"post", identity.post},
                       {"key_sha256", identity.key_sha256_hex},
                       {"brokers", bundle.brokers_size()}});
  return UseIdentity(bundle);
}

absl::Status Agent::UseIdentity(const v1::EnrollmentBundle& bundle) {
  MUSTER_ASSIGN_OR_RETURN(const CertificateIdentity identity,
                          IdentityFromPem(bundle.certificate(), bundle.trust_domain()));
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, ConnectWith(bundle, config_.link()));
  link_.Use(std::move(connection), identity.agency_id, identity.post, identity.not_after);
  return KeepWhoWeAre(identity);
}

// Until a broker has said it: programs ask who they are before they fill in a submission.
absl::Status Agent::KeepWhoWeAre(const CertificateIdentity& identity) {
  const muster::v1::WhoAmIRequest request;
  MirrorAnswer answer;
  answer.key = MirrorKey("muster.v1.AgencyService/WhoAmI", request);
  MUSTER_ASSIGN_OR_RETURN(const std::optional<Mirror::Found> kept, store_->mirror().Get(answer.key));
  muster::v1::WhoAmIResponse response;
  if (kept.has_value()) (void)response.ParseFromString(kept->response);
  if (response.principal().key_sha256() == identity.key_sha256_hex) return absl::OkStatus();
  response.mutable_principal()->set_agency_id(identity.agency_id);
  response.mutable_principal()->set_post(identity.post);
  response.mutable_principal()->set_key_sha256(identity.key_sha256_hex);
  response.mutable_agency()->mutable_agency()->set_agency_id(identity.agency_id);
  *response.mutable_certificate_not_after() = ToProto(identity.not_after);
  answer.response = response.SerializeAsString();
  answer.as_of = clock_->Now();
  answer.inbox_row = store_->inbox().last_row();
  return store_->mirror().Put(answer);
}

v1::GetStatusResponse Agent::Status() const {
  v1::GetStatusResponse status;
  status.set_agency_id(link_.agency_id());
  status.set_post(link_.post());
  *status.mutable_link() = link_.status();
  *status.mutable_clock() = link_.clock_status();
  if (link_.certificate_not_after() != absl::InfinitePast()) {
    *status.mutable_certificate_not_after() = ToProto(link_.certificate_not_after());
  }
  if (absl::StatusOr<v1::OutboxStatus> outbox = store_->outbox().Counts(); outbox.ok()) {
    *status.mutable_outbox() = *std::move(outbox);
  }
  if (absl::StatusOr<v1::InboxStatus> inbox = store_->inbox().Status(); inbox.ok()) {
    *status.mutable_inbox() = *std::move(inbox);
  }
  status.mutable_inbox()->set_caught_up(status.link().state() == v1::LINK_STATE_CONNECTED);
  *status.mutable_hook() = hook_->status();
  status.set_version(MUSTER_VERSION);
  *status.mutable_started_at() = ToProto(started_at_);
  return status;
}

}  // namespace muster::agent
