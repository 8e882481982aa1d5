// An after-action report as Markdown, for people to read, print and keep.
#ifndef MUSTER_CLIENT_LIB_REPORT_REPORT_MARKDOWN_H_
#define MUSTER_CLIENT_LIB_REPORT_REPORT_MARKDOWN_H_

#include <string>

#include "muster/v1/report.pb.h"

namespace muster {

// Text that others wrote cannot change the document's structure: what Markdown or HTML would take for markup is
// escaped, line breaks become spaces. Times are in UTC.
std::string RenderMarkdown(const v1::AfterActionReport& report);

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_REPORT_REPORT_MARKDOWN_H_
