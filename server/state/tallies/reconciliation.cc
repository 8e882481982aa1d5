#include "server/state/tallies/reconciliation.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "common/usps_states.h"

namespace muster {
namespace {

std::optional<uint64_t> Find(const Figures& figures, const FigureName& name) {
  const auto it = figures.find(name);
  return it == figures.end() ? std::nullopt : std::optional<uint64_t>(it->second);
}

int64_t Difference(uint64_t claimed, uint64_t ledger) {
  return static_cast<int64_t>(claimed) - static_cast<int64_t>(ledger);
}

FigureName NameOf(const v1::Claim& claim) { return {claim.state(), claim.figure()}; }

// "+3", "-20", "0".
std::string Signed(int64_t difference) { return absl::StrCat(difference > 0 ? "+" : "", difference); }

// A claim about one state that differs from the ledger.
struct StateClaim {
  const v1::Claim* claim;
  uint64_t ledger;

  int64_t difference() const { return Difference(claim->value(), ledger); }
};

// "Kentucky Governor says 26, the ledger has 46".
std::string InWords(const StateClaim& one) {
  return absl::StrCat(one.claim->source(), " says ", one.claim->value(), ", the ledger has ", one.ledger);
}

class Reconciler {
 public:
  Reconciler(const absl::btree_map<std::string, v1::ClaimRecord>& claims, const LedgerFigures& ledger)
      : claims_(claims),
        ledger_(ledger),
        by_lead_(ledger(v1::COUNTING_DEFINITION_LEAD, absl::InfiniteFuture())),
        by_source_(ledger(v1::COUNTING_DEFINITION_SOURCE, absl::InfiniteFuture())) {}

  v1::Reconciliation Of(const v1::ClaimRecord& record) const {
    const v1::Claim& claim = record.claim();
    v1::Reconciliation result;
    *result.mutable_claim() = record;
    result.set_uncategorised(Uncategorised(claim));
    if (const auto value = Find(by_source_, NameOf(claim)); value.has_value()) {
      result.set_ledger_value_by_source(*value);
    }
    const std::optional<uint64_t> value = Find(by_lead_, NameOf(claim));
    if (!value.has_value()) {
      Add(&result, v1::EXPLANATION_KIND_UNRECONCILED,
          absl::StrCat("NOT_REPORTED: the ledger has no ", NameInWords(NameOf(claim)), " to compare with"));
      return result;
    }
    result.set_ledger_value(*value);
    result.set_difference(Difference(claim.value(), *value));
    Explain(claim, &result);
    return result;
  }

 private:
  static uint64_t Uncategorised(const v1::Claim& claim) {
    uint64_t categorised = 0;
    for (const v1::ClaimedPart& part : claim.parts()) {
      if (part.category() != v1::TALLY_CATEGORY_ARREST_UNCATEGORISED) categorised += part.value();
    }
    return claim.value() - std::min(claim.value(), categorised);
  }

  static v1::Explanation* Add(v1::Reconciliation* result, v1::ExplanationKind kind, const std::string& text) {
    v1::Explanation* explanation = result->add_explanations();
    explanation->set_kind(kind);
    explanation->set_text(text);
    if (kind != v1::EXPLANATION_KIND_UNRECONCILED) explanation->set_difference(result->difference());
    return explanation;
  }

  void Explain(const v1::Claim& claim, v1::Reconciliation* result) const {
    const std::string difference = Signed(result->difference());
    if (result->difference() == 0) {
      Add(result, v1::EXPLANATION_KIND_MATCHES, "the ledger has the same figure");
      return;
    }
    if (result->has_ledger_value_by_source() && result->ledger_value_by_source() == claim.value()) {
      Add(result, v1::EXPLANATION_KIND_DEFINITION,
          absl::StrCat("the definition explains the ", difference,
                       ": with entries that their source counts inside others not added again, the ledger has ",
                       claim.value()));
    }
    if (claim.has_published_at() && AsPublished(claim) == std::optional<uint64_t>(claim.value())) {
      Add(result, v1::EXPLANATION_KIND_AS_OF,
          absl::StrCat("time explains the ", difference, ": when it was published the ledger had ", claim.value(),
                       ", now it has ", result->ledger_value()));
    }
    ExplainByStates(claim, result);
    if (result->explanations().empty()) {
      Add(result, v1::EXPLANATION_KIND_UNRECONCILED,
          absl::StrCat("nothing in the ledger explains the ", difference, ": ", claim.source(), " says ", claim.value(),
                       ", the ledger has ", result->ledger_value()));
    }
  }

