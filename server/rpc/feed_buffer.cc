#include "server/rpc/feed_buffer.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "grpcpp/support/slice.h"

namespace muster {
namespace {

// Below, a copy costs less than two allocations and what gRPC does for every slice.
constexpr size_t kSharedBytesMin = 4096;

bool IsShared(const DeliveryRun& run) { return run.bytes_size() >= kSharedBytesMin; }

grpc::Slice Share(const DeliveryRun& run) {
  using Ref = std::shared_ptr<const DeliveryBlock>;
  auto ref = std::make_unique<Ref>(run.block);
  const absl::string_view bytes = run.bytes();
  // gRPC writes from the slice, never into it.
  return grpc::Slice(
      const_cast<char*>(bytes.data()), bytes.size(), [](void* owned) { delete static_cast<Ref*>(owned); },
      ref.release());
}

// One slice with the bytes of all.
grpc::Slice Join(absl::Span<const DeliveryRun> runs, absl::string_view tail) {
  size_t size = tail.size();
  for (const DeliveryRun& run : runs) size += run.bytes_size();
  const grpc::Slice slice(size);
  auto* to = reinterpret_cast<char*>(const_cast<uint8_t*>(slice.begin()));
  for (const DeliveryRun& run : runs) to += run.bytes().copy(to, run.bytes_size());
  tail.copy(to, tail.size());
  return slice;
}

}  // namespace

grpc::ByteBuffer ToFeedBuffer(absl::Span<const DeliveryRun> runs, bool caught_up) {
  const absl::string_view tail = caught_up ? CaughtUpBytes() : absl::string_view();
  std::vector<grpc::Slice> slices;
  for (auto it = runs.begin(); it != runs.end();) {
    if (IsShared(*it)) {
      slices.push_back(Share(*it++));
      continue;
    }
    const auto next = std::find_if(it, runs.end(), IsShared);
    const auto count = static_cast<size_t>(next - it);
    slices.push_back(Join(absl::MakeConstSpan(&*it, count), next == runs.end() ? tail : absl::string_view()));
    it = next;
  }
  if (!tail.empty() && (runs.empty() || IsShared(runs.back()))) slices.push_back(Join({}, tail));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace muster
