#include "tests/etcd/etcd_certificates.h"

#include <fstream>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/cli/demo/subprocess.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr char kOpenssl[] = "/usr/bin/openssl";
constexpr absl::Duration kMakeWait = absl::Seconds(30);

// What all three certificates have in common, and one section of extensions for each.
std::string Config(const std::vector<std::string>& hosts) {
  std::string names = "DNS:localhost, IP:127.0.0.1";
  for (const std::string& host : std::set<std::string>(hosts.begin(), hosts.end())) {
    if (host != "127.0.0.1") absl::StrAppend(&names, ", IP:", host);
  }
  return absl::StrCat(
      "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = made for a test\n"
      "[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n"
      "subjectKeyIdentifier = hash\n"
      "[member]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n"
      "extendedKeyUsage = serverAuth, clientAuth\nsubjectAltName = ",
      names,
      "\n[client]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n"
      "extendedKeyUsage = clientAuth\n");
}

// Makes `folder`/`name`.crt and .key. The authority signs itself.
absl::Status Make(const std::string& folder, const std::string& name) {
  const std::string base = absl::StrCat(folder, "/", name);
  std::vector<std::string> command = {kOpenssl,
                                      "req",
                                      "-x509",
                                      "-config",
                                      absl::StrCat(folder, "/openssl.cnf"),
                                      "-extensions",
                                      name,
                                      "-nodes",
                                      "-newkey",
                                      "ec",
                                      "-pkeyopt",
                                      "ec_paramgen_curve:P-256",
                                      "-days",
                                      "2",
                                      "-subj",
                                      absl::StrCat("/CN=", name),
                                      "-keyout",
                                      absl::StrCat(base, ".key"),
                                      "-out",
                                      absl::StrCat(base, ".crt")};
  if (name != "ca") {
    command.insert(command.end(), {"-CA", absl::StrCat(folder, "/ca.crt"), "-CAkey", absl::StrCat(folder, "/ca.key")});
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Subprocess> openssl,
                          Subprocess::Start(command, absl::StrCat(folder, "/openssl.log")));
  MUSTER_ASSIGN_OR_RETURN(const int code, openssl->Wait(kMakeWait));
  if (code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("openssl could not make ", base, ": ", openssl->LogTail()));
}

}  // namespace

absl::StatusOr<EtcdCertificates> MakeEtcdCertificates(const std::string& folder,
                                                      const std::vector<std::string>& hosts) {
  std::ofstream(absl::StrCat(folder, "/openssl.cnf")) << Config(hosts);
  const std::string ca = absl::StrCat(folder, "/ca.crt");
  for (const char* name : {"ca", "member", "client"}) MUSTER_RETURN_IF_ERROR(Make(folder, name));
  return EtcdCertificates{{absl::StrCat(folder, "/member.crt"), absl::StrCat(folder, "/member.key"), ca},
                          {absl::StrCat(folder, "/client.crt"), absl::StrCat(folder, "/client.key"), ca}};
}

}  // namespace muster
