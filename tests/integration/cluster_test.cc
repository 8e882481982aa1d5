// Several brokers on a real etcd: one broker to its agencies, whichever they are connected to.
#include <filesystem>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/tls_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/cluster/v1/peer.pb.h"
#include "tests/integration/exercise.h"
#include "tests/integration/test_cluster.h"

namespace muster {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kForward[] = "muster.cluster.v1.PeerService/Forward";

class ClusterTest : public testing::Test {
 protected:
  explicit ClusterTest(TestCluster::Options options = {}) : cluster_(std::move(options)) {}

  void SetUp() override {
    if (const std::string why = WhyNoEtcd(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(cluster_.Start(), absl::OkStatus());
    Client lead = cluster_.ClientOf(kLead);
    SetUpExercise(lead);
  }

  size_t Leader() {
    const int leader = cluster_.WaitForLeader();
    EXPECT_GE(leader, 0);
    return static_cast<size_t>(std::max(leader, 0));
  }
  size_t Follower() { return (Leader() + 1) % cluster_.size(); }
  Client At(size_t broker, absl::string_view agency_id) { return cluster_.broker(broker).ClientOf(agency_id); }

  // The entries that Kentucky's feed holds, as broker `broker` tells it.
  size_t EntriesAt(size_t broker) {
    const auto deliveries = FeedOf(cluster_.broker(broker).Connect(OperatorOf(kKentucky)));
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    return deliveries.ok() ? EntriesIn(*deliveries).size() : 0;
  }

  // Waits for all to come to the end, stops them, and expects that they hold the same.
  void ExpectAllHoldTheSame() {
    const auto contents = cluster_.StopAndVerify();
    ASSERT_TRUE(contents.ok()) << contents.status();
    EXPECT_THAT(*contents, Each((*contents)[0]));
  }

  // What the leader says to a forwarded submission, in a connection with `peer`'s certificate.
  absl::StatusOr<v1::SubmissionAnswer> Forward(size_t to, const CertificateFiles& peer,
                                               const v1::Submission& submission, const std::string& evidence) {
    cluster::v1::ForwardRequest request;
    *request.add_submissions()->mutable_submission() = submission;
    request.add_certificates(evidence);
    const WireAnswer answer = CallWire(ChannelWith(cluster_.broker(to), peer), kForward, {request.SerializeAsString()});
    if (!answer.status.ok()) return answer.status;
    cluster::v1::ForwardResponse response;
    if (!response.ParseFromString(answer.responses.at(0)) || response.answers_size() != 1) {
      return absl::InternalError("not one answer");
    }
    return response.answers(0);
  }
  static std::string PemOf(const CertificateFiles& files) {
    const auto contents = ReadTlsFiles({files.certificate, files.key, CaFile()});
    EXPECT_TRUE(contents.ok()) << contents.status();
    return contents.ok() ? contents->certificate : "";
  }
  CertificateFiles CertificateOfBroker(size_t i) { return cluster_.broker(i).certificate_files(); }

  TestCluster cluster_;
};

TEST_F(ClusterTest, EveryBrokerTakesSubmissionsAndShowsWhatAnyOtherTook) {
  for (uint64_t i = 0; i < 9; ++i) {
    Client here = At(i % 3, kKentucky);
    const v1::Outcome outcome = AcceptedBy(here, KentuckyTally(i + 1));
    for (size_t other = 0; other < cluster_.size(); ++other) {
      v1::ListTallyEntriesRequest list;
      list.set_operation_id(kTestOperation);
      list.mutable_read()->set_at_least_cursor(outcome.cursor());
      // Without retries: the broker itself waits until it has come so far.
      const WireAnswer answer = CallWire(ChannelWith(cluster_.broker(other), OperatorOf(kKentucky)),
                                         "muster.v1.TallyService/ListTallyEntries", {list.SerializeAsString()});
      ASSERT_EQ(answer.status, absl::OkStatus());
      v1::ListTallyEntriesResponse response;
      ASSERT_TRUE(response.ParseFromString(answer.responses.at(0)));
      EXPECT_EQ(response.entries_size(), static_cast<int>(i + 1));
      EXPECT_EQ(response.entries(0).reported_by().agency_id(), kKentucky);
    }
  }
  EXPECT_EQ(EntriesAt(0), 9u);
  EXPECT_EQ(EntriesAt(1), 9u);
  EXPECT_EQ(EntriesAt(2), 9u);
  ExpectAllHoldTheSame();
}

TEST_F(ClusterTest, ACursorOfOneBrokerIsOneOfEveryOther) {
  Client first = At(0, kKentucky);
  AcceptedBy(first, KentuckyTally(1));
  const auto before = FeedOf(cluster_.broker(0).Connect(OperatorOf(kKentucky)));
  ASSERT_TRUE(before.ok()) << before.status();
  AcceptedBy(first, KentuckyTally(2));
  for (size_t i = 0; i < cluster_.size(); ++i) {
    v1::ListTallyEntriesRequest list;  // Until it has come so far.
    list.set_operation_id(kTestOperation);
    list.mutable_read()->set_at_least_cursor(first.GetFeedCursor()->cursor());
    ASSERT_TRUE(At(i, kKentucky).ListTallyEntries(list).ok());
    const auto after = FeedOf(cluster_.broker(i).Connect(OperatorOf(kKentucky)), before->back().cursor());
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_THAT(EntriesIn(*after), SizeIs(1));
  }
}

// Without any cursor: what the next call needs is there, though the leader decided it.
TEST_F(ClusterTest, WhoIsToldOfSomethingByAFollowerFindsItThere) {
  Client kentucky = At(Follower(), kKentucky);
  v1::ListTallyEntriesRequest list;
  list.set_operation_id(kTestOperation);
  for (uint64_t i = 1; i <= 100; ++i) {
    AcceptedBy(kentucky, KentuckyTally(i));
    const auto answer = kentucky.ListTallyEntries(list);
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->entries_size(), static_cast<int>(i));
  }
}

// What one broker was told of a moment ago, another knows in time.
TEST_F(ClusterTest, WhatOneBrokerAllowedNoOtherRefuses) {
  const size_t leader = Leader();
  Client lead = At(leader, kLead);
  for (uint64_t i = 1; i <= 30; ++i) {
    for (const size_t follower : {(leader + 1) % 3, (leader + 2) % 3}) {
      Client bystander = At(follower, kBystander);
      AcceptedBy(lead, WithNewId(SetParticipant(kBystander, v1::ROLE_PARTICIPANT, {"mo-1"})));
      v1::GetOperationRequest get;
      get.set_operation_id(kTestOperation);
      EXPECT_TRUE(bystander.GetOperation(get).ok()) << bystander.GetOperation(get).status();
      AcceptedBy(lead, WithNewId(RemoveParticipant(kBystander)));
    }
  }
}

TEST_F(ClusterTest, WhatAnAgencyMayNotDoIsRefusedByEveryBroker) {
  for (size_t i = 0; i < cluster_.size(); ++i) {
    const auto outcome = At(i, kBystander).Submit(KentuckyTally(1));
    EXPECT_EQ(ReasonOf(outcome.status()), v1::ERROR_REASON_NOT_PERMITTED) << outcome.status();
  }
}

TEST_F(ClusterTest, NoAgencyMayForwardListPresenceOrFetchACopy) {
  for (const char* method : {"Forward", "ListPeerPresence", "FetchCopy"}) {
    for (size_t i = 0; i < cluster_.size(); ++i) {
      const WireAnswer answer = CallWire(ChannelWith(cluster_.broker(i), OperatorOf(kLead)),
                                         absl::StrCat("muster.cluster.v1.PeerService/", method), {""});
      EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnauthenticated) << method << ": " << answer.status;
      EXPECT_THAT(answer.responses, SizeIs(0));
    }
  }
}

TEST_F(ClusterTest, AForwardIsDecidedAsItsEvidenceSays) {
  const CertificateFiles peer = CertificateOfBroker(Follower());
  const auto accepted = Forward(Leader(), peer, KentuckyTally(1), PemOf(OperatorOf(kKentucky)));
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_TRUE(accepted->outcome().has_accepted()) << accepted->ShortDebugString();
  // Dakota's certificate does not make Kentucky's report: the outcome is what Dakota may do.
  const auto other = Forward(Leader(), peer, WithNewId(KentuckyTally(2)), PemOf(OperatorOf(kBystander)));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->refusal().why().reason(), v1::ERROR_REASON_NOT_PERMITTED) << other->ShortDebugString();
}

