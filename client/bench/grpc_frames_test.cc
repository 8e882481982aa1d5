#include "client/bench/grpc_frames.h"

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

using testing::ElementsAre;

std::vector<std::string> Read(FrameReader* reader, absl::string_view bytes, bool* ok) {
  std::vector<std::string> messages;
  *ok = reader->Feed(bytes, [&](absl::string_view message) { messages.emplace_back(message); });
  return messages;
}

TEST(GrpcFramesTest, AHeaderIsAZeroAndTheLengthMostSignificantByteFirst) {
  std::string frame;
  AppendFrame(&frame, std::string(0x10203, 'x'));
  EXPECT_EQ(frame.substr(0, kFrameHeaderBytes), std::string("\0\0\1\2\3", 5));
  EXPECT_EQ(frame.size(), kFrameHeaderBytes + 0x10203);
}

TEST(GrpcFramesTest, MessagesComeOutWholeHoweverTheBytesAreCut) {
  const char* given = std::getenv("MUSTER_TEST_SEED");
  const uint64_t seed = given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "MUSTER_TEST_SEED=" << seed << "\n";
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> wanted;
    std::string bytes;
    for (int i = 0; i < 10; ++i) {
      wanted.push_back(std::string(random() % 20, static_cast<char>('a' + i)));
      AppendFrame(&bytes, wanted.back());
    }
    FrameReader reader;
    std::vector<std::string> got;
    for (size_t at = 0; at < bytes.size();) {
      const size_t count = 1 + random() % 30;
      const absl::string_view cut = absl::string_view(bytes).substr(at, count);
      ASSERT_TRUE(reader.Feed(cut, [&](absl::string_view message) { got.emplace_back(message); }));
      at += cut.size();
    }
    ASSERT_EQ(got, wanted);
    ASSERT_EQ(reader.pending(), 0u);
  }
}

TEST(GrpcFramesTest, WhatIsNoFramingIsToldWhereverItIsCut) {
  std::string compressed;
  AppendFrame(&compressed, "abc");
  compressed[0] = 1;
  const std::string too_long("\0\xff\xff\xff\xff", 5);
  for (const std::string& bytes : {compressed, too_long}) {
    bool ok = true;
    FrameReader whole;
    EXPECT_TRUE(Read(&whole, bytes, &ok).empty());
    EXPECT_FALSE(ok);
    FrameReader cut;
    Read(&cut, bytes.substr(0, 3), &ok);
    EXPECT_TRUE(ok);
    const bool later = cut.Feed(bytes.substr(3) + "more", [](absl::string_view) { FAIL(); });
    EXPECT_FALSE(later);
  }
}

TEST(GrpcFramesTest, AMessageIsHandedOverAsSoonAsItsLastByteIsThere) {
  std::string frame;
  AppendFrame(&frame, "abc");
  FrameReader reader;
  bool ok = false;
  EXPECT_TRUE(Read(&reader, frame.substr(0, frame.size() - 1), &ok).empty());
  EXPECT_THAT(Read(&reader, frame.substr(frame.size() - 1), &ok), ElementsAre("abc"));
}

}  // namespace
}  // namespace muster::bench
