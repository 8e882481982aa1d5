#include "server/etcd/etcd_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/identity.h"
#include "common/status_macros.h"
#include "common/version.h"
#include "server/etcd/etcd_channels.h"

namespace muster {
namespace {

using Member = EtcdChannels::Member;

// What is wrong with local files is wrong input, whatever the code says.
absl::Status AsInput(const absl::Status& status) {
  return status.ok() ? status : absl::InvalidArgumentError(status.message());
}

absl::StatusOr<TlsContents> ReadOwnTls(const TlsFiles& files) {
  absl::StatusOr<TlsContents> contents = ReadTlsFiles(files);
  if (!contents.ok()) return AsInput(contents.status());
  const absl::StatusOr<CertificateInfo> certificate =
      DescribeCertificatePem(contents->certificate, files.certificate_file);
  if (!certificate.ok()) return AsInput(certificate.status());
  // Whether the certificate is still valid is etcd's to say, by its clock; a wrong clock here must not lock us out.
  MUSTER_RETURN_IF_ERROR(AsInput(CheckTlsContents(*contents, files, certificate->not_before + absl::Seconds(1))));
  return contents;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EtcdClient>> EtcdClient::Create(EtcdOptions options) {
  if (options.endpoints.empty()) {
    return absl::InvalidArgumentError("no endpoint of etcd is named: give the host:port of each member");
  }
  MUSTER_ASSIGN_OR_RETURN(const TlsContents contents, ReadOwnTls(options.tls));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = contents.ca;
  tls.pem_private_key = contents.key;
  tls.pem_cert_chain = contents.certificate;
  return std::unique_ptr<EtcdClient>(
      new EtcdClient(std::make_unique<EtcdChannels>(std::move(options), grpc::SslCredentials(tls))));
}

EtcdClient::EtcdClient(std::unique_ptr<EtcdChannels> channels) : channels_(std::move(channels)) {}

EtcdClient::~EtcdClient() = default;

absl::StatusOr<etcdserverpb::RangeResponse> EtcdClient::Range(const etcdserverpb::RangeRequest& request,
                                                              absl::Duration within) {
  return channels_->Call<etcdserverpb::RangeResponse>(
      within, [&](const Member& member, grpc::ClientContext* context, etcdserverpb::RangeResponse* response) {
        return member.kv->Range(context, request, response);
      });
}

absl::StatusOr<etcdserverpb::PutResponse> EtcdClient::Put(const etcdserverpb::PutRequest& request,
                                                          absl::Duration within) {
  return channels_->Call<etcdserverpb::PutResponse>(
      within, [&](const Member& member, grpc::ClientContext* context, etcdserverpb::PutResponse* response) {
        return member.kv->Put(context, request, response);
      });
}

absl::StatusOr<etcdserverpb::TxnResponse> EtcdClient::Txn(const etcdserverpb::TxnRequest& request,
                                                          absl::Duration within) {
  return channels_->Call<etcdserverpb::TxnResponse>(
      within, [&](const Member& member, grpc::ClientContext* context, etcdserverpb::TxnResponse* response) {
        return member.kv->Txn(context, request, response);
      });
}

absl::Status EtcdClient::Compact(int64_t revision, absl::Duration within) {
  etcdserverpb::CompactionRequest request;
  request.set_revision(revision);
  return channels_
      ->Call<etcdserverpb::CompactionResponse>(
          within,
          [&](const Member& member, grpc::ClientContext* context, etcdserverpb::CompactionResponse* response) {
            return member.kv->Compact(context, request, response);
          })
      .status();
}

absl::StatusOr<etcdserverpb::LeaseGrantResponse> EtcdClient::GrantLease(absl::Duration ttl, absl::Duration within) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(absl::ToInt64Seconds(absl::Ceil(ttl, absl::Seconds(1))));
  return channels_->Call<etcdserverpb::LeaseGrantResponse>(
      within, [&](const Member& member, grpc::ClientContext* context, etcdserverpb::LeaseGrantResponse* response) {
        return member.lease->LeaseGrant(context, request, response);
      });
}

absl::Status EtcdClient::RevokeLease(int64_t lease, absl::Duration within) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease);
  return channels_
      ->Call<etcdserverpb::LeaseRevokeResponse>(
          within,
          [&](const Member& member, grpc::ClientContext* context, etcdserverpb::LeaseRevokeResponse* response) {
            return member.lease->LeaseRevoke(context, request, response);
          })
      .status();
}

