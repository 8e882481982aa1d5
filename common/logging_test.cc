#include "common/logging.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "muster/v1/outcome.pb.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

const absl::Time kTime = absl::FromUnixMicros(1'630'033'200'000'001);

std::string Json(absl::string_view message, LogFields fields) {
  return FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, message, fields);
}
std::string Text(absl::string_view message, LogFields fields) {
  return FormatLogLine(LogFormat::kText, kTime, LogLevel::kWarn, message, fields);
}

TEST(LoggingTest, AJsonLineHasTimeLevelMessageAndFieldsInOrder) {
  EXPECT_EQ(Json("agency suspended", {{"agency_id", "mo-ago"}, {"streams", 3}, {"late", true}, {"share", 0.5}}),
            R"({"ts":"2021-08-27T03:00:00.000001Z","level":"info","msg":"agency suspended","agency_id":"mo-ago",)"
            R"("streams":3,"late":true,"share":0.5})");
}

TEST(LoggingTest, ATextLineQuotesWhatIsNotOneWord) {
  EXPECT_EQ(Text("agency suspended", {{"id", "mo-ago"}, {"why", "a b"}, {"none", ""}, {"forged", "x y=1 \"z\""}}),
            R"(2021-08-27T03:00:00.000001Z warn agency suspended id=mo-ago why="a b" none="" forged="x y=1 \"z\"")");
}

TEST(LoggingTest, NumbersKeepTheirWholeRange) {
  EXPECT_THAT(Json("m", {{"low", std::numeric_limits<int64_t>::min()}, {"high", std::numeric_limits<uint64_t>::max()}}),
              HasSubstr(R"("low":-9223372036854775808,"high":18446744073709551615)"));
  EXPECT_THAT(Json("m", {{"nan", std::numeric_limits<double>::quiet_NaN()}}), HasSubstr(R"("nan":"nan")"));
}

TEST(LoggingTest, NobodyCanForgeALine) {
  const std::string hostile = "x\n{\"level\":\"error\"}\r\x1b[2J\x7f\t\\\"";
  for (const std::string& line : {Json(hostile, {{"k", hostile}}), Text(hostile, {{"k", hostile}}),
                                  Json("m", {{hostile, 1}}), Text("m", {{hostile, 1}})}) {
    for (const char c : line) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
      EXPECT_NE(c, '\x7f') << line;
    }
  }
}

TEST(LoggingTest, WhatReordersTextOrIsNotUtf8IsEscaped) {
  // A C1 control, a line separator, a right-to-left override; a lone continuation byte, an overlong slash.
  EXPECT_THAT(Json("m", {{"k", "a\xC2\x85\xE2\x80\xA8\xE2\x80\xAEz"}}), HasSubstr(R"("k":"a\u0085\u2028\u202ez")"));
  EXPECT_THAT(Json("m", {{"k", "a\x80z"}}), HasSubstr(R"("k":"a\ufffdz")"));
  EXPECT_THAT(Json("m", {{"k", "a\xC0\xAFz"}}), HasSubstr(R"("k":"a\ufffd\ufffdz")"));
  EXPECT_THAT(Json("m", {{"k", "M\xC3\xBCnchen \xF0\x9F\x9A\x94"}}), HasSubstr("M\xC3\xBCnchen \xF0\x9F\x9A\x94"));
}

TEST(LoggingTest, EveryByteMakesAJsonLineThatParsesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  // Any message with a text field will do. Not a Struct: ThreadSanitizer builds and Debian's libprotobuf disagree about
  // maps.
  v1::Rejected parsed;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(Json(all, {{"message", all}}), &parsed, options).ok());
  EXPECT_EQ(parsed.message().substr(0, 128), all.substr(0, 128));
}

TEST(LoggingTest, UnknownLevelsAndFormatsAreRefused) {
  EXPECT_EQ(InitLogging("loud", "json").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(InitLogging("info", "xml").code(), absl::StatusCode::kInvalidArgument);
}

TEST(LoggingTest, LinesBelowTheLevelAreNotWritten) {
  ASSERT_EQ(InitLogging("warn", "json"), absl::OkStatus());
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  ::testing::internal::CaptureStderr();
  LogInfo("quiet");
  LogWarn("loud", {{"k", "%s {}"}});
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, HasSubstr(R"("level":"warn","msg":"loud","k":"%s {}"})"));
  EXPECT_EQ(written.find("quiet"), std::string::npos);
}

TEST(LoggingTest, LinesOfSeveralThreadsAreNotMixed) {
  ASSERT_EQ(InitLogging("", ""), absl::OkStatus());
  const std::string filler(300, 'f');
  ::testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&filler] {
      for (int i = 0; i < 200; ++i) LogInfo("m", {{"filler", filler}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string written = ::testing::internal::GetCapturedStderr();
  const std::vector<std::string> lines = absl::StrSplit(written, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 800u);
  for (const std::string& line : lines) {
    EXPECT_EQ(line.substr(0, 7), "{\"ts\":\"");
    EXPECT_EQ(line.substr(line.size() - 312), absl::StrCat("\"filler\":\"", filler, "\"}"));
  }
}

}  // namespace
}  // namespace muster
