// Command-line options that fill protobuf fields, and the pieces every command is made of.
//
// The fields of a submission are bound to flags directly: a command holds its body as a std::shared_ptr<Message>, which
// the parser fills and the action sends.
#ifndef MUSTER_CLIENT_CLI_OPTIONS_H_
#define MUSTER_CLIENT_CLI_OPTIONS_H_

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/invocation.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"

namespace muster::cli {

// A noun: needs one of its verbs. `examples` are lines without "muster".
CLI::App* AddNoun(CLI::App& app, const std::string& name, const std::string& description,
                  std::initializer_list<absl::string_view> examples);
// A verb of `noun` (or of muster itself) that runs `action`.
CLI::App* AddVerb(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
                  std::initializer_list<absl::string_view> examples, Invocation::Action action);

CLI::Option* AddText(CLI::App* command, const std::string& flags, std::string* target, const std::string& help);
// May be given several times, and each time a list with commas.
CLI::Option* AddTexts(CLI::App* command, const std::string& flags,
                      google::protobuf::RepeatedPtrField<std::string>* target, const std::string& help);
CLI::Option* AddEnumNumber(CLI::App* command, const std::string& flags, const google::protobuf::EnumDescriptor* type,
                           std::function<void(int)> set, const std::string& help);
// An RFC 3339 time into the field that `target` gives when the flag is there, so that an absent flag leaves it unset.
CLI::Option* AddTime(CLI::App* command, const std::string& flags, std::function<google::protobuf::Timestamp*()> target,
                     const std::string& help);
// A length of time such as 90m or 2h, longer than zero.
CLI::Option* AddDuration(CLI::App* command, const std::string& flags, std::function<void(absl::Duration)> set,
                         const std::string& help);
// A whole number that is at least 0.
CLI::Option* AddNumber(CLI::App* command, const std::string& flags, std::function<void(uint32_t)> set,
                       const std::string& help);
// Each item as "name=number" or the like: the first two fields of a message (SetPair). May be repeated, and each time a
// list with commas. `add` gives the message to fill.
CLI::Option* AddPairs(CLI::App* command, const std::string& flags, std::function<google::protobuf::Message*()> add,
                      const std::string& help);
// How often a flag may be given; kList: several times, and each time a list with commas.
enum class Times { kOnce, kOften, kList };
// Any text that `parse` turns into something, or refuses with a message.
CLI::Option* AddParsed(CLI::App* command, const std::string& flags, Times times,
                       std::function<absl::Status(const std::string&)> parse, const std::string& help);
// The operation's id, the first argument of most commands.
CLI::Option* AddOperationId(CLI::App* command, std::string* target);

template <typename Enum>
CLI::Option* AddEnum(CLI::App* command, const std::string& flags, std::function<void(Enum)> set,
                     const std::string& help) {
  return AddEnumNumber(
      command, flags, google::protobuf::GetEnumDescriptor<Enum>(),
      [set = std::move(set)](int number) { set(static_cast<Enum>(number)); }, help);
}

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_OPTIONS_H_
