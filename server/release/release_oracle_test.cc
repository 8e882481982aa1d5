// The release rules on thousands of small random tables, each compared with an oracle that tries every possibility.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "common/testing/test_messages.h"
#include "server/release/cell_table.h"
#include "server/release/complementary_suppression.h"
#include "server/release/derivation.h"
#include "server/release/testing/tables.h"

namespace muster {
namespace {

constexpr int kTables = 2500;

std::vector<CellId> CellsOf(const std::vector<Derivation>& derivations) {
  std::vector<CellId> cells;
  for (const Derivation& derivation : derivations) cells.push_back(derivation.cell);
  return cells;
}

TEST(ReleaseOracle, S3FindsExactlyTheCellsThatTryingEverythingFinds) {
  std::mt19937_64 random = SeededRandom();
  int derivable = 0;
  int not_derivable = 0;
  for (int i = 0; i < kTables; ++i) {
    const LeafTable made = RandomLeafTable(&random);
    ASSERT_TRUE(made.table.status().ok()) << made.table.status() << "\n" << Print(made.table);
    const auto found = FindDerivable(made.table);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(CellsOf(*found), DerivableByBruteForce(made)) << "table " << i << "\n" << Print(made.table);
    derivable += static_cast<int>(found->size());
    for (CellId id = 0; id < made.table.size(); ++id) {
      if (made.table.IsHidden(id) && made.table.IsSmall(id)) ++not_derivable;
    }
  }
  not_derivable -= derivable;
  // Both answers are common, or this test would show little.
  EXPECT_GT(derivable, kTables / 10);
  EXPECT_GT(not_derivable, kTables / 10);
}

TEST(ReleaseOracle, S3EachExplanationSufficesAndNeedsAllOfItsCells) {
  std::mt19937_64 random = SeededRandom();
  int explained = 0;
  int unproven = 0;
  for (int i = 0; i < kTables / 10; ++i) {
    LeafTable made = RandomLeafTable(&random);
    const CellTable original = made.table;
    const auto found = FindDerivable(made.table);
    ASSERT_TRUE(found.ok()) << found.status();
    for (const Derivation& derivation : *found) {
      if (!derivation.proven) ++unproven;
      if (!derivation.proven) continue;
      ++explained;
      made.table = original;
      for (CellId id = 0; id < made.table.size(); ++id) {
        if (!made.table.IsHidden(id)) made.table.SetShown(id, Shown::kNothing);
      }
      const auto derives = [&] {
        const std::vector<CellId> all = DerivableByBruteForce(made);
        return std::find(all.begin(), all.end(), derivation.cell) != all.end();
      };
      for (const CellId id : derivation.from) made.table.SetShown(id, Shown::kValue);
      ASSERT_TRUE(derives()) << "table " << i << "\n" << Describe(original, derivation) << "\n" << Print(original);
      for (const CellId id : derivation.from) {
        made.table.SetShown(id, Shown::kNothing);
        ASSERT_FALSE(derives()) << "table " << i << " without " << id << "\n"
                                << Describe(original, derivation) << "\n"
                                << Print(original);
        made.table.SetShown(id, Shown::kValue);
      }
    }
  }
  // Most are proven and explained, or this test would show little.
  EXPECT_GT(explained, 20 * unproven);
  EXPECT_GT(explained, kTables / 40);
}

TEST(ReleaseOracle, S3AfterWithholdingNothingIsDerivableButWhatIsReported) {
  std::mt19937_64 random = SeededRandom();
  int withheld = 0;
  int cleared = 0;
  for (int i = 0; i < kTables; ++i) {
    LeafTable made = RandomLeafTable(&random);
    const CellTable original = made.table;
    const bool was_derivable = !DerivableByBruteForce(made).empty();
    const auto result = WithholdComplements(&made.table);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(CellsOf(result->remaining), DerivableByBruteForce(made)) << "table " << i << "\n" << Print(original);
    for (CellId id = 0; id < made.table.size(); ++id) {
      const bool listed = std::find(result->withheld.begin(), result->withheld.end(), id) != result->withheld.end();
      ASSERT_EQ(listed, original.cell(id).shown != made.table.cell(id).shown) << "table " << i << ", cell " << id;
      ASSERT_TRUE(!listed || original.cell(id).may_be_withheld) << "table " << i << ", cell " << id;
    }
    withheld += static_cast<int>(result->withheld.size());
    if (was_derivable && result->remaining.empty()) ++cleared;
  }
  EXPECT_GT(withheld, kTables / 10);
  EXPECT_GT(cleared, kTables / 20);
}

TEST(ReleaseOracle, S3WithoutFixedCellsOrMarksEverythingCanBeProtected) {
  std::mt19937_64 random = SeededRandom();
  for (int i = 0; i < kTables / 4; ++i) {
    std::vector<std::vector<int64_t>> values(2 + random() % 3, std::vector<int64_t>(2 + random() % 3));
    for (std::vector<int64_t>& row : values) {
      for (int64_t& value : row) value = static_cast<int64_t>(random() % 5);
    }
    TwoWayTable made = MakeTwoWayTable(values, 3);
    for (const CellId id : SuppressSmallCells(&made.table)) made.table.SetShown(id, Shown::kNothing);
    const auto result = WithholdComplements(&made.table);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(result->remaining.empty()) << "table " << i << "\n" << Print(made.table);
  }
}

}  // namespace
}  // namespace muster
