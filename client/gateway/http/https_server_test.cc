#include "client/gateway/http/https_server.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/gateway/testing/https_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(HttpsServerTest, ConnectionsThatBeginLaterAreShownTheNewCertificate) {
  Serve(Echo);
  TlsClient before(port());
  EXPECT_THAT(before.Request("GET", "/"), HasSubstr("GET /"));
  const TestCertificate next = MakeTestCertificate({.dns_names = {"localhost"}});
  server_->UseTls(Tls(next));
  TlsClient after(port());
  EXPECT_EQ(before.certificate_shown(), certificate_.certificate_pem);
  EXPECT_EQ(after.certificate_shown(), next.certificate_pem);
  EXPECT_THAT(before.Request("GET", "/"), HasSubstr("GET /"));
}

TEST_F(HttpsServerTest, ARequestIsAnsweredOverTls13) {
  Serve(Echo);
  TlsClient client(port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(SSL_version(client.ssl()), TLS1_3_VERSION);
  const std::string answer = client.Request("POST", "/a/b?query", "", "body");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /a/b from 127.0.0.1: body"));
}

TEST_F(HttpsServerTest, OneConnectionServesManyRequests) {
  Serve(Echo);
  TlsClient client(port());
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(client.Request("GET", absl::StrCat("/", i)), HasSubstr(absl::StrCat("GET /", i)));
}

TEST_F(HttpsServerTest, Tls12IsServedAndNothingOlder) {
  Serve(Echo);
  TlsClient newer(port(), {.version_max = TLS1_2_VERSION});
  EXPECT_TRUE(newer.connected());
  TlsClient older(port(), {.version_max = TLS1_1_VERSION});
  EXPECT_FALSE(older.connected());
}

TEST_F(HttpsServerTest, NoSessionCanBeTakenUpAgain) {
  Serve(Echo);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(port(), {.version_max = version});
    (void)first.Request("GET", "/");
    SSL_SESSION* const session = SSL_get1_session(first.ssl());
    TlsClient second(port(), {.version_max = version, .session = session});
    EXPECT_EQ(SSL_session_reused(second.ssl()), 0);
    SSL_SESSION_free(session);
  }
}

TEST_F(HttpsServerTest, TheMainListenerNeverAsksForACertificate) {
  Serve(Echo);
  const TestCertificate person = MakeTestCertificate({});
  TlsClient client(port(), {.certificate = &person});
  EXPECT_THAT(client.Request("GET", "/"), testing::Not(HasSubstr("certificate")));
}

TEST_F(HttpsServerTest, ACertificateIsToldWithWhatItsVerificationFound) {
  const TestCertificate authority = MakeTestCertificate({.common_name = "People", .is_ca = true});
  const TestCertificate good = MakeTestCertificate({.issuer = &authority});
  const TestCertificate stranger = MakeTestCertificate({});
  Serve(Echo, {}, authority.certificate_pem);
  TlsClient with_good(port(), {.certificate = &good});
  EXPECT_THAT(with_good.Request("GET", "/"), HasSubstr("certificate good"));
  TlsClient with_stranger(port(), {.certificate = &stranger});
  EXPECT_THAT(with_stranger.Request("GET", "/"), HasSubstr("certificate bad"));
  TlsClient with_none(port());
  EXPECT_THAT(with_none.Request("GET", "/"), testing::Not(HasSubstr("certificate ")));
}

TEST_F(HttpsServerTest, AHeadAnswerHasTheLengthAndNoBody) {
  Serve(Echo);
  TlsClient client(port());
  const std::string answer = client.Request("HEAD", "/");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 23\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
  EXPECT_THAT(client.Request("GET", "/"), HasSubstr("GET / from 127.0.0.1"));
}

