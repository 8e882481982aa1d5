// Messages for tests, made from their descriptors, so that a field added to a .proto file is tested without further
// work.
#ifndef MUSTER_COMMON_TESTING_TEST_MESSAGES_H_
#define MUSTER_COMMON_TESTING_TEST_MESSAGES_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// Sets every field of `message`, at every depth, to something its rules accept; of a oneof the first member, of a
// repeated field one item. Cross-field rules are not looked at.
void FillValid(google::protobuf::Message* message);

// One submission for every body, filled by FillValid and corrected to what the cross-field rules want.
std::vector<v1::Submission> ValidSubmissionOfEveryBody();

// A string somewhere in a message: where, and how to replace it.
struct StringPlace {
  std::string path;
  const google::protobuf::FieldDescriptor* field;
  std::string value;
  std::function<void(const std::string&)> set;
};

// Every string (not bytes) set in `message`, which must outlive the result.
std::vector<StringPlace> StringsOf(google::protobuf::Message* message);

// A generator seeded from MUSTER_TEST_SEED, or afresh; prints the seed either way.
std::mt19937_64 SeededRandom();

}  // namespace muster

#endif  // MUSTER_COMMON_TESTING_TEST_MESSAGES_H_
