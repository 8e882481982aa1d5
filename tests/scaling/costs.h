// What things cost: every number that the simulation rests on, and where it is from. What was measured was measured on
// a machine with two cores that clients and server shared, Debian 12, gRPC 1.51, mutual TLS with ECDSA P-256, records
// of 256 bytes; what was not is marked as assumed.
#ifndef MUSTER_TESTS_SCALING_COSTS_H_
#define MUSTER_TESTS_SCALING_COSTS_H_

#include "tests/scaling/fixed_math.h"

namespace muster::scaling {

// ---- Processor time ----------------------------------------------------------------------------------------------

// A delivery that goes out alone in its stream message; measured: 9 us to 12 readers, 12 to 100, 19 to 1,000.
inline constexpr Nanos kDeliveryAlone = 19 * kMicrosecond;
// One that finds others waiting for the same reader and joins their message; measured: 0.5-0.7 us at 64 in a message.
inline constexpr Nanos kDeliveryJoining = 700;
// A unary call, the server's side; measured: 25-31 us. A client's side of a forwarded one is taken to cost the same.
inline constexpr Nanos kCall = 31 * kMicrosecond;
// A TLS handshake with both certificates, and the stream after it; measured: 2.0-2.5 ms.
inline constexpr Nanos kHandshake = 2'500 * kMicrosecond;
// Deciding one event and storing its notice, by one thread; measured: 14.6 us each when 21,424 events were replayed
// after a restart without snapshots. Twice that, for what a live event needs besides (queue, encoding, waking readers).
inline constexpr Nanos kApply = 30 * kMicrosecond;

// Cores of a broker's host that calls and streams have; the thread that decides has one of its own. Assumed.
inline constexpr int kStreamCores = 4;
// What a relay has: it stands beside a broker. Assumed.
inline constexpr int kRelayCores = 2;

// ---- Memory ------------------------------------------------------------------------------------------------------

// Of a connection with an open stream, in the broker; measured: 114 KB.
inline constexpr int64_t kStreamBytes = 114'000;

// ---- Commits -----------------------------------------------------------------------------------------------------

// One transaction of etcd, three members, one in flight; measured: 1.7 ms p50, 7-9 ms p99 (2.33 sigma).
inline constexpr LogNormal kCommit = {1'700 * kMicrosecond, 961};
// The mean of that distribution, for how much one thread can do at most.
inline constexpr Nanos kCommitMean = 2'122 * kMicrosecond;
// One broker's embedded log, SQLite with 16 KiB pages; measured: 93 us p50, 196 us p99.
inline constexpr LogNormal kLocalCommit = {93 * kMicrosecond, 462};
inline constexpr Nanos kLocalCommitMean = 98 * kMicrosecond;
// Events of one batch: EtcdEventLog's limit.
inline constexpr int kBatchEventsMax = 1'024;

// ---- Links, assumed ----------------------------------------------------------------------------------------------

inline constexpr Nanos kWithinCell = 1 * kMillisecond;
inline constexpr Nanos kBetweenCellsMin = 25 * kMillisecond;
inline constexpr Nanos kBetweenCellsMax = 35 * kMillisecond;
// 20 to 200 ms are two sigma each way.
inline constexpr LogNormal kLastMile = {63'246 * kMicrosecond, 831};
// What one cell can send to all others: 1 Gbit/s.
inline constexpr Nanos kBetweenCellsPerByte = 8;

// ---- Sizes in bytes ----------------------------------------------------------------------------------------------

// A submission or a notice; what the measurements used.
inline constexpr int64_t kRecordBytes = 256;
// Cursor and previous cursor of one reader.
inline constexpr int64_t kReaderHeaderBytes = 24;
// Around one message: gRPC 5, HTTP/2 9, TLS 22, TCP and IP 40.
inline constexpr int64_t kFrameBytes = 76;

// ---- A command post that was cut off (client/lib/retry.h, client/agent/bundle.cc, agent.proto)
// -----------------------

inline constexpr Nanos kBackoffFirst = 100 * kMillisecond;
inline constexpr Nanos kBackoffMax = 30 * kSecond;

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_COSTS_H_
