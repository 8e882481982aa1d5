// The small parts of the gateway's HTTP: limits, files, headers, pages, threads.
#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/gateway/http/pages.h"
#include "client/gateway/http/rate_limit.h"
#include "client/gateway/http/security.h"
#include "client/gateway/http/static_files.h"
#include "client/gateway/http/stream_slots.h"
#include "client/gateway/http/worker_pool.h"
#include "client/gateway/testing/temporary_folder.h"
#include "common/sha256.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

std::string HeaderOf(const HttpAnswer& answer, absl::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (absl::EqualsIgnoreCase(each, name)) return value;
  }
  return "";
}

HttpRequest Get(const std::string& path, HttpHeaders headers = {}) {
  HttpRequest request;
  request.method = "GET";
  request.path = path;
  request.headers = std::move(headers);
  return request;
}

TEST(RateLimitTest, ABurstPassesAndThenTheRateCounts) {
  FakeClock clock(absl::UnixEpoch());
  RateLimit limit(/*per_second=*/2, /*burst=*/3, &clock);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.Allow("a"));
  EXPECT_FALSE(limit.Allow("a"));
  clock.Advance(absl::Milliseconds(500));
  EXPECT_TRUE(limit.Allow("a"));
  EXPECT_FALSE(limit.Allow("a"));
}

TEST(RateLimitTest, KeysDoNotTakeFromEachOther) {
  FakeClock clock(absl::UnixEpoch());
  RateLimit limit(1, 1, &clock);
  EXPECT_TRUE(limit.Allow("a"));
  EXPECT_TRUE(limit.Allow("b"));
  EXPECT_FALSE(limit.Allow("a"));
}

TEST(RateLimitTest, IdleKeysMakeRoomForNewOnes) {
  FakeClock clock(absl::UnixEpoch());
  RateLimit limit(1, 1, &clock);
  for (size_t i = 0; i < RateLimit::kKeysMax; ++i) EXPECT_TRUE(limit.Allow(absl::StrCat(i)));
  EXPECT_FALSE(limit.Allow("one more"));
  clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(limit.Allow("one more"));
}

TEST(WorkerPoolTest, WorkThatNeitherRunsNorMayWaitIsRefused) {
  absl::Notification running;
  absl::Notification go_on;
  std::atomic<int> done{0};
  WorkerPool pool("test", 1, 1);
  EXPECT_TRUE(pool.Submit([&] {
    running.Notify();
    go_on.WaitForNotification();
    ++done;
  }));
  running.WaitForNotification();
  EXPECT_TRUE(pool.Submit([&] { ++done; }));
  EXPECT_FALSE(pool.Submit([&] { ++done; }));
  go_on.Notify();
  pool.Stop();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(pool.Submit([] {}));
}

TEST(StreamSlotsTest, ASlotIsFreeAgainWhenNobodyKeepsIt) {
  StreamSlots slots(1);
  std::shared_ptr<void> first = slots.Take();
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(slots.Take(), nullptr);
  first.reset();
  EXPECT_NE(slots.Take(), nullptr);
}

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    folder_.Write("index.html", "first page");
    folder_.Write("sw.js", "worker");
    folder_.Write("assets/main-3f9ac21b.js", "script");
    folder_.Write("assets/main-3f9ac21b.js.gz", "zipped");
    folder_.Write("assets/plain.svg", "<svg/>");
  }
  HttpAnswer Serve(const HttpRequest& request) { return StaticFiles::Load(folder_.path())->Serve(request); }

  TemporaryFolder folder_;
};

