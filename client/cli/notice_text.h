// A feed notice in one line.
#ifndef MUSTER_CLIENT_CLI_NOTICE_TEXT_H_
#define MUSTER_CLIENT_CLI_NOTICE_TEXT_H_

#include <string>

#include "muster/v1/submission.pb.h"

namespace muster::cli {

// What kind of notice it is: the name of the field that holds its content, such as `tally_entry`.
std::string NoticeKind(const v1::Notice& notice);

// What happened, for a person. Not yet fit for a terminal: it holds the broker's strings as they are.
std::string DescribeNotice(const v1::Notice& notice);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_NOTICE_TEXT_H_
