#include "server/broker/long_message.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "muster/storage/v1/storage.pb.h"

namespace muster {
namespace {

storage::v1::StateImage SomeImage() {
  storage::v1::StateImage image;
  image.set_sequence(7);
  for (int i = 0; i < 100; ++i) {
    storage::v1::RememberedSubmission* const one = image.add_remembered();
    one->set_agency_id(absl::StrCat("agency-", i));
    one->mutable_outcome()->mutable_rejected()->set_message(std::string(static_cast<size_t>(i), 'x'));
  }
  return image;
}

TEST(LongMessageTest, PartsOfAnyLengthAreTheMessage) {
  const storage::v1::StateImage image = SomeImage();
  const std::string bytes = image.SerializeAsString();
  for (const size_t part_bytes : {size_t{1}, size_t{2}, size_t{1000}, bytes.size(), bytes.size() + 1}) {
    storage::v1::StateImage read;
    EXPECT_TRUE(MergeFromLong(bytes, &read, part_bytes));
    EXPECT_EQ(read.SerializeAsString(), bytes) << "parts of " << part_bytes;
  }
}

TEST(LongMessageTest, ACutOrForeignEncodingIsRefused) {
  const std::string bytes = SomeImage().SerializeAsString();
  storage::v1::StateImage read;
  EXPECT_FALSE(MergeFromLong(bytes.substr(0, bytes.size() - 1), &read, 1));
  EXPECT_FALSE(MergeFromLong(std::string(10, '\xff'), &read, 1));
  EXPECT_FALSE(
      MergeFromLong("\x12\x03"
                    "abc",
                    &read));  // A field, but no Timestamp in it.
  EXPECT_TRUE(MergeFromLong("", &read));
}

}  // namespace
}  // namespace muster
