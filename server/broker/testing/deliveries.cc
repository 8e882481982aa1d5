#include "server/broker/testing/deliveries.h"

#include <iterator>

#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

using google::protobuf::UnknownFieldSet;

// Fields as they lie on the wire, so that a notice's bytes are seen as they are.
void ParseFields(absl::string_view bytes, UnknownFieldSet* fields) {
  EXPECT_TRUE(fields->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
}

std::string BytesOf(const UnknownFieldSet& fields, int index, int number) {
  EXPECT_LT(index, fields.field_count());
  if (index >= fields.field_count()) return {};
  EXPECT_EQ(fields.field(index).number(), number);
  return fields.field(index).length_delimited();
}

uint64_t PositionOf(absl::string_view cursor) {
  const absl::StatusOr<uint64_t> position = DecodeCursor(cursor.substr(0, 8), cursor);
  EXPECT_EQ(position.status(), absl::OkStatus());
  return position.value_or(0);
}

}  // namespace

std::vector<ReadDelivery> DecodeDeliveries(absl::string_view response) {
  std::vector<ReadDelivery> deliveries;
  UnknownFieldSet fields;
  ParseFields(response, &fields);
  for (int i = 0; i < fields.field_count(); ++i) {
    UnknownFieldSet parts;
    ParseFields(BytesOf(fields, i, v1::SubscribeResponse::kDeliveriesFieldNumber), &parts);
    EXPECT_EQ(parts.field_count(), 3);
    ReadDelivery& delivery = deliveries.emplace_back();
    delivery.position = PositionOf(BytesOf(parts, 0, v1::Delivery::kCursorFieldNumber));
    EXPECT_EQ(PositionOf(BytesOf(parts, 1, v1::Delivery::kPreviousCursorFieldNumber)) + 1, delivery.position);
    delivery.notice = BytesOf(parts, 2, v1::Delivery::kNoticeFieldNumber);
  }
  return deliveries;
}

std::vector<ReadDelivery> DecodeDeliveries(absl::Span<const DeliveryRun> runs) {
  std::vector<ReadDelivery> deliveries;
  for (const DeliveryRun& run : runs) {
    std::vector<ReadDelivery> some = DecodeDeliveries(run.bytes());
    EXPECT_EQ(some.size(), run.count());
    deliveries.insert(deliveries.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return deliveries;
}

}  // namespace muster
