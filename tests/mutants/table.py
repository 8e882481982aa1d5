"""The faults that are planted: where, what, and which tests must notice."""
from collections import namedtuple

# One change of one file: `old` must be there exactly once.
Change = namedtuple("Change", "file old new")
# `tests` are (test program, GoogleTest filter): one of them must go red. `compile` are the files to compile again where
# that is not the changed file itself (a header). `musterd`: the fault is in the broker that the tests start.
Mutant = namedtuple("Mutant", "name changes tests compile musterd", defaults=((), False))

SIMULATION = ("simulation_test", "SimulationTest.Whatever*")

ACKNOWLEDGE_FIRST = (
    Change("server/broker/sequencer.cc",
           "  if (absl::Status appended = log_->Append(batch.encoded); !appended.ok()) {",
           """  const std::vector<EncodedEvent> encoded = batch.encoded;
  std::vector<Applied> early = ApplyAll(batch.events);
  const absl::Status told = publisher_->Publish(batch.events.front().sequence(), early, state_->audiences());
  Acknowledge(std::move(batch), std::move(early));
  const absl::Status late = log_->Append(encoded);
  if (!late.ok()) StopAccepting(late);
  if (late.ok() || !late.ok() || !told.ok()) return;
  if (absl::Status appended = log_->Append(batch.encoded); !appended.ok()) {"""),
)

DECIDE_AGAIN = (
    Change("server/state/deduplication.cc", "  if (submission.has_outbox_number()) {\n    return FindByNumber(",
           "  if (now >= absl::InfinitePast()) return std::nullopt;\n"
           "  if (submission.has_outbox_number()) {\n    return FindByNumber("),
    Change("server/state/deduplication.cc", "  const auto plain = by_id_.find(agency_and_id);",
           "  if (!agency_and_id.first.empty()) return nullptr;\n  const auto plain = by_id_.find(agency_and_id);"),
)

