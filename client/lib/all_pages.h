// Reads a list whole, page by page.
//
//   MUSTER_ASSIGN_OR_RETURN(const v1::ListAgenciesResponse all,
//                           AllPages(client, &Client::ListAgencies, v1::ListAgenciesRequest()));
#ifndef MUSTER_CLIENT_LIB_ALL_PAGES_H_
#define MUSTER_CLIENT_LIB_ALL_PAGES_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/lib/client.h"
#include "common/status_macros.h"

namespace muster {

// Every item of `list` for `request`, whose page options are ours to set. The cursor is that of the first page:
// following the feed from there misses nothing of what happened while the others were read.
template <typename Request, typename Response>
absl::StatusOr<Response> AllPages(Client& client, absl::StatusOr<Response> (Client::*list)(const Request&),
                                  Request request) {
  constexpr uint32_t kPageSize = 1000;
  request.mutable_page()->set_page_size(kPageSize);
  Response all;
  std::string first_cursor;
  do {
    MUSTER_ASSIGN_OR_RETURN(const Response page, (client.*list)(request));
    if (first_cursor.empty()) first_cursor = page.cursor();
    all.clear_next_page_token();
    all.MergeFrom(page);
    request.mutable_page()->set_page_token(page.next_page_token());
  } while (!all.next_page_token().empty());
  all.set_cursor(std::move(first_cursor));
  return all;
}

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_ALL_PAGES_H_