  std::optional<uint64_t> AsPublished(const v1::Claim& claim) const {
    return Find(ledger_(v1::COUNTING_DEFINITION_LEAD, FromProto(claim.published_at())), NameOf(claim));
  }

  void ExplainByStates(const v1::Claim& claim, v1::Reconciliation* result) const {
    std::vector<StateClaim> states;
    if (!claim.state().empty()) {
      states = {{&claim, result->ledger_value()}};
    } else {
      states = FewestStates(ClaimsAboutStates(claim), result->difference());
    }
    if (states.empty()) return;
    std::sort(states.begin(), states.end(),
              [](const StateClaim& a, const StateClaim& b) { return a.claim->state() < b.claim->state(); });
    const auto state_name = [](std::string* out, const StateClaim& one) {
      absl::StrAppend(out, UspsStateName(one.claim->state()));
    };
    const auto in_words = [&](std::string* out, const StateClaim& one) {
      absl::StrAppend(out, states.size() == 1 ? "" : absl::StrCat("of ", UspsStateName(one.claim->state()), " "),
                      InWords(one));
    };
    v1::Explanation* explanation =
        Add(result, v1::EXPLANATION_KIND_STATES,
            absl::StrCat(absl::StrJoin(states, " and ", state_name),
                         states.size() == 1 ? " explains the " : " explain the ", Signed(result->difference()), ": ",
                         absl::StrJoin(states, "; ", in_words)));
    for (const StateClaim& one : states) explanation->add_states(one.claim->state());
  }

  // Those about the same figure that differ from the ledger, the same source's first; one for each state and
  // difference.
  std::vector<StateClaim> ClaimsAboutStates(const v1::Claim& claim) const {
    std::vector<StateClaim> found;
    for (const auto& [id, record] : claims_) {
      const v1::Claim& other = record.claim();
      if (other.state().empty() || other.figure() != claim.figure()) continue;
      const std::optional<uint64_t> ledger = Find(by_lead_, NameOf(other));
      if (ledger.has_value() && *ledger != other.value()) found.push_back({&other, *ledger});
    }
    std::stable_sort(found.begin(), found.end(), [&](const StateClaim& a, const StateClaim& b) {
      return std::make_tuple(a.claim->source() != claim.source(), absl::string_view(a.claim->state())) <
             std::make_tuple(b.claim->source() != claim.source(), absl::string_view(b.claim->state()));
    });
    std::set<std::pair<std::string, int64_t>> seen;
    std::vector<StateClaim> distinct;
    for (const StateClaim& one : found) {
      if (distinct.size() < kStateClaimsMax && seen.emplace(one.claim->state(), one.difference()).second) {
        distinct.push_back(one);
      }
    }
    return distinct;
  }

  // The first of the smallest sets of up to three, of different states, whose differences add up to `difference`.
  static std::vector<StateClaim> FewestStates(const std::vector<StateClaim>& claims, int64_t difference) {
    for (size_t size = 1; size <= 3; ++size) {
      std::vector<StateClaim> chosen;
      if (Choose(claims, 0, size, difference, &chosen)) return chosen;
    }
    return {};
  }

  static bool Choose(const std::vector<StateClaim>& claims, size_t from, size_t size, int64_t difference,
                     std::vector<StateClaim>* chosen) {
    if (size == 0) return difference == 0;
    for (size_t i = from; i < claims.size(); ++i) {
      const bool again = std::any_of(chosen->begin(), chosen->end(), [&](const StateClaim& one) {
        return one.claim->state() == claims[i].claim->state();
      });
      if (again) continue;
      chosen->push_back(claims[i]);
      if (Choose(claims, i + 1, size - 1, difference - claims[i].difference(), chosen)) return true;
      chosen->pop_back();
    }
    return false;
  }

  const absl::btree_map<std::string, v1::ClaimRecord>& claims_;
  const LedgerFigures& ledger_;
  const Figures by_lead_;
  const Figures by_source_;
};

}  // namespace

std::vector<v1::Reconciliation> ReconcileClaims(const absl::btree_map<std::string, v1::ClaimRecord>& claims,
                                                const LedgerFigures& ledger) {
  const Reconciler reconciler(claims, ledger);
  std::vector<v1::Reconciliation> reconciliations;
  for (const auto& [id, record] : claims) reconciliations.push_back(reconciler.Of(record));
  return reconciliations;
}

}  // namespace muster
