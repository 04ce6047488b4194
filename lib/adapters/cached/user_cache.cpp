// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/user_cache.hpp"

#include "ports/slot_store.hpp"
#include "ports/user_store.hpp"
#include "wire/codec.hpp"

#include <algorithm>
#include <cmath>

namespace muster::cached {
namespace {

constexpr auto unordered = std::memory_order_relaxed;
constexpr std::chrono::minutes stale_max{10};
constexpr std::chrono::seconds flight_patience{5};
constexpr double jitter = 0.1;

void count(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, unordered);
}

bool is_trouble_of_store(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::overloaded ||
         error.code == ErrorCode::deadline_exceeded;
}

}  // namespace

UserCache::UserCache(ports::Store& store, ports::Entropy& entropy, std::unique_ptr<SharedLevel> shared,
                     UserCacheOptions options)
    : store_(store),
      options_(std::move(options)),
      shared_(std::move(shared)),
      gate_(options_.loads_max),
      chance_(entropy) {
  if (options_.memory_bytes_max > 0)
    memory_ =
        std::make_unique<MemoryCache<UserId, Entry>>(MemoryCacheLimits{options_.memory_bytes_max}, entropy);
  if (memory_ && options_.filter.size_bytes_max > 0)
    census_ = std::make_unique<Census>(store, entropy, options_.filter);
}

UserCache::~UserCache() {
  pause_.end();
}

/// A little less than `ttl`.
std::chrono::milliseconds UserCache::jittered(std::chrono::milliseconds ttl) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(ttl * (1.0 - jitter * chance_.next()));
}

UserCache::Mark UserCache::mark(UserId id) const {
  // In this order: what was read after the mark is at least of that state.
  const std::uint64_t generation = generation_.load(std::memory_order_acquire);
  return {generation, creations_.load(std::memory_order_acquire), floors_.of(id)};
}

bool UserCache::is_good(const Entry& entry, UserId id, std::optional<std::int64_t> at_least) const {
  if (!entry.user.is_there() && entry.creations != creations_.load(std::memory_order_acquire)) return false;
  return entry.generation == generation_.load(std::memory_order_acquire) && entry.as_of >= floors_.of(id) &&
         (!at_least || entry.as_of >= *at_least);
}

bool UserCache::is_picked(const Entry& entry, Clock::time_point now) {
  const auto left = entry.expires - now;
  // Most of its life it is so far off that no chance would do.
  if (left > entry.load_time * 32) return false;
  return left <= std::chrono::duration_cast<Clock::duration>(entry.load_time * -std::log(chance_.next()));
}

ports::CachedUserPtr UserCache::show(const EntryPtr& entry) {
  return {entry, &entry->user};
}

ports::CachedUserPtr UserCache::find_nobody(UserId id, std::optional<std::int64_t> at_least, AskCensus ask) {
  // Who knows a version knows more than the filter may.
  if (!census_ || at_least || !(*census_.*ask)(id)) return nullptr;
  static const auto nobody = std::make_shared<const ports::CachedUser>();
  count(counts_.nobody);
  return nobody;
}

ports::CachedUserPtr UserCache::find_in_memory(UserId id, std::optional<std::int64_t> at_least) {
  if (!is_usable()) return nullptr;
  const EntryPtr entry = memory_->get(id);
  if (!entry) return find_nobody(id, at_least, &Census::is_nobody);
  const auto now = Clock::now();
  if (!is_good(*entry, id, at_least) || entry->expires <= now) return nullptr;
  if (is_picked(*entry, now) && !entry->is_refreshed_early.exchange(true)) {
    count(counts_.early_refreshes);
    return nullptr;
  }
  count(entry->user.is_there() ? counts_.hits : counts_.hits_negative);
  return show(entry);
}

/// Of one who does not wait.
class UserCache::Question final : public redis::Asker {
 public:
  Question(UserCache& cache, UserId id, std::optional<std::int64_t> at_least, const Mark& before,
           std::unique_ptr<ports::UserReader>& reader)
      : cache_(cache), id_(id), at_least_(at_least), before_(before), reader_(std::move(reader)) {}

  void take(std::optional<redis::Reply> reply) override {
    reader_->take(cache_.answer_of(id_, at_least_, before_, std::move(reply), began_));
  }
  std::unique_ptr<ports::UserReader> give_back() { return std::move(reader_); }

