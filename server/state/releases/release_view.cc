#include "server/state/releases/release_view.h"

namespace muster {
namespace {

bool SeesDrafts(const v1::Participant& viewer) {
  return viewer.role() == v1::ROLE_LEAD || viewer.role() == v1::ROLE_PUBLIC_INFORMATION ||
         viewer.role() == v1::ROLE_AUDITOR;
}

}  // namespace

bool SeesRelease(const v1::Participant& viewer, const v1::Release& release) {
  switch (viewer.role()) {
    case v1::ROLE_PARTICIPANT:
    case v1::ROLE_PROSECUTOR:
    case v1::ROLE_OBSERVER:
      return release.has_issued_at();
    default:
      return SeesDrafts(viewer);
  }
}

v1::Release ViewRelease(const v1::Participant& viewer, const v1::Release& release) {
  v1::Release view = release;
  if (SeesDrafts(viewer)) return view;
  view.clear_findings();
  view.clear_override();
  view.clear_drafted_by();
  view.clear_approved_by();
  return view;
}

}  // namespace muster
