// The methods that the gateway forwards, told from the generated descriptors: every unary method of muster.v1 and of
// muster.agent.v1, and FeedService.Subscribe. Not among them: streams from the client, and AgentService.Enroll, which
// would hand an agent a private key.
//
// What changes something is for operators; what does not is for every signed-in person. A change's request is a
// submission_id and one body of muster.v1.Submission, and its response is the outcome; Submit takes any of them, and an
// agent's outbox has two changes of its own.
//
// Threading: immutable once made.
#ifndef MUSTER_CLIENT_GATEWAY_FORWARD_METHODS_H_
#define MUSTER_CLIENT_GATEWAY_FORWARD_METHODS_H_

#include <memory>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace muster::gateway {

struct Method {
  const google::protobuf::MethodDescriptor* descriptor;
  // "/muster.v1.PlanService/GetPlan", as in gRPC and as browsers ask for it.
  std::string path;
  bool changes = false;
  // Answers with a stream: FeedService.Subscribe.
  bool streams = false;
};

class Methods {
 public:
  Methods();

  // Null for what is not forwarded.
  const Method* Find(absl::string_view path) const;
  const absl::btree_map<std::string, Method>& all() const { return methods_; }

 private:
  absl::btree_map<std::string, Method> methods_;
};

// Whether a call of `method` is a change, by the rule above.
bool IsChange(const google::protobuf::MethodDescriptor& method);

// An empty message of a generated type.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_FORWARD_METHODS_H_
