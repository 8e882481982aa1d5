#include "client/gateway/forward/forwarder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "client/gateway/forward/codec.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

// Where the call under way on this thread wants to be told that its answer is a copy; null when none is.
thread_local std::optional<Freshness>* copy_of_this_call = nullptr;

// For the time of one call on this thread.
class CopyCapture {
 public:
  CopyCapture() { copy_of_this_call = &copy_; }
  ~CopyCapture() { copy_of_this_call = nullptr; }
  CopyCapture(const CopyCapture&) = delete;
  CopyCapture& operator=(const CopyCapture&) = delete;
  const std::optional<Freshness>& copy() const { return copy_; }

 private:
  std::optional<Freshness> copy_;
};

// A feed that keeps its connection, which may no longer be the current one, and leaves a broker that failed.
class ForwardedFeed : public FeedStream {
 public:
  ForwardedFeed(std::shared_ptr<Connection> connection, const muster::v1::SubscribeRequest& request)
      : connection_(std::move(connection)), broker_(connection_->broker()), feed_(connection_->OpenFeed(request)) {}
  bool Read(muster::v1::SubscribeResponse* response) override { return feed_->Read(response); }
  absl::Status Finish() override {
    absl::Status status = feed_->Finish();
    // Of many feeds that end together only the first moves on.
    if (absl::IsUnavailable(status)) connection_->MoveOnFrom(broker_);
    return status;
  }
  void Cancel() override { feed_->Cancel(); }

 private:
  const std::shared_ptr<Connection> connection_;
  const size_t broker_;
  const std::unique_ptr<FeedStream> feed_;
};

Metadata MetadataOf(const std::optional<Freshness>& copy) {
  Metadata metadata;
  if (!copy.has_value()) return metadata;
  metadata.emplace_back(kAsOfMetadata, absl::FormatTime(absl::RFC3339_full, copy->as_of, absl::UTCTimeZone()));
  if (copy->superseded) metadata.emplace_back(kSupersededMetadata, "1");
  return metadata;
}

// Of a change: its own submission_id, or that of the submission in it. Empty for a read.
std::string SubmissionIdOf(const google::protobuf::Message& request) {
  if (const auto* submit = dynamic_cast<const muster::v1::SubmitRequest*>(&request)) {
    return submit->submission().submission_id();
  }
  const google::protobuf::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("submission_id");
  return field == nullptr ? "" : request.GetReflection()->GetString(request, field);
}

}  // namespace

std::function<void(const Freshness&)> NoteCopies() {
  return [](const Freshness& freshness) {
    if (copy_of_this_call != nullptr) *copy_of_this_call = freshness;
  };
}

Forwarder::Answer Forwarder::Call(const Method& method, Codec codec, absl::string_view request,
                                  absl::Duration within) const {
  const std::unique_ptr<google::protobuf::Message> sent = NewMessage(*method.descriptor->input_type());
  const std::unique_ptr<google::protobuf::Message> received = NewMessage(*method.descriptor->output_type());
  absl::Status status = ParseMessage(codec, request, sent.get());
  if (!status.ok()) return {std::move(status), {}};
  const CopyCapture capture;
  const std::shared_ptr<Connection> connection = office_->current();
  status = connection->Call(method.path, *sent, received.get(), std::min(within, connection->options().deadline));
  if (!status.ok()) return {std::move(status), {}, SubmissionIdOf(*sent)};
  return {SerializeMessage(codec, *received), MetadataOf(capture.copy()), SubmissionIdOf(*sent)};
}

absl::StatusOr<std::unique_ptr<FeedStream>> Forwarder::OpenFeed(Codec codec, absl::string_view request) const {
  muster::v1::SubscribeRequest subscribe;
  MUSTER_RETURN_IF_ERROR(ParseMessage(codec, request, &subscribe));
  return std::make_unique<ForwardedFeed>(office_->current(), subscribe);
}

}  // namespace muster::gateway
