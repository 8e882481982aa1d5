#include "client/gateway/gateway.h"

#include <pthread.h>

#include <utility>

#include "client/gateway/config.h"
#include "client/gateway/http/tls_context.h"
#include "common/config.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "google/protobuf/util/message_differencer.h"

namespace muster::gateway {
namespace {

constexpr size_t kPageThreads = 2;
constexpr size_t kPagesWaiting = 1024;
// Calls that wait for a broker block a thread each.
constexpr size_t kCallThreads = 64;
constexpr size_t kCallsEach = 16;
constexpr size_t kCallsWaiting = 256;
// Half of the places where attempts wait for their password to be looked at: whoever tries without end from one address
// leaves the other half.
constexpr size_t kAttemptsEach = Passwords::kWaitingMax / 2;
// A page would rather say that no broker answers than wait: it asks again by itself.
constexpr absl::Duration kCallDeadline = absl::Seconds(10);
constexpr absl::Duration kAttemptDeadline = absl::Seconds(5);
// How many calls pass at once before the rate counts: what a page asks for when it opens.
constexpr double kBurst = 4;
constexpr double kSignInBurst = 2;

SessionLimits LimitsOf(const config::v1::GatewaySessionConfig& session) {
  return {.idle = ToDuration(session.idle()), .longest = ToDuration(session.longest())};
}

HttpsLimits LimitsOf(const config::v1::GatewayLimitsConfig& limits) {
  HttpsLimits https;
  https.connections = limits.connections();
  https.connections_each = limits.connections_per_address();
  return https;
}

TlsFiles FilesOf(const config::v1::GatewayListenConfig& listen) {
  return {.certificate_file = listen.certificate_file(),
          .key_file = listen.key_file(),
          .ca_file = listen.certificate_login().ca_file()};
}

void Refresh(absl::string_view whose, WatchedTlsFiles* files) {
  const absl::StatusOr<bool> refreshed = files->RefreshIfChanged();
  if (!refreshed.ok()) {
    LogError("new TLS files are not usable; the old ones stay in force",
             {{"whose", whose}, {"why", refreshed.status().message()}});
  } else if (*refreshed) {
    LogInfo("new TLS files are in force for new connections", {{"whose", whose}});
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<Connection>> ConnectAs(const config::v1::GatewayBrokersConfig& brokers,
                                                      const TlsContents& contents) {
  ConnectionOptions options;
  options.brokers.assign(brokers.addresses().begin(), brokers.addresses().end());
  options.certificate_file = brokers.certificate_file();
  options.key_file = brokers.key_file();
  options.ca_file = brokers.ca_file();
  options.tls = contents;
  options.server_name = brokers.server_name();
  options.deadline = kCallDeadline;
  options.attempt_deadline = kAttemptDeadline;
  options.on_copy = NoteCopies();
  return Connect(std::move(options));
}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(Options options) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<People> people, People::Open(options.config.state_dir(), options.clock));
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(options), std::move(people)));
  MUSTER_RETURN_IF_ERROR(gateway->Listen());
  MUSTER_RETURN_IF_ERROR(gateway->ReadFiles());
  gateway->Serve();
  return gateway;
}

Gateway::Gateway(Options options, std::unique_ptr<People> people)
    : options_(std::move(options)),
      people_(std::move(people)),
      passwords_(options_.password_cost),
      sign_in_(people_.get(), &passwords_, options_.clock),
      sessions_(LimitsOf(options_.config.session()), options_.clock),
      per_session_(options_.config.limits().calls_per_second(), kBurst * options_.config.limits().calls_per_second(),
                   options_.clock),
      per_address_(options_.config.limits().calls_per_second(), kBurst * options_.config.limits().calls_per_second(),
                   options_.clock),
      sign_ins_(options_.config.limits().sign_ins_per_second(),
                kSignInBurst * options_.config.limits().sign_ins_per_second(), options_.clock),
      slots_(options_.config.limits().streams()),
      calls_each_(kCallsEach),
      attempts_each_(kAttemptsEach),
      forwarder_(&office_),
      session_service_(&sign_in_, &sessions_, &sign_ins_, &attempts_each_),
      calls_({.methods = &methods_,
              .forwarder = &forwarder_,
              .sessions = &sessions_,
              .session_service = &session_service_,
              .per_session = &per_session_,
              .per_address = &per_address_,
              .slots = &slots_,
              .calls_each = &calls_each_}),
      page_threads_("page", kPageThreads, kPagesWaiting),
      call_threads_("call", kCallThreads, kCallsWaiting),
      // A slot is free a moment before its thread is.
      stream_threads_("stream", options_.config.limits().streams(), options_.config.limits().streams()),
      listener_files_(FilesOf(options_.config.listen()),
                      [this](const TlsContents& contents) { return UseForListeners(contents); }) {
  const config::v1::GatewayBrokersConfig& brokers = options_.config.brokers();
  if (IsDaemon(brokers.addresses(0))) return;
  office_files_.emplace(TlsFiles{brokers.certificate_file(), brokers.key_file(), brokers.ca_file()},
                        [this](const TlsContents& contents) { return UseForBrokers(contents); });
}

