// A reader that stops reading: the others go on, and it gets everything once it reads again.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/demo/subprocess.h"
#include "client/lib/subscription.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "tests/faults/scenario.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// Far more than the pipes between broker and reader hold, with a queue of 16 deliveries.
constexpr uint64_t kTraffic = 3000;
constexpr uint64_t kTimesByDefault = 2;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int ReadFeedToFile(const std::string& broker, const std::string& agency_id, const std::string& out,
                   const std::string& stop) {
  const CertificateFiles files = OperatorOf(agency_id);
  ConnectionOptions options;
  options.brokers = {broker};
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.ca_file = CaFile();
  const auto connection = Connect(std::move(options));
  if (!connection.ok()) return 1;
  std::ofstream file(out, std::ios::binary);
  Subscription feed(*connection, {});
  for (;;) {
    const auto next = feed.Next(absl::Milliseconds(100));
    if (!next.ok()) return 1;
    if (next->has_value()) {
      google::protobuf::util::SerializeDelimitedToOstream(**next, &file);
    } else if (fs::exists(stop) && feed.cursor() == Contents(stop)) {
      return file.flush() ? 0 : 1;
    }
  }
}

Report StoppedReader(const ScenarioOptions& options) {
  Report report;
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker.limits = "reader_queue_max = 16";
  world_options.pace = absl::ZeroDuration();
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  const std::string out = options.work + "/transcript", stop = options.work + "/stop";
  const auto reader = Subprocess::Start({"/proc/self/exe", "--read-feed", world.broker().address(), kLead, out, stop},
                                        options.work + "/reader.log");
  if (!reader.ok()) report.Fail(absl::StrCat("no reader: ", reader.status().message()));
  if (!reader.ok()) return report;
  world.StartTraffic();
  const uint64_t wanted = options.count == 0 ? kTimesByDefault : options.count;
  for (uint64_t i = 0; i < wanted && report.sound(); ++i) {
    if (!world.WaitForTraffic(100)) report.Fail("nothing is acknowledged");
    (*reader)->Signal(SIGSTOP);
    ++report.faults["reader_stopped"];
    if (!world.WaitForTraffic(kTraffic, absl::Seconds(60))) {
      report.Fail("the others do not go on while one reader has stopped");
    }
    (*reader)->Signal(SIGCONT);
  }
  world.Finish([&] {
    const absl::StatusOr<std::string> end = world.EndOfFeed(kLead);
    if (!end.ok()) report.Fail(absl::StrCat("the end of the feed: ", end.status().ToString()));
    std::ofstream(stop + ".new", std::ios::binary) << end.value_or("");
    fs::rename(stop + ".new", stop);
    const absl::StatusOr<int> ended = (*reader)->Wait(kPatience);
    if (!ended.ok() || *ended != 0)
      report.Fail(absl::StrCat("the stopped reader's feed broke: ", (*reader)->LogTail()));
    std::ifstream file(out, std::ios::binary);
    google::protobuf::io::IstreamInputStream stream(&file);
    v1::Delivery delivery;
    while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&delivery, &stream, nullptr)) {
      world.history().Read("the stopped reader", kLead, delivery);
      delivery.Clear();
    }
    world.history().ReadAll("the stopped reader", kLead);
  });
  return report;
}

}  // namespace muster