TEST_F(ClusterTest, EvidenceThatProvesNothingIsRefused) {
  const CertificateFiles peer = CertificateOfBroker(Follower());
  const auto reason = [&](const std::string& evidence) {
    const auto answer = Forward(Leader(), peer, KentuckyTally(1), evidence);
    return answer.ok() ? answer->refusal().why().reason() : v1::ERROR_REASON_UNSPECIFIED;
  };
  for (const char* bad : {"foreign", "expired", "two-uris", "no-uri", "other-domain", "broker-role"}) {
    EXPECT_EQ(reason(PemOf(BadCertificate(bad))), v1::ERROR_REASON_CERTIFICATE_UNUSABLE) << bad;
  }
  EXPECT_EQ(reason("nonsense"), v1::ERROR_REASON_CERTIFICATE_UNUSABLE);
  EXPECT_EQ(reason(PemOf(peer)), v1::ERROR_REASON_CERTIFICATE_UNUSABLE);
  EXPECT_EQ(reason(PemOf(OperatorOf(kUnenrolled))), v1::ERROR_REASON_AGENCY_UNKNOWN);
  Client kentucky = cluster_.ClientOf(kKentucky);
  v1::ListTallyEntriesRequest list;
  list.set_operation_id(kTestOperation);
  EXPECT_EQ(kentucky.ListTallyEntries(list)->entries_size(), 0);
}

