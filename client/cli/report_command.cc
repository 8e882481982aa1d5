#include "client/cli/report_command.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/options.h"
#include "client/cli/printer.h"
#include "client/cli/text.h"
#include "client/lib/report/collect_report.h"
#include "client/lib/report/report_markdown.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (file) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": check that its folder exists and has room"));
}

absl::Status Report(Invocation& invocation, const std::string& operation_id, const std::string& path) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::AfterActionReport report, CollectReport(*client, operation_id));
  Printer& printer = invocation.printer();
  printer.Banner(report.mode());
  const bool json = printer.format() == OutputFormat::kJson || printer.format() == OutputFormat::kJsonLines;
  const std::string text =
      json ? absl::StrCat(RenderJson(report, /*always_print_zeros=*/false), "\n") : RenderMarkdown(report);
  if (path.empty()) {
    printer.out() << (json ? text : EscapeForTerminal(text, /*multiline=*/true));
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(Write(path, text));
  printer.Progress(absl::StrCat("report of ", report.deliveries(), " deliveries written to ", path, "; ",
                                report.gaps_size(), " gaps"));
  return absl::OkStatus();
}

}  // namespace

void AddReportCommand(CLI::App& operation, Invocation& invocation) {
  const auto id = std::make_shared<std::string>();
  const auto path = std::make_shared<std::string>();
  CLI::App* verb =
      AddVerb(operation, invocation, "report", "Write the after-action report, from your agency's feed alone",
              {"operation report united-front-2021 --out report.md",
               "operation report united-front-2021 -o json --out report.json"},
              [&invocation, id, path] { return Report(invocation, *id, *path); });
  AddOperationId(verb, id.get());
  AddText(verb, "--out", path.get(), "The file to write; standard output by default. Markdown, or JSON with -o json");
}

}  // namespace muster::cli
