#include "client/bench/publisher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/bench/grpc_frames.h"
#include "client/bench/meter.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/uuid.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {
namespace {

constexpr char kMethod[] = "/muster.v1.SubmissionService/StreamSubmit";

std::string WhatWasSaid(absl::string_view bytes) {
  v1::SubmissionAnswer answer;
  if (!answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return "an answer that cannot be read";
  if (answer.outcome().has_accepted()) return "accepted, but not for the first time";
  const v1::Rejected& why = answer.has_refusal() ? answer.refusal().why() : answer.outcome().rejected();
  return absl::StrCat(why.message(), " (", ReasonName(why.reason()), ")");
}

}  // namespace

Publisher::Publisher(EpollLoop* loop, const Route* route, PublisherOptions options, Encode encode, OnAnswer on_answer)
    : options_(options),
      encode_(std::move(encode)),
      on_answer_(std::move(on_answer)),
      ids_(SystemClock()->Now()),
      outbox_id_(NewUuidV7(SystemClock()->Now())),
      stream_(loop, route, /*identity=*/nullptr, kMethod, this),
      waiting_(options.window) {}

absl::Status Publisher::Start() { return stream_.Start(/*reads_ahead=*/true); }

size_t Publisher::SendUpTo(uint64_t most) {
  if (!open()) return 0;
  const size_t count = static_cast<size_t>(std::min<uint64_t>(most, waiting_.free()));
  if (count == 0) return 0;
  ids_.SetTime(SystemClock()->Now());
  const int64_t now_ns = NowNs();
  char id[kIdBytes];
  std::string& out = stream_.outgoing();
  for (size_t done = 0; done < count;) {
    const size_t start = out.size();
    out.append(kFrameHeaderBytes, '\0');
    const size_t until = std::min(count, done + options_.per_message);
    for (; done < until; ++done) {
      ids_.Write(waiting_.Add({sent_, now_ns}), id);
      const Numbering numbering = {outbox_id_, sent_ + 1, confirmed_.through()};
      encode_(sent_, id, options_.numbered ? &numbering : nullptr, &out);
      ++sent_;
    }
    FillFrameHeader(&out, start);
  }
  stream_.Flush();
  return count;
}

void Publisher::OnMessage(GrpcStream&, absl::string_view message) {
  const int64_t now_ns = NowNs();
  if (!ForEachAnswer(message, [&](const Answer& answer) { Take(answer, now_ns); }) && first_error_.empty()) {
    ++errors_;
    first_error_ = "the broker sent what is no StreamSubmitResponse";
  }
}

void Publisher::Take(const Answer& answer, int64_t now_ns) {
  const std::optional<uint64_t> number = ids_.NumberOf(answer.submission_id);
  const std::optional<InFlight::Sent> sent = number.has_value() ? waiting_.Take(*number) : std::nullopt;
  if (!sent.has_value()) {
    ++errors_;
    if (first_error_.empty()) first_error_ = "the broker answered a submission that is not in flight";
    return;
  }
  ++answered_;
  if (latency_ != nullptr) latency_->Record(now_ns - sent->sent_ns);
  if (answer.is_new) {
    ++accepted_;
  } else {
    ++errors_;
    if (first_error_.empty()) first_error_ = WhatWasSaid(answer.bytes);
  }
  if (options_.numbered) confirmed_.Add(sent->ordinal + 1);
  if (on_answer_) on_answer_(sent->ordinal, answer, now_ns);
}

void Publisher::OnEnd(GrpcStream&, const absl::Status& status) {
  broken_ = status.ok() ? absl::UnavailableError("the broker ended the stream") : status;
}

}  // namespace muster::bench
