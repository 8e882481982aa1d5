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

Metadata MetadataOf(const std::optional<Freshness>& copy) {
  Metadata metadata;
  if (!copy.has_value()) return metadata;
  metadata.emplace_back(kAsOfMetadata, absl::FormatTime(absl::RFC3339_full, copy->as_of, absl::UTCTimeZone()));
  if (copy->superseded) metadata.emplace_back(kSupersededMetadata, "1");
  return metadata;
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
  status = connection_->Call(method.path, *sent, received.get(), std::min(within, connection_->options().deadline));
  if (!status.ok()) return {std::move(status), {}};
  return {SerializeMessage(codec, *received), MetadataOf(capture.copy())};
}

absl::StatusOr<std::unique_ptr<FeedStream>> Forwarder::OpenFeed(Codec codec, absl::string_view request) const {
  muster::v1::SubscribeRequest subscribe;
  MUSTER_RETURN_IF_ERROR(ParseMessage(codec, request, &subscribe));
  return connection_->OpenFeed(subscribe);
}

}  // namespace muster::gateway