TEST_F(HttpsServerTest, ALongHeaderIsRefused) {
  Serve(Echo);
  TlsClient client(port());
  client.Write(absl::StrCat("GET / HTTP/1.1\r\nX: ", std::string(20'000, 'a')));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpsServerTest, ALongBodyIsRefusedByItsAnnouncement) {
  Serve(Echo);
  TlsClient client(port());
  client.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpsServerTest, HowLongABodyMayBeDependsOnTheHeader) {
  Serve(Echo);
  TlsClient client(port());
  EXPECT_THAT(client.Request("POST", "/long", "", std::string(50'000, 'x')), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(client.Request("POST", "/short", "", std::string(2'000, 'x')), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpsServerTest, AChunkedBodyIsRefusedWhenItBecomesTooLong) {
  Serve(Echo);
  TlsClient client(port());
  client.Write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.Write(absl::StrCat("800\r\n", std::string(2048, 'x'), "\r\n"));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpsServerTest, WhoSaysNothingIsCutOff) {
  Serve(Echo, {.start = absl::Milliseconds(50)});
  TlsClient client(port());
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpsServerTest, MoreConnectionsThanAllowedAreClosed) {
  Serve(Echo, {.connections = 2});
  TlsClient first(port());
  TlsClient second(port());
  TlsClient third(port());
  EXPECT_TRUE(first.connected() && second.connected());
  EXPECT_FALSE(third.connected());
}

TEST_F(HttpsServerTest, OneAddressCannotTakeEveryConnection) {
  Serve(Echo, {.connections_each = 2});
  auto first = std::make_unique<TlsClient>(port());
  TlsClient second(port());
  EXPECT_FALSE(TlsClient(port()).connected());
  TlsClient other(port(), {.from = "127.0.0.2"});
  EXPECT_TRUE(first->connected() && second.connected() && other.connected());
  first.reset();
  // The server sees it in its own time.
  while (!TlsClient(port()).connected()) continue;
}

TEST_F(HttpsServerTest, PagesAreServedWhileEveryCallWaits) {
  absl::Notification go_on;
  Serve([&](const HttpRequest& request) {
    if (request.method == "POST") go_on.WaitForNotification();
    return Echo(request);
  });
  std::vector<std::unique_ptr<TlsClient>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::make_unique<TlsClient>(port()));
    waiting.back()->Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  }
  TlsClient client(port());
  EXPECT_THAT(client.Request("GET", "/"), StartsWith("HTTP/1.1 200 "));
  go_on.Notify();
  EXPECT_THAT(waiting[3]->ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpsServerTest, AStreamArrivesBitByBit) {
  absl::Notification first_read;
  Serve([&](const HttpRequest&) {
    HttpAnswer answer;
    answer.stream = [&](StreamSink& sink) {
      EXPECT_TRUE(sink.Write("first"));
      first_read.WaitForNotification();
      EXPECT_TRUE(sink.Write("second"));
    };
    return answer;
  });
  TlsClient client(port());
  client.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("first\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  first_read.Notify();
  EXPECT_EQ(client.ReadToEnd(), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_F(HttpsServerTest, AStreamIsRefusedToWhoDoesNotKnowChunks) {
  std::atomic<int> streams = 0;
  Serve([&](const HttpRequest&) {
    HttpAnswer answer;
    answer.stream = [&](StreamSink&) { ++streams; };
    return answer;
  });
  TlsClient client(port());
  client.Write("POST /feed HTTP/1.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 505 "));
  EXPECT_THAT(answer, HasSubstr("over HTTP/1.1 only"));
  EXPECT_EQ(streams, 0);
}

TEST_F(HttpsServerTest, AStreamIsToldThatItsReaderIsGone) {
  absl::Notification gone;
  Serve([&](const HttpRequest&) {
    HttpAnswer answer;
    answer.stream = [&](StreamSink& sink) {
      sink.OnGone([&] { gone.Notify(); });
      (void)sink.Write("x");  // The reader may be gone before this returns.
      gone.WaitForNotification();
      EXPECT_FALSE(sink.Write("y"));
    };
    return answer;
  });
  {
    TlsClient client(port());
    client.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    (void)client.ReadUntil("x\r\n");
  }
  gone.WaitForNotification();
  StopAll();  // So that the stream has ended before what it uses.
}

TEST_F(HttpsServerTest, ASlowReaderHoldsTheWriterBackAndIsCutOff) {
  int written = 0;
  absl::Notification cut_off;
  Serve(
      [&](const HttpRequest&) {
        HttpAnswer answer;
        answer.stream = [&](StreamSink& sink) {
          const std::string piece(1 << 20, 'x');
          while (sink.Write(piece)) ++written;
          cut_off.Notify();
        };
        return answer;
      },
      {.write = absl::Milliseconds(200)});
  TlsClient client(port());
  client.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  cut_off.WaitForNotification();
  // What loopback's buffers take is some megabytes.
  EXPECT_LT(written, 64);
}

TEST_F(HttpsServerTest, StoppingEndsStreamsAndFinishesAnswers) {
  absl::Notification streaming;
  absl::Notification called;
  absl::Notification stop_began;
  Serve([&](const HttpRequest& request) {
    HttpAnswer answer = Echo(request);
    if (request.path == "/stream") {
      answer.stream = [&](StreamSink& sink) {
        absl::Notification gone;
        sink.OnGone([&] { gone.Notify(); });
        streaming.Notify();
        gone.WaitForNotification();
        stop_began.Notify();
      };
    } else {
      called.Notify();
      stop_began.WaitForNotification();
    }
    return answer;
  });
  TlsClient stream(port());
  stream.Write("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  streaming.WaitForNotification();
  TlsClient call(port());
  call.Write("POST /call HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  called.WaitForNotification();
  StopAll();
  EXPECT_THAT(call.ReadToEnd(), HasSubstr("POST /call"));
}

TEST_F(HttpsServerTest, StoppingDoesNotWaitForThoseWhoHaveNotSaidWhatTheyWant) {
  Serve(Echo);
  const int silent = ConnectToLoopback(port());
  TlsClient idle(port());
  (void)idle.Request("GET", "/");
  TlsClient in_header(port());
  in_header.Write("GET / HTTP/1.1\r\n");
  TlsClient in_body(port());
  in_body.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nx");
  // All of them have reached the server once a later one is served.
  TlsClient later(port());
  (void)later.Request("GET", "/");
  server_->Stop(kForEver);
  EXPECT_EQ(in_body.ReadToEnd(), "");
  close(silent);
}

TEST_F(HttpsServerTest, StoppingDoesNotWaitForAGoodByeThatDoesNotCome) {
  Serve(Echo, {.good_bye = kForEver});
  TlsClient client(port());
  client.Write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("GET /"), StartsWith("HTTP/1.1 200 "));
  server_->Stop(kForEver);
}

TEST_F(HttpsServerTest, StoppingEndsTheStreamOfAReaderWhoDoesNotRead) {
  absl::Notification stuck;
  Serve([&](const HttpRequest&) {
    HttpAnswer answer;
    answer.stream = [&](StreamSink& sink) {
      const std::string piece(1 << 20, 'x');
      EXPECT_TRUE(sink.Write(piece));
      stuck.Notify();
      while (sink.Write(piece)) continue;  // Some megabytes fill the buffers; then the reader's side takes no more.
    };
    return answer;
  });
  TlsClient client(port());
  client.Write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  stuck.WaitForNotification();
  server_->Stop(absl::ZeroDuration());
  streams_.Stop();  // Returns.
}

}  // namespace
}  // namespace muster::gateway
