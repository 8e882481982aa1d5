// Bytes of any kind at a real server: it answers or closes, and goes on serving.
#include <sys/socket.h>
#include <unistd.h>

#include <iterator>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/testing/https_fixture.h"
#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::StartsWith;

using HttpsBytesTest = HttpsServerTest;

// Nobody waits here: who has said all ends the TLS side of saying, and the server sees that nothing more comes.
TEST_F(HttpsBytesTest, AnyBytesInsideTlsAreAnsweredOrTheConnectionIsClosed) {
  Serve(Echo);
  std::mt19937_64 random = SeededRandom();
  const std::string whole[] = {
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nbody",
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /y HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=\"q\"\r\nbody\r\n0\r\nTrailer: t\r\n\r\n",
      "GET /x?y=z#f HTTP/1.1\r\nHost: a\r\nCookie: __Host-muster=t; a=b\r\nAccept-Encoding: gzip;q=0\r\n\r\n",
  };
  std::uniform_int_distribution<size_t> below(0, 1 << 30);
  for (int round = 0; round < 400; ++round) {
    std::string bytes = whole[below(random) % std::size(whole)];
    if (round % 8 == 7) {
      bytes.resize(below(random) % 20'000);
      for (char& each : bytes) each = static_cast<char>(random());
    }
    for (int i = 0; i < round % 7 && !bytes.empty(); ++i) {
      bytes[below(random) % bytes.size()] = static_cast<char>(random());
      if (i % 3 == 1) bytes.insert(below(random) % bytes.size(), bytes.substr(below(random) % bytes.size(), 9));
      if (i % 3 == 2) bytes.erase(below(random) % bytes.size(), 3);
    }
    TlsClient client(port());
    ASSERT_TRUE(client.connected());
    client.Write(bytes);
    client.EndWriting();
    const std::string answer = client.ReadToEnd();
    EXPECT_FALSE(client.gave_up()) << "neither answered nor closed";
    EXPECT_TRUE(answer.empty() || absl::StartsWith(answer, "HTTP/1.1 ")) << answer;
  }
  TlsClient client(port());
  EXPECT_THAT(client.Request("GET", "/"), StartsWith("HTTP/1.1 200 "));
}

// What a proxy before us might take for one request must not be two here (request smuggling).
TEST_F(HttpsBytesTest, ARequestWhoseEndIsAmbiguousIsRefusedAndNothingAfterItIsRead) {
  Serve(Echo);
  const char* const cases[] = {
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
      "Content-Length: 4\r\nContent-Length: 5\r\n",
      "Content-Length: 4, 5\r\n",
      "Content-Length: +4\r\n",
      "Content-Length: 0x4\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length : 4\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
  };
  for (const char* header : cases) {
    TlsClient client(port());
    client.Write(absl::StrCat("POST /first HTTP/1.1\r\nHost: a\r\n", header,
                              "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.EndWriting();
    const std::string answer = client.ReadToEnd();
    EXPECT_FALSE(absl::StrContains(answer, "/smuggled") || absl::StrContains(answer, "/first")) << header << answer;
    EXPECT_TRUE(answer.empty() || absl::StartsWith(answer, "HTTP/1.1 4")) << header << answer;
  }
  // The same with an end that is clear: both are read.
  TlsClient client(port());
  client.Write(
      "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  client.EndWriting();
  EXPECT_THAT(client.ReadToEnd(), testing::AllOf(testing::HasSubstr("/first"), testing::HasSubstr("/second")));
}

TEST_F(HttpsBytesTest, BytesThatAreNotTlsDoNoHarm) {
  Serve(Echo);
  std::mt19937_64 random = SeededRandom();
  for (int round = 0; round < 20; ++round) {
    const int fd = ConnectToLoopback(port());
    ASSERT_GE(fd, 0);
    std::string bytes(200, '\0');
    for (char& each : bytes) each = static_cast<char>(random());
    (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    close(fd);
  }
  TlsClient client(port());
  EXPECT_THAT(client.Request("GET", "/"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace muster::gateway
