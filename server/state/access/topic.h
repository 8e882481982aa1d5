// What a notice is about and whose it is, for the disclosure log.
#ifndef MUSTER_SERVER_STATE_ACCESS_TOPIC_H_
#define MUSTER_SERVER_STATE_ACCESS_TOPIC_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/access.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct Topic {
  v1::ObjectClass object_class = v1::OBJECT_CLASS_UNSPECIFIED;
  // The object's name, as ExplainAccess takes it after the class: an entry's, an activity's, a section's id.
  std::string object_id;
  // Whose it is: one agency, the two parties of a conflict, or empty for whoever acts.
  std::vector<std::string> from_agency_ids;
};

// `lead_agency_id`: of the notice's operation; empty for one of no operation.
Topic TopicOf(const v1::Notice& notice, absl::string_view lead_agency_id);

// What the log records when `readers` are told: one disclosure for each agency whose it is and that is not the only
// reader. Their audience is left to the caller.
std::vector<storage::v1::DisclosureImage> DisclosuresOf(const Topic& topic, absl::string_view acting_agency_id,
                                                        const std::vector<std::string>& readers,
                                                        const google::protobuf::Timestamp& at, const std::string& why);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_TOPIC_H_