 private:
  UserCache& cache_;
  const UserId id_;
  const std::optional<std::int64_t> at_least_;
  const Mark before_;
  const Clock::time_point began_ = Clock::now();
  std::unique_ptr<ports::UserReader> reader_;
};

bool UserCache::find_soon(UserId id, std::optional<std::int64_t> at_least,
                          std::unique_ptr<ports::UserReader>& reader) {
  if (!shared_ || !is_usable()) return false;
  const Mark before = mark(id);
  // Nothing is below a floor that nobody knows.
  if (before.floor == Floors::unknown) return false;
  auto question = std::make_unique<Question>(*this, id, at_least, before, reader);
  Question& kept = *question;
  std::unique_ptr<redis::Asker> asker = std::move(question);
  if (shared_->ask(id, asker)) return true;
  reader = kept.give_back();
  return false;
}

ports::CachedUserPtr UserCache::answer_of(UserId id, std::optional<std::int64_t> at_least, const Mark& before,
                                          std::optional<redis::Reply> reply, Clock::time_point began) {
  auto value = shared_->take(std::move(reply), before.floor);
  // Late news may have been the reason to wait: who was not answered yet is not answered from here.
  if (!value || !is_usable()) return nullptr;
  const EntryPtr entry =
      keep(id, before, value->as_of, {value->version, std::move(value->json)}, Clock::now() - began);
  if (!is_good(*entry, id, at_least)) return nullptr;
  count(counts_.misses);
  return show(entry);
}

Result<ports::CachedUserPtr> UserCache::find(UserId id, std::optional<std::int64_t> at_least) {
  if (!is_usable()) return pass_by(id, at_least);
  if (auto nobody = find_nobody(id, at_least, &Census::look_for)) return nobody;
  const EntryPtr known = memory_->get(id);
  const auto now = Clock::now();
  // Who was picked to read it again comes here with the mark set.
  if (known && is_good(*known, id, at_least) && known->expires > now && !known->is_refreshed_early) {
    count(known->user.is_there() ? counts_.hits : counts_.hits_negative);
    return show(known);
  }
  count(counts_.misses);
  const auto flight = flights_.run(id, flight_patience, [&] { return fetch(id); });
  // Another one may have begun before the state that must be shown here.
  const bool will_do =
      flight.value && (!flight.shared || !*flight.value || is_good(***flight.value, id, at_least));
  if (will_do && flight.shared) count(counts_.shared_flights);
  // What Redis has may not be as new as the caller asks for; what the store has is.
  const bool is_new_enough = will_do && (!*flight.value || is_good(***flight.value, id, at_least));
  const Loaded loaded = is_new_enough ? *flight.value : load(id, std::nullopt);
  if (loaded) return show(*loaded);
  if (known && is_good(*known, id, at_least) && is_trouble_of_store(loaded.error()) &&
      known->expires + stale_max > now) {
    count(counts_.stale_answers);
    return show(known);
  }
  return fail(loaded.error());
}

UserCache::Loaded UserCache::fetch(UserId id) {
  std::optional<SharedLevel::Lease> lease;
  // While nobody knows how far the slot is, nothing in Redis will do.
  if (shared_ && mark(id).floor != Floors::unknown)
    if (EntryPtr found = fetch_shared(id, mark(id), lease)) return found;
  return load(id, lease);
}

UserCache::EntryPtr UserCache::fetch_shared(UserId id, const Mark& before,
                                            std::optional<SharedLevel::Lease>& lease) {
  const auto began = Clock::now();
  auto value = shared_->get(id, before.floor);
  if (!value) {
    SharedLevel::Claim claim = shared_->claim(id, before.floor);
    if (claim.kind == SharedLevel::Claim::Kind::mine) {
      lease = std::move(claim.lease);
      return nullptr;
    }
    if (claim.kind == SharedLevel::Claim::Kind::others) {
      value = shared_->wait_for(id, before.floor);
      if (value) count(counts_.shared_leases);
    } else if (claim.kind == SharedLevel::Claim::Kind::value) {
      value = std::move(claim.value);
    }
  }
  if (!value) return nullptr;
  return keep(id, before, value->as_of, {value->version, std::move(value->json)}, Clock::now() - began);
}

