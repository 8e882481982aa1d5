// Which published lines a category of entries enters.
#ifndef MUSTER_SERVER_STATE_TALLIES_TALLY_LINES_H_
#define MUSTER_SERVER_STATE_TALLIES_TALLY_LINES_H_

#include "muster/v1/tally.pb.h"

namespace muster {

// Citations and identified suspects enter none (rule T11).
struct Lines {
  bool arrest = false;
  bool adult = false;
  bool minor = false;
  bool age_unknown = false;
  // What was received; offers and refusals are no line.
  bool service = false;

  bool person() const { return adult || minor || age_unknown; }
};

Lines LinesOf(v1::TallyCategory category);

bool EntersFigure(v1::TallyCategory category, v1::FigureKind figure);

// Missing children: recovered, or located safe. They may be among the persons recovered (rule T10).
bool IsMissingChild(v1::TallyCategory category);

// What roles that read suppressed victim counts only do not see: persons, missing children, services and referrals.
bool IsVictimCount(v1::TallyCategory category);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_TALLY_LINES_H_
