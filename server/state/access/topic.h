// What a notice is about and whose it is, for the disclosure log.
#ifndef MUSTER_SERVER_STATE_ACCESS_TOPIC_H_
#define MUSTER_SERVER_STATE_ACCESS_TOPIC_H_

#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "muster/v1/access.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct Topic {
  v1::ObjectClass object_class = v1::OBJECT_CLASS_UNSPECIFIED;
  // The object's name, as ExplainAccess takes it after the class: an entry's, an activity's, a section's id.
  std::string object_id;
  // Whose it is: one agency, the two parties of a conflict, or empty for whoever acts.
  absl::InlinedVector<std::string, 2> from_agency_ids;
};

// `lead_agency_id`: of the notice's operation; empty for one of no operation.
Topic TopicOf(const v1::Notice& notice, absl::string_view lead_agency_id);

// For whom telling `readers` is a disclosure: each agency whose it is and that is not the only reader. `readers` are
// sorted, each once. What is returned borrows from `topic` and `acting_agency_id`, and is sorted.
absl::InlinedVector<absl::string_view, 2> DisclosedBy(const Topic& topic, absl::string_view acting_agency_id,
                                                      const std::vector<std::string>& readers);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_TOPIC_H_
