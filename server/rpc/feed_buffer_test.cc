#include "server/rpc/feed_buffer.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/broker/testing/deliveries.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

// One block of deliveries for each run of notice sizes, behind each other from position 1.
std::vector<DeliveryRun> RunsOf(const std::vector<std::vector<size_t>>& blocks) {
  std::vector<DeliveryRun> runs;
  DeliveryBlockBuilder builder("12345678", 1);
  for (const std::vector<size_t>& sizes : blocks) {
    for (const size_t size : sizes) builder.Add(std::string(size, '.'));
    runs.push_back({builder.Take(), 0, static_cast<uint32_t>(sizes.size())});
  }
  return runs;
}

std::string BytesOf(const std::vector<DeliveryRun>& runs, bool caught_up) {
  std::string bytes;
  for (const DeliveryRun& run : runs) bytes.append(run.bytes().data(), run.bytes().size());
  if (caught_up) bytes.append(CaughtUpBytes().data(), CaughtUpBytes().size());
  return bytes;
}

TEST(FeedBufferTest, SmallAndGreatRunsInAnyOrderGiveTheirBytes) {
  const std::vector<size_t> small = {20, 30}, great = {3'000, 3'000};
  for (const auto& blocks : std::vector<std::vector<std::vector<size_t>>>{
           {}, {small}, {great}, {small, small}, {small, great}, {great, small}, {great, small, small, great, small}}) {
    for (const bool caught_up : {false, true}) {
      const std::vector<DeliveryRun> runs = RunsOf(blocks);
      EXPECT_EQ(ToBytes(ToFeedBuffer(runs, caught_up)), BytesOf(runs, caught_up)) << blocks.size();
    }
  }
}

TEST(FeedBufferTest, PartOfABlockIsThatPart) {
  std::vector<DeliveryRun> runs = RunsOf({{5'000, 6'000, 7'000}});
  runs[0].from = 1;
  runs[0].to = 2;
  const std::vector<ReadDelivery> deliveries = DecodeDeliveries(absl::string_view(ToBytes(ToFeedBuffer(runs, false))));
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].position, 2u);
  EXPECT_EQ(deliveries[0].notice.size(), 6'000u);
}

TEST(FeedBufferTest, ABlockLivesAsLongAsABufferThatRefersToIt) {
  std::vector<DeliveryRun> runs = RunsOf({{50'000}});
  const std::string expected = BytesOf(runs, true);
  const std::weak_ptr<const DeliveryBlock> block = runs[0].block;
  {
    const grpc::ByteBuffer buffer = ToFeedBuffer(runs, true);
    runs.clear();
    EXPECT_FALSE(block.expired());
    EXPECT_EQ(ToBytes(buffer), expected);
  }
  EXPECT_TRUE(block.expired());
}

}  // namespace
}  // namespace muster
