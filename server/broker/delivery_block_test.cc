#include "server/broker/delivery_block.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/testing/deliveries.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

constexpr char kLogId[] = "12345678";

std::string NoticeOf(size_t length) {
  v1::Notice notice;
  notice.set_operation_id("op-1");
  notice.mutable_participant()->set_reason(std::string(length, 'a'));
  return notice.SerializeAsString();
}

// What protobuf makes of the deliveries from `first_position` on.
v1::SubscribeResponse ResponseOf(uint64_t first_position, const std::vector<std::string>& notices) {
  v1::SubscribeResponse response;
  for (size_t i = 0; i < notices.size(); ++i) {
    v1::Delivery* delivery = response.add_deliveries();
    delivery->set_cursor(EncodeCursor(kLogId, first_position + i));
    delivery->set_previous_cursor(EncodeCursor(kLogId, first_position + i - 1));
    EXPECT_TRUE(delivery->mutable_notice()->ParseFromString(notices[i]));
  }
  return response;
}

DeliveryRun RunOf(uint64_t first_position, const std::vector<std::string>& notices) {
  DeliveryBlockBuilder builder(kLogId, first_position);
  for (const std::string& notice : notices) builder.Add(notice);
  return {builder.Take(), 0, static_cast<uint32_t>(notices.size())};
}

TEST(DeliveryBlockTest, TheBytesAreThoseThatProtobufWrites) {
  std::vector<std::string> notices = {""};
  // Around the lengths where a length takes one byte more.
  for (const size_t length : {0, 1, 50, 70, 71, 72, 110, 111, 127, 128, 16'200, 16'330, 16'400, 300'000}) {
    notices.push_back(NoticeOf(length));
  }
  // Around the positions where a cursor's bytes carry, the first position and the last among them.
  for (const uint64_t first :
       {uint64_t{1}, uint64_t{250}, uint64_t{65'530}, uint64_t{0xffff'fffa}, ~uint64_t{0} - 14}) {
    EXPECT_EQ(RunOf(first, notices).bytes(), ResponseOf(first, notices).SerializeAsString()) << first;
  }
}

TEST(DeliveryBlockTest, RunsBehindEachOtherAndCaughtUpAreOneMessage) {
  const std::vector<std::string> notices = {NoticeOf(5), NoticeOf(300), NoticeOf(7)};
  DeliveryRun head = RunOf(9, notices);
  DeliveryRun tail = head;
  head.to = tail.from = 1;
  v1::SubscribeResponse expected = ResponseOf(9, notices);
  expected.set_caught_up(true);
  EXPECT_EQ(std::string(head.bytes()) + std::string(tail.bytes()) + std::string(CaughtUpBytes()),
            expected.SerializeAsString());
  EXPECT_EQ(tail.first_position(), 10u);
  EXPECT_EQ(DecodeDeliveries({head, tail}).size(), 3u);
}

TEST(DeliveryBlockTest, ABuilderGoesOnWithTheNextBlock) {
  DeliveryBlockBuilder builder(kLogId, 4);
  builder.Add(NoticeOf(1));
  builder.Add(NoticeOf(2));
  const std::shared_ptr<const DeliveryBlock> first = builder.Take();
  EXPECT_TRUE(builder.empty());
  builder.Add(NoticeOf(3));
  const std::shared_ptr<const DeliveryBlock> second = builder.Take();
  EXPECT_EQ(first->first_position, 4u);
  EXPECT_EQ(second->first_position, 6u);
  EXPECT_EQ(second->bytes, ResponseOf(6, {NoticeOf(3)}).SerializeAsString());
}

TEST(DeliveryBlockTest, ABlockHasRoomForItsFirstNoticeAndThenWithinItsBounds) {
  DeliveryBlockBuilder builder(kLogId, 1);
  const std::string notice = NoticeOf(100);
  EXPECT_TRUE(builder.HasRoom(notice, 1, 1));
  builder.Add(notice);
  const size_t one = ResponseOf(1, {notice}).ByteSizeLong();
  EXPECT_TRUE(builder.HasRoom(notice, 2, 2 * one));
  EXPECT_FALSE(builder.HasRoom(notice, 2, 2 * one - 1));
  EXPECT_FALSE(builder.HasRoom(notice, 1, 2 * one));
}

TEST(DeliveryBlockTest, TheFrontOfARunKeepsToItsLimits) {
  const std::vector<std::string> notices(5, NoticeOf(100));
  DeliveryRun run = RunOf(1, notices);
  run.from = 1;
  const size_t one = run.bytes_size() / 4;
  EXPECT_EQ(run.Front(9, 9 * one).count(), 4u);
  EXPECT_EQ(run.Front(3, 9 * one).count(), 3u);
  EXPECT_EQ(run.Front(9, 2 * one).count(), 2u);
  EXPECT_EQ(run.Front(9, 2 * one - 1).count(), 1u);
  EXPECT_EQ(run.Front(9, 1).count(), 0u);
  EXPECT_EQ(run.Front(9, 2 * one).first_position(), 2u);
}

}  // namespace
}  // namespace muster
