// Rule P7: what a viewer may not see changes no byte of what it receives.
//
// Two worlds take the same random steps, but for some that the rules hide from one viewer: these are taken otherwise in
// the second world, or not at all. Whatever that viewer then receives (its feed, live and replayed, every read with
// every argument, errors, cursors, sizes, the outcomes of its own submissions) must be the same bytes in both.
//
//   MUSTER_TEST_SEED=<seed> repeats the pair that a failure prints; MUSTER_TEST_PAIRS=<n> sets how many there are.
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/state/cursor.h"
#include "tests/noninterference/steps.h"
#include "tests/noninterference/transcript.h"

namespace muster {
namespace {

constexpr size_t kStepsMax = 60;
constexpr const char* kViewers[] = {"pa",       "pa",          "pb",         "pd",      "prosecutor",
                                    "observer", "public-info", "watch-desk", "victims", "outsider",
                                    "fusion",   "late-3",      "auditor"};

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

struct Taken {
  const Step* step;
  bool secret;
};

struct Pair {
  std::string viewer;
  std::deque<Step> steps;
  std::vector<bool> secret;
  // In the second world: the secret step is left out instead of taken otherwise.
  std::vector<bool> left_out;
  uint64_t other_salt = 0;
};

Pair RandomPair(uint64_t seed) {
  std::mt19937_64 random(seed);
  Pair pair;
  pair.viewer = kViewers[random() % std::size(kViewers)];
  pair.other_salt = random();
  const size_t count = 10 + random() % (kStepsMax - 10);
  std::vector<const Step*> earlier;
  std::vector<const Step*> secret_ones;
  for (size_t i = 1; i <= count; ++i) {
    Step& step = pair.steps.emplace_back(RandomStep(random, earlier, i));
    earlier.push_back(&step);
    const bool on_secret =
        step.about != nullptr && std::find(secret_ones.begin(), secret_ones.end(), step.about) != secret_ones.end();
    // What is about a secret is secret, or it would be refused in one world only.
    pair.secret.push_back(IsHiddenFrom(pair.viewer, step) && (on_secret || random() % 2 == 0));
    pair.left_out.push_back(random() % 2 == 0);
    if (pair.secret.back()) secret_ones.push_back(&step);
  }
  return pair;
}

// What the viewer was answered, and whether each step that is not secret was accepted.
struct Run {
  std::string outcomes;
  std::vector<bool> accepted;
};

Run Take(const Pair& pair, bool second, World* world) {
  Run run;
  SetUpCast(world);
  for (size_t i = 0; i < pair.steps.size(); ++i) {
    const Step& step = pair.steps[i];
    if (second && pair.secret[i] && pair.left_out[i]) continue;
    const uint64_t salt = second && pair.secret[i] ? step.salt ^ pair.other_salt : step.salt;
    const bool accepted = TakeStep(world, step, salt, pair.viewer);
    // The viewer's own are compared whole, as outcomes.
    if (!pair.secret[i] && step.actor != pair.viewer) run.accepted.push_back(accepted);
    if (step.actor == pair.viewer) absl::StrAppend(&run.outcomes, world->last_applied().outcome.SerializeAsString());
  }
  return run;
}

// The same history from the log, with a snapshot in between.
void Replayed(const World& world, size_t cut, const std::string& viewer, State* state, std::string* feed) {
  State before;
  uint64_t position = 0;
  std::string previous;
  const auto apply = [&](State* to, const std::string& bytes) {
    for (const AddressedNotice& notice : Replay(to, bytes).notices) {
      for (const std::string& reader : to->audiences().Members(notice.address.audience)) {
        if (reader != viewer) continue;
        const std::string cursor = EncodeCursor(to->genesis().log_id(), ++position);
        absl::StrAppend(feed, cursor, "<", previous, ":", notice.bytes, "\n");
        previous = cursor;
      }
    }
  };
  for (size_t i = 0; i < cut; ++i) apply(&before, world.events()[i]);
  state->FromImage(before.ToImage());
  for (size_t i = cut; i < world.events().size(); ++i) apply(state, world.events()[i]);
}

void Shorten(std::mt19937_64& random, std::vector<std::string>* names) {
  constexpr size_t kNamesMax = 5;
  std::shuffle(names->begin(), names->end(), random);
  if (names->size() > kNamesMax) names->resize(kNamesMax);
}

// The first difference, for the person who reads it.
std::string FirstDifference(const Transcript& a, const Transcript& b) {
  if (a.size() != b.size()) return absl::StrCat(a.size(), " answers and ", b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto at = std::mismatch(a[i].second.begin(), a[i].second.end(), b[i].second.begin(), b[i].second.end());
    const auto show = [](const std::string& text, auto where) {
      const size_t from = static_cast<size_t>(where - text.begin());
      return absl::CHexEscape(absl::string_view(text).substr(from > 150 ? from - 150 : 0, 400));
    };
    return absl::StrCat(a[i].first, " against ", b[i].first, "\n--- first\n", show(a[i].second, at.first),
                        "\n--- second\n", show(b[i].second, at.second));
  }
  return "";
}

std::string Story(const Pair& pair) {
  std::string story = absl::StrCat("viewer ", pair.viewer, "\n");
  for (size_t i = 0; i < pair.steps.size(); ++i) {
    const Step& step = pair.steps[i];
    absl::StrAppend(&story, pair.secret[i] ? (pair.left_out[i] ? "  left out " : "  changed  ") : "           ",
                    step.number, " kind ", static_cast<int>(step.kind), " by ", step.actor, " on ", step.object,
                    step.sealed ? " sealed" : "", step.remote ? " remote" : "", "\n");
  }
  return story;
}

struct Counts {
  size_t compared = 0;
  size_t discarded = 0;
  size_t secrets = 0;
};

void ComparePair(uint64_t seed, Counts* counts) {
  const Pair pair = RandomPair(seed);
  World first;
  World second;
  const Run run_first = Take(pair, false, &first);
  const Run run_second = Take(pair, true, &second);
  // An open step that is refused because of a secret tells of it by what its actor does next, not by the broker.
  if (run_first.accepted != run_second.accepted) {
    ++counts->discarded;
    return;
  }
  ++counts->compared;
  counts->secrets += static_cast<size_t>(std::count(pair.secret.begin(), pair.secret.end(), true));

  std::mt19937_64 random(seed);
  Names names;
  CollectNames(first.state(), &names);
  CollectNames(second.state(), &names);
  for (auto* list : {&names.activity_ids, &names.agency_ids, &names.conflict_ids}) Shorten(random, list);
  bool readers_change = false;
  for (size_t i = 0; i < pair.steps.size(); ++i) {
    const StepKind kind = pair.steps[i].kind;
    if (pair.secret[i] && (kind == StepKind::kJoin || kind == StepKind::kLeave)) readers_change = true;
  }
  const auto transcript = [&](const State& state, const std::string& feed) {
    return TranscriptOf(state, feed, pair.viewer, first.Now(), names, !readers_change);
  };
  const Transcript live_first = transcript(first.state(), first.FeedBytes(pair.viewer));
  const Transcript live_second = transcript(second.state(), second.FeedBytes(pair.viewer));
  ASSERT_EQ(run_first.outcomes, run_second.outcomes) << "seed " << seed << "\n" << Story(pair);
  ASSERT_EQ(FirstDifference(live_first, live_second), "") << "seed " << seed << "\n" << Story(pair);

  State state;
  std::string feed;
  Replayed(second, 1 + random() % second.events().size(), pair.viewer, &state, &feed);
  ASSERT_EQ(FirstDifference(live_first, transcript(state, feed)), "") << "replayed; seed " << seed << "\n"
                                                                      << Story(pair);
}

TEST(NonInterference, P7HiddenDifferencesLeaveEveryByteUnchanged) {
  const uint64_t seed = NumberFromEnvironment("MUSTER_TEST_SEED", std::random_device()());
  const uint64_t pairs = NumberFromEnvironment("MUSTER_TEST_PAIRS", 2000);
  std::cout << "pairs from seed " << seed << "\n";
  Counts counts;
  for (uint64_t i = 0; i < pairs && !HasFatalFailure(); ++i) ComparePair(seed + i, &counts);
  std::cout << counts.compared << " pairs compared with " << counts.secrets << " secret steps, " << counts.discarded
            << " discarded\n";
  EXPECT_GE(counts.compared, pairs * 3 / 4);
  EXPECT_GE(counts.secrets, counts.compared);
}

}  // namespace
}  // namespace muster
