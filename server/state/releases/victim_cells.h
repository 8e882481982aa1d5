// Victim figures as the cells and sums that server/release/ reasons about: what was published, what is to be published,
// and what ties the figures together.
//
// Persons are adults plus minors plus, where reported, persons of unknown age; a figure of the whole operation is the
// sum over the states that reported it. Persons of unknown age are published nowhere, but someone who subtracts counts
// them: they are a hidden cell wherever there are any. Arrests are no victim figure and are not here.
//
// Threading: none.
#ifndef MUSTER_SERVER_STATE_RELEASES_VICTIM_CELLS_H_
#define MUSTER_SERVER_STATE_RELEASES_VICTIM_CELLS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/release/cell_table.h"
#include "server/state/tallies/counting.h"

namespace muster {

// Persons, adults, minors and services.
bool IsVictimFigure(v1::FigureKind figure);

struct Publication {
  std::string release_id;
  // Figures that are no victims' are passed over.
  Figures figures;
  // How they were shown; one that is not here was not published.
  std::map<FigureName, Shown> shown;
};

class VictimCells {
 public:
  // What `earlier` has published, and `latest` too unless `is_published` is false; then only the changes up to `latest`
  // are looked at of it. `k`: the smallest count that is not small.
  VictimCells(int64_t k, const std::vector<Publication>& earlier, const Publication& latest, bool is_published = true);

  CellTable& table() { return table_; }
  const CellTable& table() const { return table_; }

  // Where the latest publication's figure is; nothing when it was not reported.
  std::optional<CellId> LatestCell(const FigureName& name) const;
  // Which of the latest publication's figures a cell is, if any.
  std::optional<FigureName> LatestName(CellId cell) const;

  // The same for the same figure and value, or the same change, in any other VictimCells.
  const std::string& KeyOf(CellId cell) const { return keys_[static_cast<size_t>(cell)]; }
  // Which figure a cell is or is the change of.
  const FigureName& NameOf(CellId cell) const { return names_[static_cast<size_t>(cell)]; }

 private:
  // One figure with one value: a figure that does not change from release to release is one cell.
  struct Value {
    Shown shown = Shown::kNothing;
    bool shown_before = false;
    bool is_latest = false;
    std::string first_release_id;
    CellId cell = 0;
  };

  void Collect(const Publication& publication, bool is_latest);
  void AddCells();
  void AddSums(const Figures& figures);
  void AddSum(const Figures& figures, const FigureName& total, const std::vector<FigureName>& parts);
  void AddChanges(const Figures& latest);
  CellId AddCell(Cell cell, std::string key, const FigureName& name);
  CellId CellOf(const Figures& figures, const FigureName& name) const;

  CellTable table_;
  std::map<FigureName, std::map<uint64_t, Value>> values_;
  std::set<std::vector<CellId>> sums_;
  std::vector<std::string> keys_;  // By cell.
  std::vector<FigureName> names_;  // By cell.
  Figures latest_;                 // Empty unless published.
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RELEASES_VICTIM_CELLS_H_
