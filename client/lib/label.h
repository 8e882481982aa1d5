// Enumerations as people read them.
#ifndef MUSTER_CLIENT_LIB_LABEL_H_
#define MUSTER_CLIENT_LIB_LABEL_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace muster {

// An enum value without its type's prefix, in lower case with hyphens: PERSON_RECOVERED_ADULT is
// `person-recovered-adult`. A number that this build does not know is `unknown (N)`.
std::string EnumLabel(const google::protobuf::EnumDescriptor* type, int number);

template <typename Enum>
std::string Label(Enum value) {
  return EnumLabel(google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_LABEL_H_
