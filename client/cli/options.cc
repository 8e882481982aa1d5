#include "client/cli/options.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

std::string Footer(std::initializer_list<absl::string_view> examples) {
  std::string footer = "Examples:";
  for (const absl::string_view example : examples) absl::StrAppend(&footer, "\n  muster ", example);
  return footer;
}

// The words that lead to `command`, without the program's.
std::string Path(const CLI::App* command) {
  if (command->get_parent() == nullptr) return "";
  const std::string parent = Path(command->get_parent());
  return parent.empty() ? command->get_name() : absl::StrCat(parent, " ", command->get_name());
}

}  // namespace

CLI::App* AddNoun(CLI::App& app, const std::string& name, const std::string& description,
                  std::initializer_list<absl::string_view> examples) {
  CLI::App* noun = app.add_subcommand(name, description);
  noun->require_subcommand(1);
  noun->fallthrough();
  noun->footer(Footer(examples));
  return noun;
}

CLI::App* AddVerb(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
                  std::initializer_list<absl::string_view> examples, Invocation::Action action) {
  CLI::App* verb = noun.add_subcommand(name, description);
  verb->fallthrough();
  verb->footer(Footer(examples));
  verb->final_callback([verb, &invocation, action = std::move(action)] { invocation.Choose(Path(verb), action); });
  return verb;
}

CLI::Option* AddText(CLI::App* command, const std::string& flags, std::string* target, const std::string& help) {
  return command->add_option(flags, *target, help);
}

CLI::Option* AddTexts(CLI::App* command, const std::string& flags,
                      google::protobuf::RepeatedPtrField<std::string>* target, const std::string& help) {
  return command
      ->add_option_function<std::vector<std::string>>(
          flags, [target](const std::vector<std::string>& values) { target->Assign(values.begin(), values.end()); },
          help)
      ->delimiter(',');
}

CLI::Option* AddEnumNumber(CLI::App* command, const std::string& flags, const google::protobuf::EnumDescriptor* type,
                           std::function<void(int)> set, const std::string& help) {
  return command->add_option_function<std::string>(
      flags,
      [flags, type, set = std::move(set)](const std::string& text) {
        const absl::StatusOr<int> number = ParseEnum(type, text);
        if (!number.ok()) throw CLI::ValidationError(flags, std::string(number.status().message()));
        set(*number);
      },
      absl::StrCat(help, ": ", absl::StrJoin(EnumLabels(type), ", ")));
}

CLI::Option* AddTime(CLI::App* command, const std::string& flags, std::function<google::protobuf::Timestamp*()> target,
                     const std::string& help) {
  return command->add_option_function<std::string>(
      flags,
      [flags, target = std::move(target)](const std::string& text) {
        const absl::StatusOr<absl::Time> time = ParseTime(text);
        if (!time.ok()) throw CLI::ValidationError(flags, std::string(time.status().message()));
        *target() = ToProto(*time);
      },
      absl::StrCat(help, " (such as 2021-08-26T18:00:00Z)"));
}

CLI::Option* AddOperationId(CLI::App* command, std::string* target) {
  return command->add_option("OPERATION", *target, "The operation's id")->required();
}

}  // namespace muster::cli
