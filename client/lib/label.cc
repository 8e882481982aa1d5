#include "client/lib/label.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace muster {

std::string EnumLabel(const google::protobuf::EnumDescriptor* type, int number) {
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat("unknown (", number, ")");
  const absl::string_view prefix = absl::StripSuffix(type->FindValueByNumber(0)->name(), "UNSPECIFIED");
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(value->name(), prefix)), {{"_", "-"}});
}

}  // namespace muster
