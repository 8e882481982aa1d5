// A broker that answers WhoAmI and nothing else, on a port of this machine, with any certificate. Test code only.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_TESTING_FAKE_BROKER_H_
#define MUSTER_CLIENT_LIB_DOCTOR_TESTING_FAKE_BROKER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/rich_status.h"
#include "common/testing/test_certificates.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/method_handler.h"
#include "muster/v1/agency.pb.h"

namespace muster::doctor {

class FakeBroker {
 public:
  using WhoAmI = std::function<absl::StatusOr<v1::WhoAmIResponse>()>;

  // Shows `certificate` and accepts clients of `authority` (PEM).
  FakeBroker(const TestCertificate& certificate, const std::string& authority, WhoAmI who_am_i)
      : service_(std::move(who_am_i)) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = authority;
    options.pem_key_cert_pairs.push_back({certificate.key_pem, certificate.certificate_pem});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(options), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~FakeBroker() { server_->Shutdown(); }

  std::string port() const { return std::to_string(port_); }

 private:
  class Service final : public grpc::Service {
   public:
    explicit Service(WhoAmI who_am_i) {
      AddMethod(new grpc::internal::RpcServiceMethod(
          "/muster.v1.AgencyService/WhoAmI", grpc::internal::RpcMethod::NORMAL_RPC,
          new grpc::internal::RpcMethodHandler<Service, v1::WhoAmIRequest, v1::WhoAmIResponse,
                                               google::protobuf::MessageLite, google::protobuf::MessageLite>(
              [who_am_i](Service*, grpc::ServerContext*, const v1::WhoAmIRequest*, v1::WhoAmIResponse* response) {
                absl::StatusOr<v1::WhoAmIResponse> answer = who_am_i();
                if (!answer.ok()) {
                  return grpc::Status(static_cast<grpc::StatusCode>(answer.status().raw_code()),
                                      StatusMessage(answer.status()), ToRichStatusBytes(answer.status()));
                }
                *response = *std::move(answer);
                return grpc::Status::OK;
              },
              this)));
    }
  };

  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_TESTING_FAKE_BROKER_H_
