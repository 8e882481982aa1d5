#include "client/gateway/watched_tls_files.h"

#include <string>
#include <vector>

#include "client/gateway/testing/temporary_folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WatchedTlsFilesTest : public testing::Test {
 protected:
  void Write(const std::string& certificate, const std::string& key) const {
    folder_.Write("c.pem", certificate);
    folder_.Write("k.pem", key);
  }

  TemporaryFolder folder_;
  // Of contents whose certificate and key are the same.
  std::vector<std::string> used_;
  WatchedTlsFiles files_{{folder_.path() + "/c.pem", folder_.path() + "/k.pem", ""},
                         [this](const TlsContents& contents) {
                           EXPECT_EQ(contents.ca, "");
                           if (contents.certificate != contents.key) return absl::InvalidArgumentError("no pair");
                           used_.push_back(contents.certificate);
                           return absl::OkStatus();
                         }};
};

TEST_F(WatchedTlsFilesTest, WhatHasChangedIsUsedOnce) {
  Write("1", "1");
  EXPECT_TRUE(*files_.RefreshIfChanged());
  EXPECT_FALSE(*files_.RefreshIfChanged());
  Write("2", "2");
  EXPECT_TRUE(*files_.RefreshIfChanged());
  EXPECT_FALSE(*files_.RefreshIfChanged());
  EXPECT_THAT(used_, ElementsAre("1", "2"));
}

TEST_F(WatchedTlsFilesTest, EachStateThatIsNoGoodIsToldOnceAndTheNextGoodOneIsUsed) {
  Write("1", "1");
  ASSERT_TRUE(files_.RefreshIfChanged().ok());
  Write("2", "1");
  EXPECT_EQ(files_.RefreshIfChanged().status().message(), "no pair");
  EXPECT_FALSE(*files_.RefreshIfChanged());
  Write("3", "1");
  EXPECT_FALSE(files_.RefreshIfChanged().ok()) << "another state";
  Write("3", "3");
  EXPECT_TRUE(*files_.RefreshIfChanged());
  Write("2", "1");
  EXPECT_FALSE(files_.RefreshIfChanged().ok()) << "news again";
  EXPECT_THAT(used_, ElementsAre("1", "3"));
}

TEST_F(WatchedTlsFilesTest, GoingBackToWhatIsInForceIsNoChange) {
  Write("1", "1");
  ASSERT_TRUE(files_.RefreshIfChanged().ok());
  Write("2", "1");
  EXPECT_FALSE(files_.RefreshIfChanged().ok());
  Write("1", "1");
  EXPECT_FALSE(*files_.RefreshIfChanged());
  EXPECT_THAT(used_, ElementsAre("1"));
}

TEST_F(WatchedTlsFilesTest, AFileThatCannotBeReadIsNamedOnce) {
  EXPECT_THAT(std::string(files_.RefreshIfChanged().status().message()), HasSubstr("c.pem"));
  EXPECT_FALSE(*files_.RefreshIfChanged());
  Write("1", "1");
  EXPECT_TRUE(*files_.RefreshIfChanged());
}

}  // namespace
}  // namespace muster::gateway
