// Certificates as the doctor looks at them: who signed whom, for which name, until when.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_CERTIFICATES_H_
#define MUSTER_CLIENT_LIB_DOCTOR_CERTIFICATES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/doctor/finding.h"
#include "common/certificate_chain.h"

namespace muster::doctor {

// Its subject, for a person: "CN=broker,O=Muster example". Control characters escaped, at most 200 bytes.
std::string NameOf(const X509& certificate);
absl::Time NotAfter(const X509& certificate);
absl::Time NotBefore(const X509& certificate);

// "broker, signed by Example CA, which is in ca.pem", or why the first of `chain` leads to none of `authorities`.
// Says nothing of expiry.
struct ChainAnswer {
  bool holds = false;
  std::string text;
};
ChainAnswer FollowChain(const Certificates& chain, const Certificates& authorities, Purpose purpose,
                        absl::string_view authorities_name);

// Whether the certificate is made out to `host`, a name or an address.
bool IsMadeOutTo(const X509& certificate, const std::string& host);
// The names that it is made out to: "broker.example, 10.0.0.7".
std::string NamesIn(const X509& certificate);

// expiry: a warning 30 and 14 days before, a failure from 3 days before on, and before it is valid at all. `what`
// begins the sentence.
Finding JudgeExpiry(const Subject& subject, absl::string_view what, const X509& certificate, absl::Time now,
                    absl::string_view remedy);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_CERTIFICATES_H_
