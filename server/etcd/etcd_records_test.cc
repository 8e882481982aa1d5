#include "server/etcd/etcd_records.h"

#include <gtest/gtest.h>

#include <limits>

#include "server/etcd/etcd_client.h"

namespace muster {
namespace {

TEST(EtcdRecordsTest, KeysOfBatchesSortAsTheirSequencesDo) {
  const EtcdLogKeys keys("/muster");
  EXPECT_EQ(keys.Batch(1), "/muster/log/00000000000000000001");
  EXPECT_LT(keys.Batch(9), keys.Batch(10));
  EXPECT_LT(keys.Batch(999), keys.Batch(std::numeric_limits<Sequence>::max()));
  EXPECT_LT(keys.Batch(std::numeric_limits<Sequence>::max()), EtcdRangeEnd(keys.Batches()));
}

TEST(EtcdRecordsTest, AKeyIsReadBackOrIsNone) {
  const EtcdLogKeys keys("/muster");
  for (const Sequence first : {Sequence{1}, Sequence{1024}, std::numeric_limits<Sequence>::max()}) {
    EXPECT_EQ(*keys.ParseBatchKey(keys.Batch(first)), first);
  }
  for (const char* key : {"/muster/log/1", "/muster/log/", "/muster/log/0000000000000000000x", "/other/log/1",
                          "/muster/log/000000000000000000001", "/muster/tail"}) {
    EXPECT_TRUE(absl::IsDataLoss(keys.ParseBatchKey(key).status())) << key;
  }
}

TEST(EtcdRecordsTest, ARangeEndIsTheFirstKeyBehindAPrefix) {
  EXPECT_EQ(EtcdRangeEnd("/a"), "/b");
  EXPECT_EQ(EtcdRangeEnd("a\xff"), "b");
  EXPECT_EQ(EtcdRangeEnd("\xff"), std::string(1, '\0'));
}

TEST(EtcdRecordsTest, VersionsBeforeTheOneAdvisedAreTooOld) {
  for (const char* version : {"3.4.23", "3.5.13", "3.5.9", "2.3.8", "", "unknown"}) {
    EXPECT_TRUE(IsEtcdTooOld(version)) << version;
  }
  for (const char* version : {"3.5.14", "3.5.21", "3.6.0-rc.1", "4.0"}) EXPECT_FALSE(IsEtcdTooOld(version)) << version;
}

}  // namespace
}  // namespace muster
