#include "client/gateway/wire/framing.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

constexpr Framing kAllFramings[] = {
    {Protocol::kConnectUnary, Codec::kProto},  {Protocol::kConnectUnary, Codec::kJson},
    {Protocol::kConnectStream, Codec::kProto}, {Protocol::kConnectStream, Codec::kJson},
    {Protocol::kGrpcWeb, Codec::kProto},       {Protocol::kGrpcWeb, Codec::kJson},
    {Protocol::kGrpcWebText, Codec::kProto},   {Protocol::kGrpcWebText, Codec::kJson},
};
constexpr Framing kStream = {Protocol::kConnectStream, Codec::kProto};
constexpr Framing kText = {Protocol::kGrpcWebText, Codec::kProto};

std::string Bytes(const std::vector<int>& values) {
  std::string bytes;
  for (const int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

TEST(FramingTest, EveryFramingIsFoundAgainByTheContentTypeOfItsAnswers) {
  for (const Framing& framing : kAllFramings) EXPECT_EQ(FramingOf(ContentTypeOf(framing)), framing);
}

TEST(FramingTest, ContentTypesMayHaveParametersAndCapitals) {
  EXPECT_EQ(FramingOf("Application/JSON; charset=utf-8"), (Framing{Protocol::kConnectUnary, Codec::kJson}));
  EXPECT_EQ(FramingOf(" application/grpc-web "), (Framing{Protocol::kGrpcWeb, Codec::kProto}));
}

TEST(FramingTest, WhatAnHtmlFormCanSendIsNoCall) {
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "*/*"}) {
    EXPECT_EQ(FramingOf(type), std::nullopt) << type;
  }
}

TEST(FramingTest, WhatIsEncodedIsDecodedInEveryFraming) {
  for (const Framing& framing : kAllFramings) {
    for (const std::string& message : {std::string(), std::string("x"), std::string(70'000, '\xff')}) {
      const auto decoded = DecodeRequest(framing, EncodeMessage(framing, message));
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(*decoded, message);
    }
  }
}

TEST(FramingTest, TheLengthIsBigEndian) {
  EXPECT_EQ(EncodeEnvelope(kStream, kConnectEndFlag, "ab"), absl::StrCat(Bytes({2, 0, 0, 0, 2}), "ab"));
}

TEST(FramingTest, TextMayComeInPiecesThatAreEachPadded) {
  // "AAAAAAE=" is the prefix of a message of one byte, and "eA==" the byte.
  const auto decoded = DecodeRequest(kText, absl::StrCat(absl::Base64Escape(Bytes({0, 0, 0, 0, 1})), "eA=="));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, "x");
}

TEST(FramingTest, ACompressedMessageIsNotUnderstood) {
  EXPECT_EQ(DecodeRequest(kStream, Bytes({1, 0, 0, 0, 0})).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(FramingTest, MalformedBodiesAreRefused) {
  const struct {
    const char* why;
    Framing framing;
    std::string body;
  } cases[] = {
      {"empty", kStream, ""},
      {"a prefix cut off", kStream, Bytes({0, 0, 0})},
      {"a message cut off", kStream, Bytes({0, 0, 0, 0, 2, 'x'})},
      {"the longest length", kStream, Bytes({0, 255, 255, 255, 255, 'x'})},
      {"something after the message", kStream, Bytes({0, 0, 0, 0, 0, 'x'})},
      {"two messages", kStream, Bytes({0, 0, 0, 0, 0, 0, 0, 0, 0, 0})},
      {"an end of stream", kStream, Bytes({2, 0, 0, 0, 0})},
      {"trailers", {Protocol::kGrpcWeb, Codec::kProto}, Bytes({0x80, 0, 0, 0, 0})},
      {"unknown flags", kStream, Bytes({0x40, 0, 0, 0, 0})},
      {"not base64", kText, "AAAA!AAA"},
      {"padding alone", kText, "===="},
      {"base64 cut off", kText, "AAAAAAE"},
  };
  for (const auto& wrong : cases) {
    EXPECT_EQ(DecodeRequest(wrong.framing, wrong.body).status().code(), absl::StatusCode::kInvalidArgument)
        << wrong.why;
  }
}

}  // namespace
}  // namespace muster::gateway