Gateway::~Gateway() { Stop(absl::ZeroDuration()); }

absl::Status Gateway::Listen() {
  const config::v1::GatewayListenConfig& listen = options_.config.listen();
  const HttpsLimits limits = LimitsOf(options_.config.limits());
  MUSTER_ASSIGN_OR_RETURN(main_, HttpsServer::Listen(listen.address(), limits));
  if (!listen.has_certificate_login()) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(login_, HttpsServer::Listen(listen.certificate_login().address(), limits));
  return absl::OkStatus();
}

absl::Status Gateway::ReadFiles() {
  // What is wrong with files at the start is wrong input, whatever the code says.
  const auto as_input = [](const absl::Status& status) {
    return status.ok() ? status : absl::InvalidArgumentError(status.message());
  };
  MUSTER_RETURN_IF_ERROR(as_input(listener_files_.RefreshIfChanged().status()));
  if (!office_files_.has_value()) return UseForBrokers({});
  return as_input(office_files_->RefreshIfChanged().status());
}

absl::Status Gateway::UseForListeners(const TlsContents& contents) {
  const TlsFiles names = FilesOf(options_.config.listen());
  MUSTER_ASSIGN_OR_RETURN(UniqueSslContext main, MakeTlsContext(contents, names));
  // At the start a wrong clock must not keep the gateway from saying so; later the old certificate is the better one.
  if (started_) MUSTER_RETURN_IF_ERROR(CheckIsValidAt(options_.clock->Now(), names, *main));
  if (login_ != nullptr) {
    MUSTER_ASSIGN_OR_RETURN(UniqueSslContext login, MakeTlsContext(contents, names));
    MUSTER_RETURN_IF_ERROR(AskForCertificates(contents, names, login.get()));
    login_->UseTls(std::move(login));
  }
  main_->UseTls(std::move(main));
  return absl::OkStatus();
}

absl::Status Gateway::UseForBrokers(const TlsContents& contents) {
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection,
                          options_.connect(options_.config.brokers(), contents));
  office_.Use(std::move(connection));
  return absl::OkStatus();
}

void Gateway::Serve() {
  const config::v1::GatewayListenConfig& listen = options_.config.listen();
  // Browsers keep such a word about a name, and localhost is everybody's.
  const bool strict_transport = !listen.public_name().empty();
  absl::StatusOr<StaticFiles> files = StaticFiles::Load(options_.config.dashboard_dir());
  has_application_ = files.ok();
  if (!files.ok()) LogWarn("there is no dashboard to serve", {{"why", files.status().message()}});
  const HttpsThreads threads = {&page_threads_, &call_threads_, &stream_threads_};
  main_front_ = std::make_unique<MainFront>(
      Origins(listen.address(), listen.public_name(), main_->port()), login_port(), strict_transport,
      files.ok() ? std::optional(*std::move(files)) : std::nullopt, &calls_, &per_address_);
  main_->Start([this](const HttpRequest& request) { return main_front_->Serve(request); },
               [this](const HttpRequest& head) { return calls_.BodyBytesMax(head); }, threads);
  if (login_ != nullptr) {
    login_front_ = std::make_unique<LoginFront>(
        Origins(listen.certificate_login().address(), listen.public_name(), login_->port()), main_->port(),
        strict_transport, people_.get(), &sessions_, &sign_ins_);
    login_->Start([this](const HttpRequest& request) { return login_front_->Serve(request); },
                  [](const HttpRequest&) { return uint64_t{0}; }, threads);
  }
  started_ = true;
  upkeep_ = std::thread([this] { Upkeep(); });
}

std::optional<int> Gateway::login_port() const {
  return login_ == nullptr ? std::nullopt : std::optional(login_->port());
}

bool Gateway::Stands(const SessionView& view) const {
  const absl::StatusOr<v1::PersonRecord> now = people_->Find(view.session.person());
  if (now.ok()) return google::protobuf::util::MessageDifferencer::Equals(*now, view.person);
  // A file that cannot be read at this moment takes nobody's session away.
  return !absl::IsNotFound(now.status()) && !absl::IsDataLoss(now.status());
}

void Gateway::Upkeep() {
  pthread_setname_np(pthread_self(), "upkeep");
  while (stopping_.WaitBeyond(0, options_.upkeep_every) == 0) {
    sessions_.Sweep([this](const SessionView& view) { return Stands(view); });
    Refresh("the listeners", &listener_files_);
    if (office_files_.has_value()) Refresh("the office", &*office_files_);
    upkeeps_.Bump();
  }
}

void Gateway::Stop(absl::Duration grace) {
  stopping_.Bump();
  if (upkeep_.joinable()) upkeep_.join();
  if (main_ != nullptr) main_->Stop(grace);
  if (login_ != nullptr) login_->Stop(absl::ZeroDuration());
  office_.Close();
  page_threads_.Stop();
  call_threads_.Stop();
  stream_threads_.Stop();
}

}  // namespace muster::gateway
