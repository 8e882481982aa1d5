#include "client/agent/store/inbox_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/encoding.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

std::string DeliveryPlace(const SealedDelivery& row) {
  return absl::StrCat("inbox/", row.row, "/", absl::BytesToHexString(row.cursor), "/", row.received_at);
}

std::string GapPlace(int64_t gap, uint64_t after_row, absl::string_view next_cursor) {
  return absl::StrCat("gap/", gap, "/", after_row, "/", absl::BytesToHexString(next_cursor));
}

}  // namespace

absl::Status InsertDelivery(Session& session, uint64_t row, const muster::v1::Delivery& delivery, absl::Time now) {
  SealedDelivery sealed;
  sealed.row = row;
  sealed.cursor = delivery.cursor();
  sealed.received_at = ToColumn(now);
  sealed.sealed = SealMessage(session.sealer(), delivery, DeliveryPlace(sealed));
  MUSTER_RETURN_IF_ERROR(session.Run("INSERT INTO inbox VALUES(?1, ?2, ?3, ?4)", sealed.row, Blob{sealed.cursor},
                                     sealed.received_at, Blob{sealed.sealed}));
  const std::string operation = OperationFingerprint(session.sealer(), delivery.notice().operation_id());
  if (operation.empty()) return absl::OkStatus();
  return session.Run("INSERT OR REPLACE INTO operations VALUES(?1, ?2)", Blob{operation}, row);
}

absl::StatusOr<std::vector<SealedDelivery>> ReadDeliveries(Session& session, uint64_t row, size_t count_max,
                                                           size_t bytes_max) {
  std::vector<SealedDelivery> deliveries;
  size_t bytes = 0;
  MUSTER_ASSIGN_OR_RETURN(
      Rows rows,
      session.Query("SELECT row, cursor, received_at, delivery FROM inbox WHERE row > ?1 ORDER BY row LIMIT ?2", row,
                    count_max));
  MUSTER_ASSIGN_OR_RETURN(bool found, rows.Next());
  while (found) {
    bytes += rows.Bytes(3).size();
    if (!deliveries.empty() && bytes > bytes_max) break;
    deliveries.push_back({rows.Number(0), std::string(rows.Bytes(1)), rows.Int(2), std::string(rows.Bytes(3))});
    MUSTER_ASSIGN_OR_RETURN(found, rows.Next());
  }
  return deliveries;
}

absl::StatusOr<Inbox::Stored> OpenDelivery(const Sealer& sealer, const SealedDelivery& sealed) {
  Inbox::Stored stored;
  stored.row = sealed.row;
  stored.received_at = FromColumn(sealed.received_at);
  MUSTER_RETURN_IF_ERROR(OpenMessage(sealer, sealed.sealed, DeliveryPlace(sealed), &stored.delivery));
  return stored;
}

absl::Status InsertGap(Session& session, uint64_t after_row, const v1::FeedGap& gap) {
  MUSTER_ASSIGN_OR_RETURN(const int64_t last, session.Value(0, "SELECT max(gap) FROM gaps"));
  return session.Run("INSERT INTO gaps VALUES(?1, ?2, ?3, ?4)", last + 1, after_row, Blob{gap.next_cursor()},
                     Blob{SealMessage(session.sealer(), gap, GapPlace(last + 1, after_row, gap.next_cursor()))});
}

absl::StatusOr<std::vector<v1::FeedGap>> ReadGaps(Session& session, size_t count_max) {
  std::vector<v1::FeedGap> gaps;
  MUSTER_ASSIGN_OR_RETURN(
      Rows rows,
      session.Query("SELECT gap, after_row, next_cursor, record FROM gaps ORDER BY gap DESC LIMIT ?1", count_max));
  MUSTER_ASSIGN_OR_RETURN(bool found, rows.Next());
  while (found) {
    MUSTER_RETURN_IF_ERROR(OpenMessage(session.sealer(), rows.Bytes(3),
                                       GapPlace(rows.Int(0), rows.Number(1), rows.Bytes(2)), &gaps.emplace_back()));
    MUSTER_ASSIGN_OR_RETURN(found, rows.Next());
  }
  std::reverse(gaps.begin(), gaps.end());
  return gaps;
}

absl::StatusOr<std::string> ReadCursor(Session& session) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows,
                          session.Query("SELECT next_cursor, after_row FROM gaps ORDER BY gap DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(const bool gap, rows.Next());
  MUSTER_ASSIGN_OR_RETURN(Rows last, session.Query("SELECT row, cursor FROM inbox ORDER BY row DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(const bool delivery, last.Next());
  if (gap && rows.Number(1) == (delivery ? last.Number(0) : 0)) return std::string(rows.Bytes(0));
  return delivery ? std::string(last.Bytes(1)) : std::string();
}

absl::StatusOr<std::optional<uint64_t>> FindCursor(Session& session, absl::string_view cursor) {
  // The latest, should a broker that was restored from an old copy have used a cursor twice.
  MUSTER_ASSIGN_OR_RETURN(const int64_t row,
                          session.Value(0, "SELECT max(row) FROM inbox WHERE cursor = ?1", Blob{cursor}));
  if (row != 0) return std::optional<uint64_t>(static_cast<uint64_t>(row));
  MUSTER_ASSIGN_OR_RETURN(const int64_t behind_gap,
                          session.Value(-1, "SELECT max(after_row) FROM gaps WHERE next_cursor = ?1", Blob{cursor}));
  if (behind_gap >= 0) return std::optional<uint64_t>(static_cast<uint64_t>(behind_gap));
  // What the first kept row follows is not kept itself.
  MUSTER_ASSIGN_OR_RETURN(const std::vector<SealedDelivery> first, ReadDeliveries(session, 0, 1, 0));
  if (first.empty()) return std::optional<uint64_t>();
  MUSTER_ASSIGN_OR_RETURN(const Inbox::Stored opened, OpenDelivery(session.sealer(), first.front()));
  if (opened.delivery.previous_cursor() != cursor) return std::optional<uint64_t>();
  return std::optional<uint64_t>(opened.row - 1);
}

absl::StatusOr<uint64_t> VerifyDeliveries(Session& session, uint64_t row, size_t count_max) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<SealedDelivery> deliveries,
                          ReadDeliveries(session, row, count_max, SIZE_MAX));
  for (const SealedDelivery& sealed : deliveries) {
    MUSTER_RETURN_IF_ERROR(OpenDelivery(session.sealer(), sealed).status());
  }
  return deliveries.empty() ? 0 : deliveries.back().row;
}

}  // namespace muster::agent
