// Old logs are decided as they were decided.
//
// A golden log in tests/data/golden/<version of the rules> holds the bytes of a history as that version sequenced it,
// and the digest of the state after it. It is never changed once its version has been released: what breaks it would
// decide old logs otherwise. A new version of the rules gets a golden log of its own, beside the others, written by
//
//   write_golden <path without ending>      (tests/noninterference)
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "gtest/gtest.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

std::vector<std::filesystem::path> GoldenLogs() {
  std::vector<std::filesystem::path> logs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(MUSTER_TEST_DATA_DIR "/golden")) {
    if (entry.path().extension() == ".events") logs.push_back(entry.path());
  }
  return logs;
}

std::vector<v1::Event> ReadEvents(const std::filesystem::path& path) {
  std::vector<v1::Event> events;
  std::ifstream file(path, std::ios::binary);
  google::protobuf::io::IstreamInputStream stream(&file);
  while (true) {
    bool clean_end = false;
    v1::Event event;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(&event, &stream, &clean_end)) {
      EXPECT_TRUE(clean_end) << path;
      return events;
    }
    events.push_back(std::move(event));
  }
}

std::string ReadDigest(std::filesystem::path path) {
  std::ifstream file(path.replace_extension(".digest"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return std::string(absl::StripAsciiWhitespace(text));
}

TEST(Golden, EveryGoldenLogGivesItsDigest) {
  const std::vector<std::filesystem::path> logs = GoldenLogs();
  EXPECT_EQ(logs.size(), kRulesVersion) << "one for each version of the rules";
  for (const std::filesystem::path& path : logs) {
    State state;
    for (const v1::Event& event : ReadEvents(path)) {
      ASSERT_EQ(event.sequence(), state.sequence() + 1) << path;
      state.Apply(event);
    }
    EXPECT_GE(state.sequence(), 40) << path;
    EXPECT_EQ(state.Digest(), ReadDigest(path)) << path;
  }
}

}  // namespace
}  // namespace muster
