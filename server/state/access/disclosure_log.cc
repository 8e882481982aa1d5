#include "server/state/access/disclosure_log.h"

#include <optional>

namespace muster {

void DisclosureLog::Add(const Disclosure& disclosure) {
  Record& record = records_.emplace_back();
  record.seconds = disclosure.at.seconds();
  record.nanos = disclosure.at.nanos();
  record.from_agency = names_.Intern(disclosure.from_agency_id);
  record.audience = disclosure.audience;
  record.why = names_.Intern(disclosure.why);
  record.object_class = disclosure.object_class;
  if (const std::optional<UuidBytes> id = UuidV7Bytes(disclosure.object_id)) {
    record.object_id = *id;
  } else {
    record.object_id = names_.Intern(disclosure.object_id);
  }
}

storage::v1::DisclosureImage DisclosureLog::At(size_t place) const { return ImageOf(records_[place], names_.names()); }

storage::v1::DisclosureImage DisclosureLog::ImageOf(const Record& record, const Names& names) {
  storage::v1::DisclosureImage image;
  image.mutable_at()->set_seconds(record.seconds);
  image.mutable_at()->set_nanos(record.nanos);
  image.set_from_agency_id(*names[record.from_agency]);
  image.set_audience(record.audience);
  image.set_object_class(record.object_class);
  if (const UuidBytes* id = std::get_if<UuidBytes>(&record.object_id)) {
    image.set_object_id(UuidText(*id));
  } else {
    image.set_object_id(*names[std::get<NameTable::Index>(record.object_id)]);
  }
  image.set_why(*names[record.why]);
  return image;
}

std::vector<storage::v1::DisclosureImage> DisclosureLog::disclosures() const {
  std::vector<storage::v1::DisclosureImage> all;
  all.reserve(size());
  for (size_t place = 0; place < size(); ++place) all.push_back(At(place));
  return all;
}

void DisclosureLog::ToImage(Images* images) const {
  images->Clear();
  for (size_t place = 0; place < size(); ++place) *images->Add() = At(place);
}

DisclosureLog::Frozen DisclosureLog::Freeze() const {
  Frozen frozen;
  frozen.names_ = names_.names();
  frozen.records_ = records_;
  return frozen;
}

void DisclosureLog::Frozen::ToImage(Images* images) const {
  for (const Record& record : records_) *images->Add() = ImageOf(record, names_);
}

void DisclosureLog::FromImage(const Images& images) {
  for (const storage::v1::DisclosureImage& image : images) {
    Add({image.at(), image.from_agency_id(), image.audience(), image.object_class(), image.object_id(), image.why()});
  }
}

}  // namespace muster
