#include "client/cli/options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/record_file.h"
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
      ->delimiter(',')
      ->allow_extra_args(false);
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

CLI::Option* AddDuration(CLI::App* command, const std::string& flags, std::function<void(absl::Duration)> set,
                         const std::string& help) {
  return AddParsed(
      command, flags, Times::kOnce,
      [set = std::move(set)](const std::string& text) {
        absl::Duration duration;
        if (!absl::ParseDuration(text, &duration) || duration <= absl::ZeroDuration() ||
            duration == absl::InfiniteDuration()) {
          return absl::InvalidArgumentError(
              absl::StrCat("\"", absl::CHexEscape(text), "\" is not a length of time such as 90m or 2h"));
        }
        set(duration);
        return absl::OkStatus();
      },
      help);
}

CLI::Option* AddNumber(CLI::App* command, const std::string& flags, std::function<void(uint32_t)> set,
                       const std::string& help) {
  return AddParsed(
      command, flags, Times::kOnce,
      [set = std::move(set)](const std::string& text) {
        uint32_t number = 0;
        if (!absl::SimpleAtoi(text, &number)) {
          return absl::InvalidArgumentError(
              absl::StrCat("\"", absl::CHexEscape(text), "\" is not a whole number of at least 0"));
        }
        set(number);
        return absl::OkStatus();
      },
      help);
}

CLI::Option* AddPairs(CLI::App* command, const std::string& flags, std::function<google::protobuf::Message*()> add,
                      const std::string& help) {
  return AddParsed(
      command, flags, Times::kList, [add = std::move(add)](const std::string& text) { return SetPair(text, add()); },
      help);
}

CLI::Option* AddParsed(CLI::App* command, const std::string& flags, Times times,
                       std::function<absl::Status(const std::string&)> parse, const std::string& help) {
  const auto take = [flags, parse = std::move(parse)](const std::string& text) {
    const absl::Status parsed = parse(text);
    if (!parsed.ok()) throw CLI::ValidationError(flags, std::string(parsed.message()));
  };
  if (times == Times::kOnce) return command->add_option_function<std::string>(flags, take, help);
  CLI::Option* option = command->add_option_function<std::vector<std::string>>(
      flags, [take](const std::vector<std::string>& values) { std::for_each(values.begin(), values.end(), take); },
      absl::StrCat(help, times == Times::kList ? "; with commas, or repeated" : "; may be repeated"));
  if (times == Times::kList) option->delimiter(',');
  return option->allow_extra_args(false);  // What follows the flag's one word is not its own.
}

CLI::Option* AddOperationId(CLI::App* command, std::string* target) {
  return command->add_option("OPERATION", *target, "The operation's id")->required();
}

}  // namespace muster::cli
