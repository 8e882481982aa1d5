#include "server/state/tallies/tally_lines.h"

namespace muster {

Lines LinesOf(v1::TallyCategory category) {
  Lines lines;
  switch (category) {
    case v1::TALLY_CATEGORY_ARREST_TRAFFICKER:
    case v1::TALLY_CATEGORY_ARREST_BUYER:
    case v1::TALLY_CATEGORY_ARREST_ENTICEMENT_OF_MINOR:
    case v1::TALLY_CATEGORY_ARREST_PROMOTING:
    case v1::TALLY_CATEGORY_ARREST_OTHER:
    case v1::TALLY_CATEGORY_ARREST_UNCATEGORISED:
      lines.arrest = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT:
      lines.adult = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR:
      lines.minor = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_AGE_UNKNOWN:
      lines.age_unknown = true;
      break;
    case v1::TALLY_CATEGORY_SERVICE_ACCEPTED:
      lines.service = true;
      break;
    default:
      break;
  }
  return lines;
}

bool EntersFigure(v1::TallyCategory category, v1::FigureKind figure) {
  const Lines lines = LinesOf(category);
  switch (figure) {
    case v1::FIGURE_KIND_ARRESTS:
      return lines.arrest;
    case v1::FIGURE_KIND_PERSONS:
      return lines.person();
    case v1::FIGURE_KIND_ADULTS:
      return lines.adult;
    case v1::FIGURE_KIND_MINORS:
      return lines.minor;
    case v1::FIGURE_KIND_SERVICES:
      return lines.service;
    default:
      return false;
  }
}

bool IsMissingChild(v1::TallyCategory category) {
  return category == v1::TALLY_CATEGORY_MISSING_CHILD_RECOVERED ||
         category == v1::TALLY_CATEGORY_MISSING_CHILD_LOCATED_SAFE;
}

bool IsVictimCount(v1::TallyCategory category) {
  switch (category) {
    case v1::TALLY_CATEGORY_SERVICE_OFFERED:
    case v1::TALLY_CATEGORY_SERVICE_DECLINED:
    case v1::TALLY_CATEGORY_SERVICE_MEDICAL:
    case v1::TALLY_CATEGORY_SERVICE_PENDING:
    case v1::TALLY_CATEGORY_REFERRAL:
      return true;
    default:
      return LinesOf(category).person() || LinesOf(category).service || IsMissingChild(category);
  }
}

}  // namespace muster