TEST_F(ClusterTest, WhoIsRevokedAtOneBrokerIsPutOutByEveryOther) {
  const size_t follower = Follower();
  WatchedFeed feed(cluster_.broker(follower).Connect(OperatorOf(kKentucky)));
  ASSERT_TRUE(feed.WaitUntilOpen());
  Client lead = At(Leader(), kLead);
  AcceptedBy(lead, WithNewId(RevokeCertificate(kKentucky, FingerprintOf(OperatorOf(kKentucky)))));
  EXPECT_EQ(ReasonOf(feed.WaitForEnd()), v1::ERROR_REASON_CERTIFICATE_REVOKED);
  const auto answer = Forward(Leader(), CertificateOfBroker(follower), KentuckyTally(1), PemOf(OperatorOf(kKentucky)));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->refusal().why().reason(), v1::ERROR_REASON_CERTIFICATE_REVOKED);
}

TEST_F(ClusterTest, ABrokerThatDoesNotLeadSendsNothingOn) {
  const size_t follower = Follower();
  const auto answer =
      Forward(follower, CertificateOfBroker((follower + 1) % 3), KentuckyTally(1), PemOf(OperatorOf(kKentucky)));
  EXPECT_EQ(ReasonOf(answer.status()), v1::ERROR_REASON_NO_LEADER) << answer.status();
}

TEST_F(ClusterTest, WhoIsConnectedToAnyBrokerIsShownByEveryBroker) {
  WatchedFeed feed(cluster_.broker(0).Connect(OperatorOf(kKentucky)));
  ASSERT_TRUE(feed.WaitUntilOpen());
  v1::ListPresenceRequest request;
  request.set_operation_id(kTestOperation);
  for (size_t i = 0; i < cluster_.size(); ++i) {
    Client lead = At(i, kLead);
    EXPECT_TRUE(Eventually([&] {
      const auto answer = lead.ListPresence(request);
      if (!answer.ok()) return false;
      for (const v1::Presence& one : answer->presence()) {
        if (one.agency_id() == kKentucky) return one.open_feeds() == 1 && one.has_connected_since();
      }
      return false;
    })) << "at broker "
        << i;
  }
}

