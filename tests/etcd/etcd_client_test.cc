// The client, its watch and its lease, against members of etcd that are killed and stopped.
#include "server/etcd/etcd_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <optional>

#include "absl/cleanup/cleanup.h"
#include "common/clock.h"
#include "common/revision.h"
#include "server/etcd/etcd_session.h"
#include "server/etcd/etcd_watch.h"
#include "tests/etcd/etcd_certificates.h"
#include "tests/etcd/etcd_test_support.h"

namespace muster {
namespace {

absl::Status TryPut(EtcdClient& client, const std::string& key, absl::Duration within = kCallWait) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  return client.Put(request, within).status();
}

TEST(EtcdClientTest, ACallGoesToTheNextMemberWhenOneIsGone) {
  const absl::Cleanup heal = HealSharedEtcd;
  const auto client = MakeClient();
  ASSERT_TRUE(TryPut(*client, "/client/a").ok());
  SharedEtcd().KillMember(0);
  EXPECT_TRUE(Eventually([&] { return TryPut(*client, "/client/a", absl::Milliseconds(500)); }));
  // And never again to the one that is gone.
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(TryPut(*client, "/client/a").ok());
  const std::vector<EtcdMemberHealth> health = client->Health(kCallWait);
  ASSERT_EQ(health.size(), 3u);
  EXPECT_FALSE(health[0].reachable.ok());
  EXPECT_TRUE(health[1].reachable.ok());
  EXPECT_EQ(health[1].status.version().substr(0, 2), "3.");
}

TEST(EtcdClientTest, ACallToAMemberThatIsStoppedIsOfUnknownFateAndTheNextGoesElsewhere) {
  const absl::Cleanup heal = HealSharedEtcd;
  // One that does not lead, so that etcd itself goes on.
  const int stopped = (SharedEtcd().Leader() + 1) % 3;
  EtcdOptions options = SharedEtcd().client_options();
  std::swap(options.endpoints[0], options.endpoints[static_cast<size_t>(stopped)]);
  const auto client = MakeClient(options);
  ASSERT_TRUE(TryPut(*client, "/client/b").ok());
  SharedEtcd().SignalMember(stopped, SIGSTOP);
  const absl::Status status = TryPut(*client, "/client/b", absl::Milliseconds(200));
  EXPECT_TRUE(absl::IsUnknown(status)) << status;
  EXPECT_TRUE(TryPut(*client, "/client/b").ok());
}

TEST(EtcdClientTest, WithoutAQuorumTheFateOfAWriteIsUnknown) {
  const absl::Cleanup heal = HealSharedEtcd;
  const auto client = MakeClient();
  ASSERT_TRUE(TryPut(*client, "/client/c").ok());
  SharedEtcd().KillMember(1);
  SharedEtcd().KillMember(2);
  const absl::Status status = TryPut(*client, "/client/c", absl::Milliseconds(500));
  EXPECT_TRUE(absl::IsUnknown(status)) << status;
}

TEST(EtcdClientTest, WhereNobodyListensNothingWasSent) {
  EtcdOptions options = SharedEtcd().client_options();
  options.endpoints = {"127.0.0.1:1", "127.0.0.1:2"};
  const absl::Status status = TryPut(*MakeClient(options), "/client/d");
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

TEST(EtcdClientTest, ACertificateOfAnotherAuthorityOpensNothing) {
  const TemporaryFolder folder;
  const absl::StatusOr<EtcdCertificates> others = MakeEtcdCertificates(folder.path(), {});
  ASSERT_TRUE(others.ok()) << others.status();
  EtcdOptions options = SharedEtcd().client_options();
  options.tls.certificate_file = others->client.certificate_file;
  options.tls.key_file = others->client.key_file;
  EXPECT_FALSE(TryPut(*MakeClient(options), "/client/e").ok());
  // And a member whose certificate another authority signed is not spoken to.
  options.tls = SharedEtcd().tls();
  options.tls.ca_file = others->client.ca_file;
  EXPECT_TRUE(absl::IsUnavailable(TryPut(*MakeClient(options), "/client/e")));
}

TEST(EtcdClientTest, WhatCannotWorkIsRefusedAtOnce) {
  EXPECT_TRUE(absl::IsInvalidArgument(EtcdClient::Create({.endpoints = {}, .tls = SharedEtcd().tls()}).status()));
  EtcdOptions options = SharedEtcd().client_options();
  options.tls.ca_file = "/nowhere";
  EXPECT_TRUE(absl::IsInvalidArgument(EtcdClient::Create(options).status()));
}

// ---- EtcdWatch -------------------------------------------------------------------------------------------------

// Whether `changed` is bumped because of a change of `key`. A stream being opened bumps it too, so it is waited out.
bool WakesUpOn(EtcdClient& client, const Revision& changed, const std::string& key, absl::Duration within = kTestWait) {
  uint64_t seen = changed.now();
  while (changed.WaitBeyond(seen, absl::Milliseconds(300)) != seen) seen = changed.now();
  PutKey(client, key, "x");
  return changed.WaitBeyond(seen, within) != seen;
}

TEST(EtcdWatchTest, AChangeUnderThePrefixWakesAndAnotherDoesNot) {
  const auto client = MakeClient();
  Revision changed;
  const EtcdWatch watch(client.get(), "/watch/a/", &changed);
  EXPECT_TRUE(WakesUpOn(*client, changed, "/watch/a/key"));
  EXPECT_TRUE(WakesUpOn(*client, changed, "/watch/a/key"));
  EXPECT_FALSE(WakesUpOn(*client, changed, "/watch/b/key", absl::Seconds(1)));
}

TEST(EtcdWatchTest, AWatchOutlivesTheMemberThatItsStreamGoesTo) {
  const absl::Cleanup heal = HealSharedEtcd;
  const auto client = MakeClient();
  Revision changed;
  const EtcdWatch watch(client.get(), "/watch/c/", &changed);
  ASSERT_TRUE(WakesUpOn(*client, changed, "/watch/c/key"));
  const uint64_t before = changed.now();
  SharedEtcd().KillMember(0);
  // When the stream is opened again: something may have been missed.
  EXPECT_NE(changed.WaitBeyond(before, kTestWait), before);
  const auto other = MakeClient();
  ASSERT_TRUE(Eventually([&] { return TryPut(*other, "/watch/other", absl::Milliseconds(500)); }));
  EXPECT_TRUE(WakesUpOn(*other, changed, "/watch/c/key"));
}

TEST(EtcdWatchTest, AWatchEndsThoughNobodyAnswers) {
  EtcdOptions options = SharedEtcd().client_options();
  options.endpoints = {"127.0.0.1:1"};
  const auto client = MakeClient(options);
  Revision changed;
  { const EtcdWatch watch(client.get(), "/watch/d/", &changed); }
  EXPECT_EQ(changed.now(), 0u);
}

// ---- EtcdSession -----------------------------------------------------------------------------------------------

TEST(EtcdSessionTest, KeysStayWhileTheLeaseIsRenewedAndGoWhenTheSessionEnds) {
  const auto client = MakeClient();
  Revision changed;
  std::optional<EtcdSession> session;
  session.emplace(client.get(), absl::Seconds(2), SystemClock(), &changed);
  ASSERT_TRUE(changed.Await(kTestWait, [&] { return session->lease() != 0; }));
  const int64_t lease = session->lease();
  PutKey(*client, "/session/a", "here", lease);
  // Longer than the lease would live by itself.
  EXPECT_FALSE(changed.Await(absl::Seconds(4), [&] { return session->lease() != lease; }));
  EXPECT_TRUE(GetKey(*client, "/session/a").ok());
  session.reset();
  EXPECT_TRUE(absl::IsNotFound(GetKey(*client, "/session/a").status()));
}

TEST(EtcdSessionTest, ALeaseThatIsNotRenewedIsOverByOurClockAndANewOneIsTaken) {
  const absl::Cleanup heal = HealSharedEtcd;
  const auto client = MakeClient();
  Revision changed;
  const EtcdSession session(client.get(), absl::Seconds(2), SystemClock(), &changed);
  ASSERT_TRUE(changed.Await(kTestWait, [&] { return session.lease() != 0; }));
  const int64_t lease = session.lease();
  PutKey(*client, "/session/b", "here", lease);
  for (int i = 0; i < 3; ++i) SharedEtcd().SignalMember(i, SIGSTOP);
  const uint64_t before = changed.now();
  EXPECT_NE(changed.WaitBeyond(before, kTestWait), before);
  EXPECT_EQ(session.lease(), 0);
  EXPECT_LT(session.last_contact(), SystemClock()->Monotonic() - absl::Seconds(1));
  for (int i = 0; i < 3; ++i) SharedEtcd().SignalMember(i, SIGCONT);
  ASSERT_TRUE(changed.Await(kTestWait, [&] { return session.lease() != 0; }));
  EXPECT_NE(session.lease(), lease);
  // What hung on the lease that was over is not found beside the new one for long.
  EXPECT_TRUE(Eventually([&] {
    return absl::IsNotFound(GetKey(*client, "/session/b").status()) ? absl::OkStatus() : absl::UnknownError("there");
  }));
}

TEST(EtcdSessionTest, ALeaseThatEtcdNoLongerKnowsIsReplaced) {
  const auto client = MakeClient();
  Revision changed;
  const EtcdSession session(client.get(), absl::Seconds(1), SystemClock(), &changed);
  ASSERT_TRUE(changed.Await(kTestWait, [&] { return session.lease() != 0; }));
  const int64_t lease = session.lease();
  ASSERT_TRUE(client->RevokeLease(lease, kCallWait).ok());
  EXPECT_TRUE(absl::IsNotFound(client->KeepLeaseAlive(lease, kCallWait).status()));
  EXPECT_TRUE(changed.Await(kTestWait, [&] { return session.lease() != 0 && session.lease() != lease; }));
}

}  // namespace
}  // namespace muster
