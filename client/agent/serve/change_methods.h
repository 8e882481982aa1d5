// Which RPCs change something, told from their descriptors: a change's request is a submission_id and one body of
// muster.v1.Submission, and its response is the outcome. Everything else that is unary is a read.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_SERVE_CHANGE_METHODS_H_
#define MUSTER_CLIENT_AGENT_SERVE_CHANGE_METHODS_H_

#include <memory>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// The services of muster.v1 without streams.
std::vector<const google::protobuf::ServiceDescriptor*> UnaryServices();

// The member of Submission's `body` that the method's request holds; null for a read.
const google::protobuf::FieldDescriptor* BodyOf(const google::protobuf::MethodDescriptor& method);

// What a change's request asks for; its body moves out of it. `body` is BodyOf(method).
muster::v1::Submission TakeSubmission(const google::protobuf::FieldDescriptor& body,
                                      google::protobuf::Message* request);

// A change's response.
std::unique_ptr<google::protobuf::Message> ResponseWith(const google::protobuf::MethodDescriptor& method,
                                                        muster::v1::Outcome outcome);

// An empty message of a generated type.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_CHANGE_METHODS_H_