TEST_F(ClusterTest, ASubmissionWhileTheLeaderDiesIsDecidedOnce) {
  constexpr int kRounds = 3;
  Client kentucky = cluster_.ClientOf(kKentucky);
  for (uint64_t round = 1; round <= kRounds; ++round) {
    const size_t leader = Leader();
    const v1::Submission submission = KentuckyTally(round);
    cluster_.broker(leader).Kill();
    EXPECT_FALSE(AcceptedBy(kentucky, submission).repeat());
    EXPECT_TRUE(AcceptedBy(kentucky, submission).repeat());
    ASSERT_EQ(cluster_.broker(leader).Start(), absl::OkStatus());
    ASSERT_EQ(cluster_.WaitUntilCaughtUp(), absl::OkStatus());
  }
  EXPECT_EQ(EntriesAt(Leader()), static_cast<size_t>(kRounds));
  ExpectAllHoldTheSame();
}

TEST_F(ClusterTest, ALeaderThatWasStoppedForLongFindsItselfDeposed) {
  const size_t former = Leader();
  cluster_.broker(former).Signal(SIGSTOP);
  const int next = cluster_.WaitForLeader(static_cast<int>(former));
  ASSERT_GE(next, 0);
  Client elsewhere = At(static_cast<size_t>(next), kKentucky);
  AcceptedBy(elsewhere, KentuckyTally(1));
  cluster_.broker(former).Signal(SIGCONT);
  // It may believe for a moment that it still leads: then its append is refused by etcd, and it sends on what it has.
  Client there = At(former, kKentucky);
  AcceptedBy(there, KentuckyTally(2));
  EXPECT_EQ(Leader(), static_cast<size_t>(next));
  ExpectAllHoldTheSame();
}

// Each broker once, as an upgrade does it, under senders that know all brokers and give up at the first refusal.
TEST_F(ClusterTest, ARollingRestartRefusesNoSubmission) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> sent = 0;
  std::vector<std::thread> senders;
  for (size_t first = 0; first < cluster_.size(); ++first) {
    senders.emplace_back([&, first] {
      Client kentucky(cluster_.Connect(OperatorOf(kKentucky), kPatience, first));
      while (!stop) {
        const uint64_t number = ++sent;
        const auto outcome = kentucky.Submit(KentuckyTally(number));
        EXPECT_TRUE(outcome.ok() && outcome->has_accepted()) << number << ": " << outcome.status();
      }
    });
  }
  WatchedFeed feed(cluster_.broker(0).Connect(OperatorOf(kDakota)));
  EXPECT_TRUE(feed.WaitUntilOpen());
  for (size_t i = 0; i < cluster_.size(); ++i) {
    const uint64_t before = sent;
    EXPECT_EQ(cluster_.broker(i).Stop().value_or(-1), 0);
    EXPECT_EQ(cluster_.broker(i).Start(), absl::OkStatus());
    EXPECT_EQ(cluster_.WaitUntilCaughtUp(), absl::OkStatus());
    EXPECT_TRUE(Eventually([&] { return sent > before + 10; }));
  }
  // Readers are told to come again, and when.
  const absl::Status ended = feed.WaitForEnd();
  EXPECT_EQ(ReasonOf(ended), v1::ERROR_REASON_DRAINING) << ended;
  stop = true;
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(EntriesAt(0), sent);
  ExpectAllHoldTheSame();
}

TEST_F(ClusterTest, AnOlderBrokersRulesAreKeptToWhileItIsAMember) {
  const absl::StatusOr<std::unique_ptr<EtcdClient>> etcd = EtcdClient::Create(cluster_.etcd().client_options());
  ASSERT_TRUE(etcd.ok()) << etcd.status();
  cluster::v1::Member older;
  older.set_broker_id("older");
  older.set_rules_version(1);
  etcdserverpb::PutRequest put;
  put.set_key(MemberKey("/muster", "older"));
  put.set_value(older.SerializeAsString());
  ASSERT_TRUE((*etcd)->Put(put, kPatience).ok());
  const size_t former = Leader();
  cluster_.broker(former).Kill();
  const int next = cluster_.WaitForLeader(static_cast<int>(former));
  ASSERT_GE(next, 0);
  EXPECT_TRUE(Eventually(
      [&] { return absl::StrContains(cluster_.broker(static_cast<size_t>(next)).Log(), "\"rules_version\":1"); }));
}

