// The hook with real programs.
#include "client/agent/hook/on_delivery.h"

#include <signal.h>

#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::agent {
namespace {

using testing::HasSubstr;

class HookTest : public testing::Test {
 protected:
  HookTest() : store_(folder_.Open()) {}

  // A hook that runs `script` in /bin/sh with $F being a file for what it has to say.
  void Start(const std::string& script, absl::Duration timeout = absl::Minutes(1)) {
    Hook::Options options;
    options.argv = {"/bin/sh", "-c", absl::StrCat("F=", folder_.root(), "/said; ", script)};
    options.timeout = timeout;
    options.retry_wait = absl::Milliseconds(1);
    hook_ = std::make_unique<Hook>(options, &inbox(), [](const absl::Status& status) { ADD_FAILURE() << status; });
    hook_->Start();
  }
  void Deliver(int first, int last) { ASSERT_TRUE(inbox().Append(NewDeliveries(first, last), {}, TestTime()).ok()); }
  bool Await(const std::function<bool()>& condition) {
    const absl::Time deadline = SystemClock()->Now() + absl::Minutes(1);
    while (!condition() && SystemClock()->Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
    return condition();
  }
  bool AwaitDone() {
    return Await([this] { return inbox().hook_row() == inbox().last_row(); });
  }
  std::vector<std::string> Said() const {
    std::ifstream file(folder_.root() + "/said");
    std::ostringstream text;
    text << file.rdbuf();
    std::vector<std::string> lines = absl::StrSplit(text.str(), '\n', absl::SkipEmpty());
    return lines;
  }
  Inbox& inbox() { return store_->inbox(); }

  StoreFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Hook> hook_;
};

TEST_F(HookTest, RunsForEveryDeliveryInOrderWithItsJson) {
  Deliver(1, 3);
  Start("cat >> $F");
  ASSERT_TRUE(AwaitDone());
  Deliver(4, 4);
  ASSERT_TRUE(AwaitDone());
  const std::vector<std::string> lines = Said();
  ASSERT_EQ(lines.size(), 4u);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(absl::StrCat(lines[static_cast<size_t>(i)], "\n"), DeliveryJson(NewDelivery(i + 1)));
}

TEST_F(HookTest, TheJsonHasTheNoticeAndTheCursorsInHexadecimal) {
  muster::v1::Delivery delivery = NewDelivery(1);
  delivery.set_cursor("\x01\xff");
  const std::string json = DeliveryJson(delivery);
  EXPECT_THAT(json, HasSubstr("\"cursor\":\"01ff\""));
  EXPECT_THAT(json, HasSubstr("\"operation_id\":\"op-1\""));
  EXPECT_EQ(json.back(), '\n');
}

TEST_F(HookTest, ALargeDeliveryIsReadWhole) {
  ASSERT_TRUE(inbox().Append({NewDelivery(1, "op-1", std::string(300'000, 'x'))}, {}, TestTime()).ok());
  Start("wc -c >> $F");
  ASSERT_TRUE(AwaitDone());
  EXPECT_GT(std::stoi(Said().at(0)), 300'000);
}

TEST_F(HookTest, AProgramThatDoesNotReadItsInputIsNoFailure) {
  ASSERT_TRUE(inbox().Append({NewDelivery(1, "op-1", std::string(300'000, 'x'))}, {}, TestTime()).ok());
  Start("echo ran >> $F");
  ASSERT_TRUE(AwaitDone());
  EXPECT_EQ(hook_->status().failed(), 0u);
  EXPECT_EQ(Said().size(), 1u);
}

TEST_F(HookTest, OneThatFailsIsRunAgainAndSucceeds) {
  Deliver(1, 1);
  Start("echo try >> $F; [ $(wc -l < $F) -ge 3 ]");
  ASSERT_TRUE(AwaitDone());
  EXPECT_EQ(Said().size(), 3u);
  EXPECT_EQ(hook_->status().failed(), 0u);
}

TEST_F(HookTest, OneThatFailsForGoodIsCountedAndPassedOver) {
  Deliver(1, 2);
  // The first delivery fails always, the second never.
  Start(absl::StrCat("echo try >> $F; ! grep -q ", absl::BytesToHexString(CursorAt(1)), "\\\",\\\"previous"));
  ASSERT_TRUE(AwaitDone());
  EXPECT_EQ(Said().size(), static_cast<size_t>(1 + Hook::kRetries + 1));
  const v1::HookStatus status = hook_->status();
  EXPECT_EQ(status.failed(), 1u);
  EXPECT_THAT(status.last_failure(), HasSubstr("ended with status 1"));
}

TEST_F(HookTest, AProgramThatIsNotThereIsAFailureThatSaysSo) {
  Deliver(1, 1);
  Hook::Options options;
  options.argv = {"/no/such/program"};
  options.retry_wait = absl::Milliseconds(1);
  Hook hook(options, &inbox(), [](const absl::Status&) {});
  hook.Start();
  ASSERT_TRUE(AwaitDone());
  EXPECT_THAT(hook.status().last_failure(), HasSubstr("cannot run /no/such/program"));
}

TEST_F(HookTest, OneThatTakesTooLongIsEndedWithWhatItStarted) {
  Deliver(1, 1);
  Start("sleep 1000 & echo $! >> $F; wait", absl::Milliseconds(50));
  ASSERT_TRUE(AwaitDone());
  EXPECT_THAT(hook_->status().last_failure(), HasSubstr("took longer than"));
  for (const std::string& pid : Said()) {
    EXPECT_TRUE(Await([&] { return kill(std::stoi(pid), 0) != 0; })) << "process " << pid << " still runs";
  }
}

TEST_F(HookTest, AfterARestartItGoesOnBehindTheLastOneThatIsDone) {
  Deliver(1, 2);
  Start("cat >> $F");
  ASSERT_TRUE(AwaitDone());
  hook_->Stop();
  Deliver(3, 3);
  Start("cat >> $F");
  ASSERT_TRUE(AwaitDone());
  EXPECT_EQ(Said().size(), 3u);
}

TEST_F(HookTest, ADeliveryWhoseProgramWasEndedByAStopComesAgain) {
  Deliver(1, 1);
  Start("echo begun >> $F; sleep 1000");
  ASSERT_TRUE(Await([this] { return !Said().empty(); }));
  hook_->Stop();
  EXPECT_EQ(inbox().hook_row(), 0u);
}

TEST_F(HookTest, WithoutAProgramWhatHasArrivedCountsAsDoneWhenSkipped) {
  Deliver(1, 2);
  Hook hook({}, &inbox(), [](const absl::Status&) {});
  hook.Start();
  ASSERT_TRUE(hook.Skip().ok());
  EXPECT_EQ(inbox().hook_row(), 2u);
  EXPECT_FALSE(hook.status().configured());
}

}  // namespace
}  // namespace muster::agent