TEST_F(StaticFilesTest, AFileHasItsTypeAndIsAskedForEachTime) {
  const HttpAnswer answer = Serve(Get("/sw.js"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "worker");
  EXPECT_EQ(HeaderOf(answer, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(HeaderOf(answer, "Cache-Control"), "no-cache");
}

TEST_F(StaticFilesTest, AFileWhoseNameCarriesAHashIsKeptForEver) {
  EXPECT_THAT(HeaderOf(Serve(Get("/assets/main-3f9ac21b.js")), "Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(HeaderOf(Serve(Get("/assets/plain.svg")), "Cache-Control"), "no-cache");
}

TEST_F(StaticFilesTest, TheZippedFileGoesToWhoUnderstandsIt) {
  const std::string path = "/assets/main-3f9ac21b.js";
  const HttpAnswer zipped = Serve(Get(path, {{"Accept-Encoding", "br, gzip;q=0.8"}}));
  EXPECT_EQ(zipped.body, "zipped");
  EXPECT_EQ(HeaderOf(zipped, "Content-Encoding"), "gzip");
  EXPECT_EQ(Serve(Get(path)).body, "script");
  EXPECT_EQ(Serve(Get(path, {{"Accept-Encoding", "gzip;q=0"}})).body, "script");
}

TEST_F(StaticFilesTest, WhatTheBrowserHasIsNotSentAgain) {
  const std::string etag = HeaderOf(Serve(Get("/sw.js")), "ETag");
  const HttpAnswer again = Serve(Get("/sw.js", {{"If-None-Match", absl::StrCat("\"x\", ", etag)}}));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(HeaderOf(again, "ETag"), etag);
}

TEST_F(StaticFilesTest, AddressesWithinTheApplicationAreItsFirstPage) {
  EXPECT_EQ(Serve(Get("/")).body, "first page");
  EXPECT_EQ(Serve(Get("/tallies")).body, "first page");
}

TEST_F(StaticFilesTest, NothingOutsideIsServed) {
  folder_.Write("../outside.txt", "secret");
  for (const char* path : {"/../outside.txt", "/assets/../../outside.txt", "/%2e%2e/outside.txt", "//etc/passwd.x",
                           "/assets/main-3f9ac21b.js.gz"}) {
    EXPECT_EQ(Serve(Get(path)).status, 404) << path;
  }
  std::filesystem::remove(folder_.path() + "/../outside.txt");
}

TEST_F(StaticFilesTest, AFolderWithoutAFirstPageIsNoApplication) {
  const TemporaryFolder empty;
  EXPECT_EQ(StaticFiles::Load(empty.path()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(StaticFiles::Load("/nonexistent").status().code(), absl::StatusCode::kNotFound);
}

TEST(SecurityTest, EveryAnswerGetsThePolicyUnlessItHasAStricterOneOfItsOwn) {
  HttpAnswer bare;
  AddSecurityHeaders(false, &bare);
  EXPECT_EQ(HeaderOf(bare, "Content-Security-Policy"), kApplicationPolicy);
  EXPECT_EQ(HeaderOf(bare, "Cache-Control"), "no-store");
  EXPECT_EQ(HeaderOf(bare, "Strict-Transport-Security"), "");
  HttpAnswer page = PageAnswer(kSignedOutPage, "/");
  AddSecurityHeaders(true, &page);
  EXPECT_THAT(HeaderOf(page, "Content-Security-Policy"), HasSubstr("style-src 'sha256-"));
  EXPECT_NE(HeaderOf(page, "Strict-Transport-Security"), "");
}

TEST(SecurityTest, APagesPolicyAllowsItsOwnStyleAndNoScript) {
  const HttpAnswer page = PageAnswer(kLockedPage, "/");
  const size_t begin = page.body.find("<style>") + 7;
  const std::string style = page.body.substr(begin, page.body.find("</style>") - begin);
  const std::string policy = HeaderOf(page, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr(absl::StrCat("'sha256-", absl::Base64Escape(Sha256Bytes(style)), "'")));
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, testing::Not(HasSubstr("script-src")));
}

TEST(SecurityTest, OnlyOurNamesAreHosts) {
  const Origins origins("127.0.0.1:8443", "dashboard.ago.example", 8443);
  for (const char* host : {"127.0.0.1:8443", "localhost:8443", "[::1]:8443", "Dashboard.AGO.example:8443"}) {
    EXPECT_TRUE(origins.HasHost(host)) << host;
  }
  for (const char* host : {"", "127.0.0.1", "localhost:8444", "evil.example:8443", "localhost:8443.evil.example"}) {
    EXPECT_FALSE(origins.HasHost(host)) << host;
  }
}

TEST(SecurityTest, TheHttpsPortMayBeLeftOut) {
  EXPECT_TRUE(Origins("0.0.0.0:443", "d.example", 443).HasHost("d.example"));
  EXPECT_FALSE(Origins("0.0.0.0:443", "d.example", 443).HasHost("other.example"));
}

TEST(SecurityTest, AnIpv6AddressCountsAsItsNetwork) {
  EXPECT_EQ(CountedAs("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(CountedAs("2001:db8:1:2::1"), CountedAs("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(CountedAs("2001:db8:1:2::1"), CountedAs("2001:db8:1:3::1"));
  EXPECT_NE(CountedAs("::ffff:192.0.2.7"), CountedAs("::ffff:192.0.2.8"));
}

TEST(SecurityTest, OtherSitesPagesMayNotCall) {
  const auto from = [](HttpHeaders headers) {
    headers.emplace_back("Host", "localhost:8443");
    return IsFromOurPage(Get("/", std::move(headers)));
  };
  EXPECT_TRUE(from({}));
  EXPECT_TRUE(from({{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://localhost:8443"}}));
  EXPECT_FALSE(from({{"Sec-Fetch-Site", "same-site"}}));
  EXPECT_FALSE(from({{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_FALSE(from({{"Origin", "https://localhost:8444"}}));
  EXPECT_FALSE(from({{"Origin", "http://localhost:8443"}}));
  EXPECT_FALSE(from({{"Origin", "null"}}));
}

TEST(PagesTest, TheAddressOfTheLinkCannotBreakOut) {
  EXPECT_THAT(PageAnswer(kNotFoundPage, "\"><script>").body, testing::Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace muster::gateway
