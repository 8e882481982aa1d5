// That something was told to other agencies than its own: who, what, why and when (rule V4; 28 CFR 23.20).
//
// Written by the same step that addresses notices (Notices::Address), so that what is delivered is what is recorded.
// Nearly every notice adds to it and nothing leaves it, so it is kept small: names as numbers, ids as bytes.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_
#define MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/uuid_bytes.h"
#include "google/protobuf/repeated_field.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/state/audiences.h"
#include "server/state/name_table.h"

namespace muster {

class DisclosureLog {
 public:
  using Images = google::protobuf::RepeatedPtrField<storage::v1::DisclosureImage>;

  // Borrows its texts.
  struct Disclosure {
    const google::protobuf::Timestamp& at;
    absl::string_view from_agency_id;
    AudienceId audience;  // One of State::audiences().
    v1::ObjectClass object_class;
    absl::string_view object_id;
    absl::string_view why;
  };
  void Add(const Disclosure& disclosure);

  size_t size() const { return records_.size(); }
  // In order of adding, from 0.
  const std::string& FromAgencyAt(size_t place) const { return names_.NameOf(records_[place].from_agency); }
  storage::v1::DisclosureImage At(size_t place) const;
  // All of them, in order.
  std::vector<storage::v1::DisclosureImage> disclosures() const;

  // What the log holds now, for another thread to make images of while the log goes on. Valid as long as the log.
  class Frozen;
  Frozen Freeze() const;

  void ToImage(Images* images) const;
  // Into an empty one.
  void FromImage(const Images& images);

 private:
  using Names = std::vector<const std::string*>;
  struct Record {
    int64_t seconds;
    int32_t nanos;
    NameTable::Index from_agency;
    AudienceId audience;
    NameTable::Index why;
    v1::ObjectClass object_class;
    std::variant<NameTable::Index, UuidBytes> object_id;
  };

  static storage::v1::DisclosureImage ImageOf(const Record& record, const Names& names);

  NameTable names_;
  std::deque<Record> records_;  // A deque, since it never moves what it holds, however much that is.
};

class DisclosureLog::Frozen {
 public:
  void ToImage(Images* images) const;

 private:
  friend class DisclosureLog;
  Names names_;
  std::deque<Record> records_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_