// The only one that is left has slept through all that was appended; what it did not hear of it reads before it leads.
TEST_F(ClusterTest, WhoIsBehindLeadsWithAllThatWasAppended) {
  const size_t leader = Leader();
  const size_t behind = (leader + 1) % 3;
  const size_t gone = (leader + 2) % 3;
  cluster_.broker(behind).Signal(SIGSTOP);
  cluster_.broker(gone).Kill();
  {
    Client kentucky = At(leader, kKentucky);
    for (uint64_t i = 1; i <= 300; ++i) AcceptedBy(kentucky, KentuckyTally(i));
  }
  cluster_.broker(leader).Kill();
  ASSERT_TRUE(Eventually([&] { return cluster_.Leader() < 0; }));
  cluster_.broker(behind).Signal(SIGCONT);
  Client kentucky = At(behind, kKentucky);
  AcceptedBy(kentucky, KentuckyTally(301));
  EXPECT_EQ(EntriesAt(behind), 301u);
  for (const size_t i : {leader, gone}) ASSERT_EQ(cluster_.broker(i).Start(), absl::OkStatus());
  ExpectAllHoldTheSame();
}

// After its certificate was replaced by one that does not name it, and it was started again, it would be heard by
// nobody.
TEST_F(ClusterTest, ABrokerWithAnothersCertificateDoesNotStart) {
  TestBroker& broker = cluster_.broker(Follower());
  broker.Kill();
  const CertificateFiles own = broker.certificate_files();
  const CertificateFiles agency = OperatorOf(kLead);
  std::filesystem::copy_file(agency.certificate, own.certificate, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(agency.key, own.key, std::filesystem::copy_options::overwrite_existing);
  const Finished check = RunMusterd({"config", "check", "--config", broker.config_file()});
  EXPECT_NE(check.exit_code, 0);
  EXPECT_THAT(check.output, HasSubstr("/broker/broker-"));
  EXPECT_NE(RunMusterd({"serve", "--config", broker.config_file()}, 20).exit_code, 0);
}

// One that was unreachable in an earlier term is not taken for unreachable in a later one.
TEST_F(ClusterTest, OfTwoBrokersOneAlwaysLeadsAgainSoon) {
  const size_t away = Follower();
  cluster_.broker(away).Kill();
  Client kentucky = cluster_.ClientOf(kKentucky);
  uint64_t number = 0;
  for (int round = 0; round < 2; ++round) {
    const size_t leader = Leader();
    cluster_.broker(leader).Kill();
    const int next = cluster_.WaitForLeader(static_cast<int>(leader));
    ASSERT_GE(next, 0);
    ASSERT_EQ(cluster_.broker(leader).Start(), absl::OkStatus());
    cluster_.broker(static_cast<size_t>(next)).Signal(SIGSTOP);
    EXPECT_GE(cluster_.WaitForLeader(next), 0);
    cluster_.broker(static_cast<size_t>(next)).Signal(SIGCONT);
    // Nobody stands back for half a minute: submissions flow.
    for (int i = 0; i < 20; ++i) AcceptedBy(kentucky, KentuckyTally(++number));
  }
  ASSERT_EQ(cluster_.broker(away).Start(), absl::OkStatus());
  ExpectAllHoldTheSame();
}

TEST_F(ClusterTest, ABrokerThatSeesNoEtcdSaysThatItKnowsNothing) {
  for (int i = 0; i < 3; ++i) cluster_.etcd().SignalMember(i, SIGSTOP);
  EXPECT_TRUE(Eventually([&] {
    const std::string status = cluster_.broker(0).Get("/cluster");
    return absl::StrContains(status, "\"leader_broker_id\":\"\"") && absl::StrContains(status, "not been told");
  }));
  for (int i = 0; i < 3; ++i) cluster_.etcd().SignalMember(i, SIGCONT);
  Client kentucky = cluster_.ClientOf(kKentucky);
  AcceptedBy(kentucky, KentuckyTally(1));
}

// etcd keeps little, and forgets soon.
class TrimmedClusterTest : public ClusterTest {
 protected:
  TrimmedClusterTest()
      : ClusterTest({.broker = {.snapshot = "every_events = 20\n"}, .cluster = "etcd_events_kept = 10\n"}) {}

  // Waits until etcd does not hold the log's beginning any more.
  bool WaitUntilTrimmed() {
    return Eventually([&] {
      for (size_t i = 0; i < cluster_.size(); ++i) {
        if (!cluster_.broker(i).Running()) continue;
        const std::string status = cluster_.broker(i).Get("/cluster");
        return absl::StrContains(status, "first_sequence_in_etcd") &&
               !absl::StrContains(status, "\"first_sequence_in_etcd\":\"1\"");
      }
      return false;
    });
  }
};

TEST_F(TrimmedClusterTest, ABrokerWithAnEmptyFolderJoinsWithACopyOfAnothersFiles) {
  Client kentucky = cluster_.ClientOf(kKentucky);
  for (uint64_t i = 1; i <= 60; ++i) AcceptedBy(kentucky, KentuckyTally(i));
  ASSERT_TRUE(WaitUntilTrimmed());
  const size_t lost = Follower();
  cluster_.broker(lost).Kill();
  std::filesystem::remove_all(cluster_.broker(lost).data_dir());
  AcceptedBy(kentucky, KentuckyTally(61));
  ASSERT_EQ(cluster_.broker(lost).Start(), absl::OkStatus()) << cluster_.broker(lost).Log();
  EXPECT_THAT(cluster_.broker(lost).Log(), HasSubstr("the copy is sound and in place"));
  ASSERT_EQ(cluster_.WaitUntilCaughtUp(), absl::OkStatus());
  EXPECT_EQ(EntriesAt(lost), 61u);
  ExpectAllHoldTheSame();
}

// A single broker's log, and then a cluster that goes on with it.
TEST(ClusterBeginTest, ASingleBrokersLogBecomesTheClusters) {
  if (const std::string why = WhyNoEtcd(); !why.empty()) GTEST_SKIP() << why;
  TestBroker single;
  ASSERT_EQ(single.Start(), absl::OkStatus());
  {
    Client lead = single.ClientOf(kLead);
    SetUpExercise(lead);
    Client kentucky = single.ClientOf(kKentucky);
    AcceptedBy(kentucky, KentuckyTally(1));
  }
  ASSERT_EQ(single.Stop().value_or(-1), 0);

  TestCluster cluster;
  ASSERT_EQ(cluster.StartEtcd(), absl::OkStatus());
  TestBroker& first = cluster.broker(0);
  const std::string copy = single.folder() + "/copy";
  ASSERT_EQ(RunMusterd({"backup", single.data_dir(), copy}).exit_code, 0);
  ASSERT_EQ(RunMusterd({"restore", copy, first.data_dir()}).exit_code, 0);
  // Not by accident: it must be said. Until then a broker waits, and ends when it is told to.
  ASSERT_EQ(first.WriteConfig(), absl::OkStatus());
  EXPECT_THAT(RunMusterd({"serve", "--config", first.config_file()}, 2).output, HasSubstr("musterd cluster begin"));
  const Finished begin = RunMusterd({"cluster", "begin", "--config", first.config_file()});
  ASSERT_EQ(begin.exit_code, 0) << begin.output;
  EXPECT_NE(RunMusterd({"cluster", "begin", "--config", first.config_file()}).exit_code, 0);
  ASSERT_EQ(cluster.StartBrokers(), absl::OkStatus());
  Client kentucky = cluster.ClientOf(kKentucky);
  AcceptedBy(kentucky, KentuckyTally(2));
  for (size_t i = 0; i < cluster.size(); ++i) {
    const auto deliveries = FeedOf(cluster.broker(i).Connect(OperatorOf(kKentucky)));
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    EXPECT_THAT(EntriesIn(*deliveries), SizeIs(2));
  }
  const auto contents = cluster.StopAndVerify();
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_THAT(*contents, Each((*contents)[0]));
}

}  // namespace
}  // namespace muster