MUTANTS = (
    Mutant("acknowledges before the append (a unit test)", ACKNOWLEDGE_FIRST,
           (("broker_core_test", "SequencerTest.AcknowledgesOnlyAfter*"),)),
    Mutant("acknowledges before the append (the simulation)", ACKNOWLEDGE_FIRST, (SIMULATION,)),
    Mutant("commits without an fsync",
           (Change("common/sqlite.cc", '"PRAGMA synchronous=FULL" :', '"PRAGMA synchronous=OFF" :'),),
           (("log_test", "LocalLogTest.ABatchOfAnySizeIsDurableByOneSync"),)),
    Mutant("takes an append of unknown fate for one that wrote nothing",
           (Change("server/broker/sequencer.cc", "absl::IsResourceExhausted(why) ||",
                   "absl::IsUnknown(why) || absl::IsResourceExhausted(why) ||"),),
           (("broker_core_test", "SequencerTest.UnknownFate*"),)),
    Mutant("skips deduplication (the rule)",
           DECIDE_AGAIN,
           (("state_test", "DeduplicationTest.ARepeat*"),)),
    Mutant("skips deduplication (the simulation)",
           DECIDE_AGAIN,
           (SIMULATION,)),
    Mutant("takes a withdrawal for another submission under the same id",
           (Change("server/state/deduplication.cc",
                   "submission.has_withdraw_submission() || BodyFingerprint(submission) == decided_fingerprint",
                   "BodyFingerprint(submission) == decided_fingerprint"),),
           (("state_test", "DeduplicationTest.AWithdrawal*"),)),
    Mutant("asks the state about a repeat, not the batch (outbox gaps)",
           (Change("server/broker/sequencer.cc", "decided.has_value() && !GapMayClose(*decided, pending, batch.events)",
                   "decided.has_value() && (true || !GapMayClose(*decided, pending, batch.events))"),),
           (("broker_core_test", "SequencerTest.Numbered*"),)),
    Mutant("sends every notice to everyone",
           (Change("server/broker/audience_set.h", "{ return memberships.Has(audience); }",
                   "{ return memberships.Has(audience) || true; }"),),
           (("broker_test", "PublisherTest.*"),),
           ("server/broker/publisher.cc", "server/broker/catch_up.cc")),
    Mutant("skips the filter of the replayed feed",
           (Change("server/broker/catch_up.cc", "if (Receives(slice->memberships, row.audience)) {",
                   "if (Receives(slice->memberships, row.audience) || true) {"),),
           (("broker_test", "PublisherTest.*"),)),
    Mutant("skips the filter of the live feed",
           (Change("server/broker/publisher.cc", "if (!Receives(*subscriber->memberships_, notices[k].audience)) continue;",
                   ""),),
           (("broker_test", "PublisherTest.*"),)),
    Mutant("skips the re-check of the certificate at each RPC",
           (Change("server/rpc/guard.cc",
                   "  MUSTER_RETURN_IF_ERROR(CheckValidity(caller));\n"
                   "  return state.roster().CheckStanding(caller.principal);",
                   "  static_cast<void>(state);\n  static_cast<void>(caller);\n  return absl::OkStatus();"),),
           (("integration_test", "Revocation.StillHoldsAfterARestart"),), (), True),
    Mutant("admits what the policy does not name",
           (Change("server/state/access/policy.cc",
                   "  if (rule == nullptr) {\n",
                   "  if (rule == nullptr) return absl::OkStatus();\n  if (rule == nullptr) {\n"),),
           (("access_test", "Policy.WhatIsNotInTheTableIsDenied"),)),
    Mutant("shows a section to an agency that it excludes",
           (Change("server/state/plans/plan_book.cc",
                   "  if (absl::c_linear_search(audience.excluded_agency_ids(), viewer.agency_id())) return Sight::kNone;\n",
                   ""),),
           (("state_test", "*"), ("noninterference_test", "NonInterference.*"))),
    Mutant("shows SEALED activities to whoever sees the others",
           (Change("server/state/activities/activity_view.cc",
                   "  if (activity.sensitivity() == v1::SENSITIVITY_SEALED) return standing;\n", ""),),
           (("activities_test", "Sealed.*"),)),
    Mutant("lets one person give GO twice",
           (Change("server/state/readiness/decide_go.cc",
                   "    if (earlier.approval().operator_id() != person->operator_id()) continue;\n",
                   "    if (earlier.approval().operator_id() == person->operator_id()) continue;\n    if (true) continue;\n"),),
           (("readiness_test", "*"),)),
    Mutant("shows an excluded site on the board",
           (Change("server/state/readiness/readiness_view.cc",
                   "return SeesWholeRoster(viewer) || !absl::c_linear_search(site.excluded_agency_ids(), viewer.agency_id());",
                   "return SeesWholeRoster(viewer) || !site.site_id().empty();"),),
           (("noninterference_test", "NonInterference.*"),)),
    Mutant("forgets that time falls due",
           (Change("server/broker/sequencer.cc", "  if (batch.events.empty() && state_->NextDue() <= accepted_at) {",
                   "  if (batch.events.empty() && state_->NextDue() < absl::InfinitePast()) {"),),
           (("broker_core_test", "SequencerTest.WhatFallsDue*"),)),
    Mutant("cursor of an outcome is off by one",
           (Change("server/state/state.cc", "audiences_.Position(agency_id));", "audiences_.Position(agency_id) + 1);"),),
           (("broker_core_test", "BrokerTest.*"), SIMULATION)),
    Mutant("resumes a feed one delivery late",
           (Change("server/broker/broker.cc", "return publisher_->Subscribe(agency_id, position, std::move(wake));",
                   "if (position.has_value() && *position > 0) ++*position;\n"
                   "  return publisher_->Subscribe(agency_id, position, std::move(wake));"),),
           (("broker_core_test", "BrokerTest.CursorGoesOn*"),)),
    Mutant("takes a damaged middle of the log for a torn tail",
           (Change("server/log/wal_check.cc", "if (later && first_bad_ != 0) {",
                   "if (later && first_bad_ != 0 && position_ < 0) {"),),
           (("log_test", "WalCheckTest.*:LocalLogTest.CorruptionInTheMiddle*"),)),
    Mutant("starts on a log that is shorter than its feed",
           (Change("server/broker/recovery.cc", "if (recovered.feed->last_sequence() > log_end) {",
                   "if (recovered.feed->last_sequence() > log_end + 1000000) {"),),
           (("broker_core_test", "RecoveryTest.FeedAhead*"),)),
    Mutant("trusts a snapshot that is ahead of the feed",
           (Change("server/broker/recovery.cc",
                   "snapshot.has_value() && recovered.feed->last_sequence() >= snapshot->sequence()",
                   "snapshot.has_value()"),),
           (("broker_core_test", "RecoveryTest.FeedThatAPowerCut*"), SIMULATION)),
    Mutant("loads a snapshot without looking at its digest",
           (Change("server/broker/snapshot_store.cc",
                   "Sha256Bytes(rest.substr(kDigestBytes)) != rest.substr(0, kDigestBytes) ||", ""),),
           (("broker_core_test", "SnapshotStoreTest.Every*"),)),
    Mutant("lets the clock run backwards in the log",
           (Change("server/broker/sequencer.cc", "std::max(clock_->Now(), state_->last_accepted_at())",
                   "std::max(clock_->Now(), absl::UnixEpoch())"),),
           (("broker_core_test", "SequencerTest.ClockGoing*"),)),
    Mutant("anybody reads earlier versions of a plan",
           (Change("server/state/plans/plan_queries.cc", "viewer.role() != v1::ROLE_LEAD", "version == 0"),),
           (("plans_test", "PlanRules.P7*"),)),
)