absl::StatusOr<absl::Duration> EtcdClient::KeepLeaseAlive(int64_t lease, absl::Duration within) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  const auto renew = [&](const Member& member, grpc::ClientContext* context,
                         etcdserverpb::LeaseKeepAliveResponse* response) {
    const auto stream = member.lease->LeaseKeepAlive(context);
    const bool answered = stream->Write(request) && stream->Read(response);
    stream->WritesDone();
    const grpc::Status end = stream->Finish();
    // The one answer is what counts, however the stream ends after it.
    if (answered) return grpc::Status::OK;
    return end.ok() ? grpc::Status(grpc::StatusCode::UNKNOWN, "the stream ended without an answer") : end;
  };
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::LeaseKeepAliveResponse response,
                          channels_->Call<etcdserverpb::LeaseKeepAliveResponse>(within, renew));
  if (response.ttl() <= 0) return absl::NotFoundError(absl::StrCat("etcd: the lease ", lease, " is gone"));
  return absl::Seconds(response.ttl());
}

std::vector<EtcdMemberHealth> EtcdClient::Health(absl::Duration within) {
  std::vector<EtcdMemberHealth> all;
  for (const Member& member : channels_->members()) {
    EtcdMemberHealth health;
    health.endpoint = member.endpoint;
    const Deadline deadline(within);
    absl::StatusOr<etcdserverpb::StatusResponse> answer =
        absl::UnavailableError(absl::StrCat("etcd at ", member.endpoint, " cannot be reached"));
    if (channels_->Connect(member, within)) {
      answer = channels_->CallMember<etcdserverpb::StatusResponse>(
          member, deadline.left(), [](const Member& asked, grpc::ClientContext* context, auto* response) {
            return asked.maintenance->Status(context, etcdserverpb::StatusRequest(), response);
          });
    }
    health.reachable = answer.status();
    if (answer.ok()) health.status = *std::move(answer);
    all.push_back(std::move(health));
  }
  return all;
}

absl::StatusOr<std::vector<etcdserverpb::AlarmMember>> EtcdClient::Alarms(absl::Duration within) {
  etcdserverpb::AlarmRequest request;
  request.set_action(etcdserverpb::AlarmRequest::GET);
  MUSTER_ASSIGN_OR_RETURN(
      const etcdserverpb::AlarmResponse response,
      channels_->Call<etcdserverpb::AlarmResponse>(
          within, [&](const Member& member, grpc::ClientContext* context, etcdserverpb::AlarmResponse* answer) {
            return member.maintenance->Alarm(context, request, answer);
          }));
  return std::vector<etcdserverpb::AlarmMember>(response.alarms().begin(), response.alarms().end());
}

absl::Status EtcdClient::RecoverSpace(absl::Duration within) {
  absl::Status first_failure;
  for (const Member& member : channels_->members()) {
    const Deadline deadline(within);
    if (!channels_->Connect(member, within)) {
      first_failure.Update(absl::UnavailableError(absl::StrCat("etcd at ", member.endpoint, " cannot be reached")));
      continue;
    }
    first_failure.Update(channels_
                             ->CallMember<etcdserverpb::DefragmentResponse>(
                                 member, deadline.left(),
                                 [](const Member& asked, grpc::ClientContext* context, auto* response) {
                                   return asked.maintenance->Defragment(context, etcdserverpb::DefragmentRequest(),
                                                                        response);
                                 })
                             .status());
  }
  // Also when a member could not be served: where there still is no space, etcd raises its alarm again.
  MUSTER_ASSIGN_OR_RETURN(const std::vector<etcdserverpb::AlarmMember> alarms, Alarms(within));
  for (const etcdserverpb::AlarmMember& alarm : alarms) {
    if (alarm.alarm() != etcdserverpb::NOSPACE) continue;
    etcdserverpb::AlarmRequest request;
    request.set_action(etcdserverpb::AlarmRequest::DEACTIVATE);
    request.set_memberid(alarm.memberid());
    request.set_alarm(etcdserverpb::NOSPACE);
    first_failure.Update(
        channels_
            ->Call<etcdserverpb::AlarmResponse>(
                within,
                [&](const Member& member, grpc::ClientContext* context, etcdserverpb::AlarmResponse* response) {
                  return member.maintenance->Alarm(context, request, response);
                })
            .status());
  }
  return first_failure;
}

const std::vector<std::string>& EtcdClient::endpoints() const { return channels_->options().endpoints; }

std::string EtcdRangeEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  // No key is beyond all prefixes of 0xff: etcd takes a zero byte for "to the end".
  if (end.empty()) return std::string(1, '\0');
  ++end.back();
  return end;
}

bool IsEtcdTooOld(absl::string_view version) { return IsOlderVersion(version, kEtcdVersionMin); }

}  // namespace muster
