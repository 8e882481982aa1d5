// Pages for people, made here and without scripts: what has gone wrong, and what to do.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_PAGES_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_PAGES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "client/gateway/http/message.h"

namespace muster::gateway {

struct Page {
  int status = 200;
  absl::string_view title;
  // A sentence or two: what happened, and why.
  absl::string_view what;
  // What to do next.
  absl::string_view next;
};

// Of signing in with a certificate.
extern const Page kFromElsewherePage;
extern const Page kNoCertificatePage;
extern const Page kUnknownAuthorityPage;
extern const Page kExpiredCertificatePage;
extern const Page kUnknownPersonPage;
extern const Page kRemovedPersonPage;
// Of the main listener, under /page/.
extern const Page kLockedPage;
extern const Page kSignedOutPage;
extern const Page kSessionEndedPage;
// Of any.
extern const Page kNotFoundPage;
extern const Page kWrongMethodPage;
extern const Page kWrongHostPage;
extern const Page kTooManyRequestsPage;
extern const Page kBusyPage;
extern const Page kNoApplicationPage;

// `home` is the address of the link back; none when it is empty.
HttpAnswer PageAnswer(const Page& page, absl::string_view home);

// The page that lies at `path` of the main listener; null when none does.
const Page* PageAt(absl::string_view path);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_PAGES_H_
