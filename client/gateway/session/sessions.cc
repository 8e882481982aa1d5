#include "client/gateway/session/sessions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/random.h"
#include "common/sha256.h"

namespace muster::gateway {
namespace {

constexpr size_t kTokenBytes = 32;

void CallAll(const std::vector<std::function<void()>>& callbacks) {
  for (const std::function<void()>& callback : callbacks) callback();
}

}  // namespace

std::string Sessions::Begin(const v1::PersonRecord& person, std::optional<absl::Time> not_after) {
  const std::string token = absl::WebSafeBase64Escape(RandomBytes(kTokenBytes));
  const absl::Time now = clock_->Now();
  Entry entry;
  entry.view.person = person;
  v1::Session& session = entry.view.session;
  session.set_person(person.name());
  session.set_role(person.role());
  session.set_by_certificate(not_after.has_value());
  *session.mutable_signed_in_at() = ToProto(now);
  *session.mutable_ends_at() = ToProto(std::min(now + limits_.longest, not_after.value_or(absl::InfiniteFuture())));
  entry.begun = entry.last_active = clock_->Monotonic();
  entry.not_after = not_after;
  std::vector<std::function<void()>> ended;
  {
    absl::MutexLock lock(&mu_);
    MakeRoomFor(person.name(), &ended);
    entries_.emplace(Sha256Bytes(token), std::move(entry));
  }
  CallAll(ended);
  return token;
}

std::optional<SessionView> Sessions::Find(absl::string_view token) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(Sha256Bytes(token));
  // What is over is taken out by the next Sweep, with its streams.
  if (found == entries_.end() || IsOver(found->second)) return std::nullopt;
  found->second.last_active = clock_->Monotonic();
  return found->second.view;
}

void Sessions::End(absl::string_view token) {
  std::vector<std::function<void()>> ended;
  {
    absl::MutexLock lock(&mu_);
    const auto found = entries_.find(Sha256Bytes(token));
    if (found != entries_.end()) Erase(found, &ended);
  }
  CallAll(ended);
}

std::unique_ptr<Sessions::Hold> Sessions::HoldOpen(absl::string_view token, std::function<void()> on_end) {
  std::string key = Sha256Bytes(token);
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || IsOver(found->second)) return nullptr;
  Entry& entry = found->second;
  if (entry.streams.size() >= kStreamsPerSessionMax) return nullptr;
  if (StreamsOf(entry.view.session.person()) >= kStreamsPerPersonMax) return nullptr;
  const uint64_t stream = next_stream_++;
  entry.streams.emplace(stream, std::move(on_end));
  return std::make_unique<Hold>(this, std::move(key), stream);
}

void Sessions::Release(const std::string& key, uint64_t stream) {
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.streams.erase(stream);
  found->second.last_active = clock_->Monotonic();
}

void Sessions::Sweep(const std::function<bool(const SessionView&)>& stands) {
  std::vector<std::pair<std::string, SessionView>> looked_at;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [key, entry] : entries_) looked_at.emplace_back(key, entry.view);
  }
  std::vector<std::string> fallen;
  for (const auto& [key, view] : looked_at) {
    if (!stands(view)) fallen.push_back(key);
  }
  std::vector<std::function<void()>> ended;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [key, view] : looked_at) {
      const auto found = entries_.find(key);
      if (found != entries_.end() && IsOver(found->second)) Erase(found, &ended);
    }
    for (const std::string& key : fallen) {
      const auto found = entries_.find(key);
      if (found != entries_.end()) Erase(found, &ended);
    }
  }
  CallAll(ended);
}

size_t Sessions::count() const {
  absl::MutexLock lock(&mu_);
  return entries_.size();
}

bool Sessions::IsOver(const Entry& entry) const {
  const absl::Duration now = clock_->Monotonic();
  if (now - entry.begun >= limits_.longest) return true;
  if (entry.not_after.has_value() && clock_->Now() >= *entry.not_after) return true;
  return entry.streams.empty() && now - entry.last_active >= limits_.idle;
}

void Sessions::Erase(Entries::iterator entry, std::vector<std::function<void()>>* ended) {
  for (auto& [stream, on_end] : entry->second.streams) ended->push_back(std::move(on_end));
  entries_.erase(entry);
}

size_t Sessions::StreamsOf(const std::string& person) const {
  size_t streams = 0;
  for (const auto& [key, entry] : entries_) {
    if (entry.view.session.person() == person) streams += entry.streams.size();
  }
  return streams;
}

void Sessions::MakeRoomFor(const std::string& person, std::vector<std::function<void()>>* ended) {
  const auto last_used = [](const Entry& entry) {
    return entry.streams.empty() ? entry.last_active : absl::InfiniteDuration();
  };
  size_t count = 0;
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.view.session.person() != person) continue;
    ++count;
    if (oldest == entries_.end() || last_used(it->second) < last_used(oldest->second)) oldest = it;
  }
  if (count >= kPerPersonMax) Erase(oldest, ended);
}

}  // namespace muster::gateway
