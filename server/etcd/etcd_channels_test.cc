// What the answers of etcd, and of gRPC in its place, mean for whoever asked: above all, whether it was done.
#include "server/etcd/etcd_channels.h"

#include <gtest/gtest.h>

namespace muster {
namespace {

absl::StatusCode Meaning(grpc::StatusCode code, const std::string& message) {
  return FromEtcd(grpc::Status(code, message), "127.0.0.1:2379").code();
}

TEST(FromEtcdTest, OnlyAFailureToConnectMeansThatNothingWasSent) {
  EXPECT_EQ(Meaning(grpc::StatusCode::UNAVAILABLE, "failed to connect to all addresses; last error: refused"),
            absl::StatusCode::kUnavailable);
  for (const char* message : {"Socket closed", "recvmsg:Connection reset by peer", "etcdserver: request timed out",
                              "etcdserver: leader changed", "etcdserver: no leader", ""}) {
    EXPECT_EQ(Meaning(grpc::StatusCode::UNAVAILABLE, message), absl::StatusCode::kUnknown) << message;
  }
}

TEST(FromEtcdTest, WhatEndsACallBeforeItsAnswerLeavesItsFateUnknown) {
  for (const grpc::StatusCode code : {grpc::StatusCode::DEADLINE_EXCEEDED, grpc::StatusCode::CANCELLED,
                                      grpc::StatusCode::UNKNOWN, grpc::StatusCode::INTERNAL}) {
    EXPECT_EQ(Meaning(code, "etcdserver: something"), absl::StatusCode::kUnknown) << code;
  }
}

TEST(FromEtcdTest, ARefusalOfEtcdIsToldFromOneOfGrpc) {
  EXPECT_EQ(Meaning(grpc::StatusCode::RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"),
            absl::StatusCode::kResourceExhausted);
  // The answer was too large, not the request: that was done.
  EXPECT_EQ(Meaning(grpc::StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 8)"),
            absl::StatusCode::kUnknown);
}

TEST(FromEtcdTest, ADefiniteAnswerKeepsItsCodeAndNamesTheMember) {
  const absl::Status status =
      FromEtcd(grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "etcdserver: mvcc: compacted"), "host:2379");
  EXPECT_EQ(status, absl::OutOfRangeError("etcd at host:2379: etcdserver: mvcc: compacted"));
  EXPECT_EQ(Meaning(grpc::StatusCode::INVALID_ARGUMENT, "etcdserver: request is too large"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(FromEtcd(grpc::Status::OK, "host:2379").ok());
}

}  // namespace
}  // namespace muster
