// The parser and what needs no broker.
#include "client/cli/app.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "client/cli/acknowledgement_view.h"
#include "client/cli/daemon_socket.h"
#include "client/cli/invocation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;

struct Ended {
  int code;
  std::string out;
  std::string err;
};

Ended Muster(std::vector<const char*> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  arguments.insert(arguments.begin(), "muster");
  const int code = RunMuster(static_cast<int>(arguments.size()), arguments.data(), out, err, false, {});
  return {code, out.str(), err.str()};
}

// A contexts file of the test's own.
class AppTest : public testing::Test {
 protected:
  AppTest() {
    std::string folder = testing::TempDir() + "/muster-app-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    setenv("MUSTER_CONFIG", (folder + "/contexts.toml").c_str(), 1);
  }
};

void ExpectExamples(const CLI::App& command, int* seen) {
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    EXPECT_THAT(sub->get_footer(), HasSubstr("Examples:\n  muster ")) << sub->get_name();
    EXPECT_FALSE(sub->get_description().empty()) << sub->get_name();
    ++*seen;
    ExpectExamples(*sub, seen);
  }
}

TEST_F(AppTest, EveryHelpEndsWithExamples) {
  std::ostringstream out;
  Invocation invocation(&out, &out);
  const std::shared_ptr<CLI::App> app = BuildParser(invocation, {});
  EXPECT_THAT(app->get_footer(), HasSubstr("Examples:\n"));
  int seen = 0;
  ExpectExamples(*app, &seen);
  EXPECT_GT(seen, 35);
}

TEST_F(AppTest, EveryExampleParsesAsFarAsItsFlags) {
  // Every word of an example that looks like a flag is one that its command knows.
  std::ostringstream out;
  Invocation invocation(&out, &out);
  const std::shared_ptr<CLI::App> app = BuildParser(invocation, {});
  const std::function<void(const CLI::App&)> check = [&](const CLI::App& command) {
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      std::istringstream words(sub->get_subcommands([](const CLI::App*) { return true; }).empty() ? sub->get_footer()
                                                                                                  : "");
      for (std::string word; words >> word;) {
        if (word.rfind("-", 0) != 0 || word == "-") continue;
        const bool known = sub->get_option_no_throw(word) != nullptr || app->get_option_no_throw(word) != nullptr;
        EXPECT_TRUE(known) << word << " in the examples of " << sub->get_name();
      }
      check(*sub);
    }
  };
  check(*app);
}

TEST_F(AppTest, HelpIsSuccessAndMistakesAreWrongUsage) {
  EXPECT_EQ(Muster({"--help"}).code, 0);
  EXPECT_THAT(Muster({"--help"}).out, HasSubstr("5  broker not reachable"));
  EXPECT_EQ(Muster({"plan", "wait", "--help"}).code, 0);
  EXPECT_EQ(Muster({}).code, 2);
  EXPECT_EQ(Muster({"plan"}).code, 2);
  EXPECT_EQ(Muster({"plan", "show"}).code, 2);
  EXPECT_EQ(Muster({"whoami", "-o", "xml"}).code, 2);
  EXPECT_EQ(Muster({"tally", "explain", "op", "shoes"}).code, 2);
  const Ended unknown = Muster({"frobnicate"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("frobnicate"));
}

TEST_F(AppTest, WithoutABrokerItSaysWhichFlagIsMissing) {
  const Ended ended = Muster({"whoami", "--broker", "localhost:1"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--cert is missing"));
  EXPECT_EQ(ended.out, "");
}

TEST_F(AppTest, ContextsAreAddedUsedShownAndRemoved) {
  EXPECT_EQ(Muster({"context", "add", "mo", "--broker", "a:1,b:2", "--cert", "/c", "--key", "/k", "--ca", "/a"}).code,
            0);
  EXPECT_EQ(Muster({"context", "add", "ky", "--broker", "c:3", "--cert", "/c", "--key", "/k", "--ca", "/a"}).code, 0);
  EXPECT_THAT(Muster({"context", "show", "-o", "json"}).out, HasSubstr("\"brokers\":[\"a:1\",\"b:2\"]"));
  EXPECT_EQ(Muster({"context", "use", "ky"}).code, 0);
  EXPECT_THAT(Muster({"context", "list"}).out, testing::ContainsRegex("\\* +ky"));
  EXPECT_EQ(Muster({"context", "remove", "ky"}).code, 0);
  EXPECT_EQ(Muster({"context", "use", "ky"}).code, 3);
  EXPECT_EQ(Muster({"context", "show"}).code, 3) << "none is in use";
  EXPECT_EQ(Muster({"whoami", "--context", "ky"}).code, 2);
}

// ---- The daemon on this machine

TEST_F(AppTest, AContextForTheDaemonNeedsNoCertificate) {
  EXPECT_EQ(Muster({"context", "add", "post", "--agent", "/run/elsewhere/agent.sock"}).code, 0);
  EXPECT_THAT(Muster({"context", "show", "-o", "json"}).out,
              HasSubstr("\"brokers\":[\"unix:/run/elsewhere/agent.sock\"]"));
  const Ended ended = Muster({"whoami"});
  EXPECT_EQ(ended.code, 5) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("no daemon answers at /run/elsewhere/agent.sock"));
  EXPECT_THAT(ended.err, HasSubstr("systemctl start muster-agent"));
}

TEST_F(AppTest, TheDaemonSpeaksAsItsAgencyAndNotAsACertificateOfOurs) {
  EXPECT_EQ(Muster({"whoami", "--agent", "/tmp/none.sock", "--cert", "/c"}).code, 2);
  EXPECT_EQ(Muster({"whoami", "--agent", "/tmp/none.sock", "--broker", "a:1"}).code, 2);
  EXPECT_EQ(Muster({"context", "add", "both", "--agent", "/tmp/none.sock", "--broker", "a:1"}).code, 2);
}

// Listens at a socket of its own for as long as it lives.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof(name.sun_path) - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }
  ~Listener() { close(fd_); }

 private:
  const int fd_;
};

TEST_F(AppTest, WithoutContextAndFlagsTheDaemonsSocketIsUsedWhenItIsThere) {
  std::string folder = testing::TempDir() + "muster-socket-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  setenv("MUSTER_AGENT_SOCKET", (folder + "/agent.sock").c_str(), 1);
  const Ended nothing = Muster({"whoami"});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("--broker is missing"));
  const Listener listener(folder + "/agent.sock");
  std::ostringstream out;
  Invocation invocation(&out, &out);
  const absl::StatusOr<ConnectionOptions> options = invocation.Options();
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_THAT(options->brokers, testing::ElementsAre("unix:" + folder + "/agent.sock"));
  EXPECT_TRUE(ProbeDaemon(options->brokers[0]).ok());
  // A context says otherwise.
  EXPECT_EQ(Muster({"context", "add", "mo", "--broker", "a:1", "--cert", "/c", "--key", "/k", "--ca", "/a"}).code, 0);
  EXPECT_THAT(invocation.Options()->brokers, testing::ElementsAre("a:1"));
  unsetenv("MUSTER_AGENT_SOCKET");
}

