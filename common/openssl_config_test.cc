// A process of its own: what OpenSSL is told here holds until the process ends. The configuration file is chosen by the
// environment, so each test starts this binary again as a child.
#include "common/openssl_config.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/openssl_ptr.h"

namespace muster {
namespace {

bool TicketsAreOff() {
  const UniqueSslContext context(SSL_CTX_new(TLS_server_method()));
  return context != nullptr && (SSL_CTX_get_options(context.get()) & SSL_OP_NO_TICKET) != 0 &&
         SSL_CTX_get_num_tickets(context.get()) == 0;
}

enum class Use { kNone, kConfigurationLoadedBefore, kConfigurationAskedForAfterwards };

// Runs in a child that exits with 0 when tickets were on before the call and are off after it.
[[noreturn]] void SwitchOffAndExit(Use use) {
  if (use == Use::kConfigurationLoadedBefore && TicketsAreOff()) _exit(10);
  if (const absl::Status status = DisableTlsSessionTickets(); !status.ok()) {
    fprintf(stderr, "%s\n", status.ToString().c_str());
    _exit(11);
  }
  if (use == Use::kConfigurationAskedForAfterwards) OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  _exit(TicketsAreOff() ? 0 : 12);
}

// A configuration file that turns on what we turn off.
std::string HostileConfiguration() {
  std::string path = absl::StrCat(::testing::TempDir(), "/tickets_on_", getpid(), ".cnf");
  std::ofstream(path) << "openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n"
                         "Options = SessionTicket\nNumTickets = 4\nMinProtocol = TLSv1.2\n";
  return path;
}

// In this process OpenSSL has loaded no configuration yet: the child does, by the environment it finds.
int RunWithConfiguration(const std::string& path, Use use) {
  const pid_t child = fork();
  if (child == 0) {
    if (path.empty()) {
      unsetenv("OPENSSL_CONF");
    } else {
      setenv("OPENSSL_CONF", path.c_str(), 1);
    }
    SwitchOffAndExit(use);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(OpenSslConfigTest, TicketsAreOffUnderTheSystemsConfiguration) {
  EXPECT_EQ(RunWithConfiguration("", Use::kNone), 0);
  EXPECT_EQ(RunWithConfiguration("", Use::kConfigurationLoadedBefore), 0);
}

TEST(OpenSslConfigTest, TicketsAreOffWhenTheEnvironmentNamesAFileThatTurnsThemOn) {
  EXPECT_EQ(RunWithConfiguration(HostileConfiguration(), Use::kNone), 0);
}

// A shared library may use OpenSSL before main.
TEST(OpenSslConfigTest, TicketsAreOffWhenTheHostileFileWasLoadedBefore) {
  EXPECT_EQ(RunWithConfiguration(HostileConfiguration(), Use::kConfigurationLoadedBefore), 0);
}

// Every gRPC server asks for the configuration anew; that must not bring the file back.
TEST(OpenSslConfigTest, TicketsStayOffWhenTheConfigurationIsAskedForAfterwards) {
  EXPECT_EQ(RunWithConfiguration(HostileConfiguration(), Use::kConfigurationAskedForAfterwards), 0);
}

TEST(OpenSslConfigTest, TicketsAreOffWhenTheNamedFileIsMissing) {
  EXPECT_EQ(RunWithConfiguration("/nonexistent/openssl.cnf", Use::kNone), 0);
}

TEST(OpenSslConfigTest, CallingTwiceIsHarmless) {
  const pid_t child = fork();
  if (child == 0) {
    const bool both = DisableTlsSessionTickets().ok() && DisableTlsSessionTickets().ok();
    _exit(both && TicketsAreOff() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace muster