UserCache::Loaded UserCache::load(UserId id, const std::optional<SharedLevel::Lease>& lease) {
  const auto permit = gate_.enter(options_.load_wait);
  if (!permit) {
    count(counts_.loads_refused);
    return fail(Error{
        ErrorCode::overloaded, "too many requests wait for the store", {}, {}, std::chrono::seconds{1}});
  }
  const auto began = Clock::now();
  const std::uint32_t asked = floors_.asked(id);
  Mark before = mark(id);
  const bool is_asked = before.floor == Floors::unknown;
  count(counts_.loads);
  std::int64_t slot_seq = 0;
  auto user = read(id, ports::Freshness{ports::Recency::strict, {}, ports::View::looks},
                   is_asked ? &slot_seq : nullptr);
  if (!user) {
    count(counts_.loads_failed);
    return fail(user.error());
  }
  if (!user->is_there()) count(counts_.loads_negative);
  if (is_asked) {
    floors_.answer(id, asked, slot_seq);
    before.floor = slot_seq;
  }
  std::int64_t as_of = std::max(before.floor, user->version);
  if (lease) as_of = std::max(as_of, lease->as_of_min);
  const auto ttl = jittered(user->is_there() ? options_.shared_ttl : options_.negative_ttl);
  const bool is_shared =
      lease && shared_->fill(id, *lease, {as_of, lease->since_microseconds, user->version, user->json}, ttl);
  // Redis may have an older one, which must not follow what is shown now.
  if (shared_ && !is_shared) floors_.raise(id, user->version);
  return keep(id, before, as_of, std::move(*user), Clock::now() - began);
}

UserCache::EntryPtr UserCache::keep(UserId id, const Mark& before, std::int64_t as_of, ports::CachedUser user,
                                    std::chrono::nanoseconds load_time) {
  auto entry = std::make_shared<Entry>();
  entry->as_of = as_of;
  entry->generation = before.generation;
  entry->creations = before.creations;
  entry->load_time = load_time;
  entry->expires = Clock::now() + jittered(user.is_there() ? options_.memory_ttl : options_.negative_ttl);
  entry->user = std::move(user);
  const std::size_t size_bytes = sizeof(Entry) + entry->user.json.capacity();
  memory_->put_if(id, entry, size_bytes, [&](const Entry& old) {
    return old.generation != entry->generation || old.as_of <= entry->as_of;
  });
  note_recent(id);
  return entry;
}

Result<ports::CachedUser> UserCache::read(UserId id, const ports::Freshness& freshness,
                                          std::int64_t* slot_seq) {
  std::optional<model::User> found;
  MUSTER_CHECK_OK(store_.read(ports::Home::of(id), freshness, [&](ports::Unit& unit) -> Status {
    // Before the user: what is read then is at least of that state.
    if (slot_seq != nullptr) {
      MUSTER_TRY(*slot_seq, unit.slots().seq_of(model::slot_of(id)));
    }
    MUSTER_TRY(found, unit.users().find(id));
    return {};
  }));
  if (!found) return ports::CachedUser{};
  return ports::CachedUser{found->version, wire::encode(*found)};
}

Result<ports::CachedUserPtr> UserCache::pass_by(UserId id, std::optional<std::int64_t> at_least) {
  count(counts_.bypassed);
  ports::Freshness freshness{ports::Recency::recent, {}, ports::View::looks};
  if (at_least) freshness.at_least.push_back({model::slot_of(id), *at_least});
  MUSTER_TRY(ports::CachedUser user, read(id, freshness));
  return std::make_shared<const ports::CachedUser>(std::move(user));
}

bool UserCache::is_nobodys(const std::vector<ports::Name>& names) {
  if (!census_) return false;
  const bool is_so = std::any_of(names.begin(), names.end(),
                                 [this](const ports::Name& name) { return census_->is_nobodys(name); });
  if (is_so) count(counts_.nobodys);
  return is_so;
}

void UserCache::names_taken(const std::vector<ports::Name>& names) {
  if (census_) census_->add(names);
}

void UserCache::will_change(UserId id) {
  if (census_) census_->add(id);
}

void UserCache::changed_elsewhere(UserId id) {
  if (census_) census_->add(id);
  floors_.ask(id);
  if (memory_) memory_->erase(id);
}

void UserCache::others_created() {
  creations_.fetch_add(1, std::memory_order_acq_rel);
}

void UserCache::changed(UserId id, std::int64_t seq) {
  // Once more, for a filter that was begun since.
  if (census_) census_->add(id);
  floors_.raise(id, seq);
  if (memory_) memory_->erase(id);
  if (shared_) shared_->changed(id, seq);
}

void UserCache::forget_all() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  if (memory_) memory_->clear();
  if (census_) census_->give_up();
  if (shared_) shared_->distrust_all();
}

}  // namespace muster::cached