TEST_F(AppTest, TheDoctorSaysHowToStartADaemonThatIsNotThere) {
  setenv("MUSTER_AGENT_SOCKET", "/nonexistent/agent.sock", 1);
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"doctor"}, std::vector<const char*>{"doctor", "--agent", "/nonexistent/agent.sock"}}) {
    const Ended ended = Muster(words);
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("FAILING  daemon"));
    EXPECT_THAT(ended.out, HasSubstr("  mend: systemctl status muster-agent; systemctl start muster-agent\n"));
  }
  unsetenv("MUSTER_AGENT_SOCKET");
}

TEST_F(AppTest, AnErrorInJsonModeIsAnObjectOnTheErrorStream) {
  const Ended ended = Muster({"-o", "json", "context", "use", "ky"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.err.rfind("{\"error\":{\"command\":\"context use\",\"code\":\"NOT_FOUND\",", 0), 0u) << ended.err;
  EXPECT_EQ(ended.out, "");
}

TEST_F(AppTest, AReplayAgainstBrokersThatAreThereNeedsTheirCertificates) {
  EXPECT_EQ(Muster({"demo", "united-front", "--broker", "a:1"}).code, 2);
  EXPECT_EQ(Muster({"demo", "united-front", "--certificates", "/c"}).code, 2);
  EXPECT_EQ(Muster({"demo", "united-front", "--in-the-middle", "/bin/true"}).code, 2);
  EXPECT_EQ(Muster({"demo", "united-front", "--broker", "a:1", "--certificates", "/c", "--dashboard"}).code, 2);
  EXPECT_EQ(Muster({"demo", "united-front", "--pace", "1"}).code, 2) << "nobody watches";
}

v1::ListAcknowledgementsResponse Acknowledgements(const std::vector<v1::AcknowledgementStatus>& statuses) {
  v1::ListAcknowledgementsResponse response;
  for (size_t i = 0; i < statuses.size(); ++i) {
    v1::Acknowledgement* one = response.add_acknowledgements();
    one->set_agency_id(std::string(1, static_cast<char>('a' + i)));
    one->set_status(statuses[i]);
  }
  return response;
}

TEST(AcknowledgementProgressTest, OnlyAcknowledgedCountsAndStrangersAreMissing) {
  const auto all = Acknowledgements({v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED, v1::ACKNOWLEDGEMENT_STATUS_DELIVERED,
                                     v1::ACKNOWLEDGEMENT_STATUS_REJECTED});
  const AcknowledgementProgress everybody = Progress(all, {});
  EXPECT_EQ(everybody.acknowledged, 1);
  EXPECT_THAT(everybody.missing, testing::ElementsAre("b", "c"));
  EXPECT_EQ(everybody.rejected.size(), 1u);
  EXPECT_TRUE(Progress(all, {"a"}).missing.empty());
  EXPECT_TRUE(Progress(all, {"a", "b"}).rejected.empty()) << "nobody waits for c";
  EXPECT_THAT(Progress(all, {"a", "z"}).missing, testing::ElementsAre("z"));
}

}  // namespace
}  // namespace muster::cli
