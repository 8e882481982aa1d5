#include "server/broker/feed_message.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

constexpr char kLogId[] = "12345678";

v1::Notice NoticeOf(const std::string& text) {
  v1::Notice notice;
  notice.set_operation_id("op-1");
  notice.mutable_participant()->set_reason(text);
  return notice;
}

TEST(FeedMessageTest, TheBytesAreThoseThatProtobufWrites) {
  // Around the lengths where a length takes one byte more.
  std::vector<QueuedDelivery> deliveries = {{41, std::make_shared<const std::string>()}};
  for (const size_t length : {0, 1, 70, 71, 72, 110, 111, 127, 128, 16'200, 16'330, 16'400, 300'000}) {
    deliveries.push_back({deliveries.back().position + 1,
                          std::make_shared<const std::string>(NoticeOf(std::string(length, 'a')).SerializeAsString())});
  }
  for (const bool caught_up : {false, true}) {
    v1::SubscribeResponse expected;
    expected.set_caught_up(caught_up);
    for (const QueuedDelivery& queued : deliveries) {
      v1::Delivery* delivery = expected.add_deliveries();
      delivery->set_cursor(EncodeCursor(kLogId, queued.position));
      delivery->set_previous_cursor(EncodeCursor(kLogId, queued.position - 1));
      ASSERT_TRUE(delivery->mutable_notice()->ParseFromString(*queued.notice));
    }
    const std::string bytes = EncodeSubscribeResponse(kLogId, deliveries, caught_up);
    EXPECT_EQ(bytes, expected.SerializeAsString());
    v1::SubscribeResponse parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes));
    EXPECT_EQ(parsed.deliveries_size(), static_cast<int>(deliveries.size()));
  }
}

TEST(FeedMessageTest, CaughtUpAloneAndNothingAreMessagesToo) {
  v1::SubscribeResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(EncodeSubscribeResponse(kLogId, {}, true)));
  EXPECT_TRUE(parsed.caught_up());
  EXPECT_EQ(parsed.deliveries_size(), 0);
  EXPECT_EQ(EncodeSubscribeResponse(kLogId, {}, false), "");
}

TEST(FeedMessageTest, EachPreviousCursorIsTheCursorBefore) {
  const auto notice = std::make_shared<const std::string>(NoticeOf("x").SerializeAsString());
  v1::SubscribeResponse parsed;
  ASSERT_TRUE(parsed.ParseFromString(EncodeSubscribeResponse(kLogId, {{1, notice}, {2, notice}, {3, notice}}, false)));
  EXPECT_EQ(*DecodeCursor(kLogId, parsed.deliveries(0).previous_cursor()), 0);
  for (int i = 1; i < 3; ++i) EXPECT_EQ(parsed.deliveries(i).previous_cursor(), parsed.deliveries(i - 1).cursor());
}

}  // namespace
}  // namespace muster
