// SPDX-License-Identifier: Apache-2.0
/// What operators are told of the cache, and what they do with it.
#include "adapters/cached/user_cache.hpp"

#include <set>

namespace muster::cached {
namespace {

constexpr auto relaxed_order = std::memory_order_relaxed;

}  // namespace

void UserCache::note_recent(UserId id) {
  recent_[recent_next_.fetch_add(1, relaxed_order) % recent_.size()].store(id.value, relaxed_order);
}

ports::CacheCounters UserCache::counters() const {
  ports::CacheCounters out;
  out.memory_hits = counts_.hits.load(relaxed_order) + counts_.hits_negative.load(relaxed_order);
  out.memory_hits_negative = counts_.hits_negative.load(relaxed_order);
  out.memory_misses = counts_.misses.load(relaxed_order);
  if (memory_) {
    const MemoryCacheCounters memory = memory_->counters();
    out.memory_entries = memory.entries;
    out.memory_size_bytes = memory.size_bytes;
    out.memory_size_bytes_max = options_.memory_bytes_max;
    out.memory_evictions = memory.evictions;
  }
  if (shared_) {
    SharedLevel::Counters shared = shared_->counters();
    out.redis_configured = true;
    out.redis_answers = shared.answers;
    out.redis_hits = shared.hits + shared.hits_negative;
    out.redis_hits_negative = shared.hits_negative;
    out.redis_misses = shared.misses;
    out.redis_distrusted = shared.distrusted;
    out.redis_failures = shared.failures;
    out.redis_fills = shared.fills;
    out.redis_fills_refused = shared.fills_refused;
    out.redis_waiting = shared.errands.waiting;
    out.redis_refused = shared.errands.refused;
    out.redis_journeys = {redis::Errands::bounds_seconds, std::move(shared.errands.journeys),
                          shared.errands.journeys_seconds};
  }
  out.filter_answers = counts_.nobody.load(relaxed_order);
  out.filter_names_answers = counts_.nobodys.load(relaxed_order);
  if (census_) {
    const Census::State state = census_->state();
    out.filter_ids = state.ids;
    out.filter_size_bytes = state.size_bytes;
    out.filter_in_use = state.in_use;
    out.filter_looks = state.looks;
    out.filter_configured = true;
  }
  out.loads = counts_.loads.load(relaxed_order);
  out.loads_negative = counts_.loads_negative.load(relaxed_order);
  out.loads_failed = counts_.loads_failed.load(relaxed_order);
  out.loads_refused = counts_.loads_refused.load(relaxed_order);
  out.shared_flights = counts_.shared_flights.load(relaxed_order);
  out.shared_leases = counts_.shared_leases.load(relaxed_order);
  out.early_refreshes = counts_.early_refreshes.load(relaxed_order);
  out.stale_answers = counts_.stale_answers.load(relaxed_order);
  out.bypassed = counts_.bypassed.load(relaxed_order);
  out.compared = counts_.compared.load(relaxed_order);
  out.inconsistent = counts_.inconsistent.load(relaxed_order);
  return out;
}

Result<ports::CacheFlush> UserCache::size() {
  ports::CacheFlush out;
  if (memory_) out.memory_entries = static_cast<std::int64_t>(memory_->counters().entries);
  if (shared_) {
    MUSTER_TRY(out.redis_entries, shared_->size());
  }
  return out;
}

Result<ports::CacheFlush> UserCache::flush() {
  ports::CacheFlush out;
  if (memory_) out.memory_entries = static_cast<std::int64_t>(memory_->counters().entries);
  forget_all();
  if (shared_) {
    MUSTER_TRY(out.redis_entries, shared_->flush());
  }
  return out;
}

Result<ports::CacheComparison> UserCache::compare(std::size_t sample) {
  std::set<UserId> users;
  for (std::size_t back = 1; back <= recent_.size() && users.size() < sample; ++back) {
    const std::size_t at = (recent_next_.load(relaxed_order) + recent_.size() - back) % recent_.size();
    if (const std::int64_t id = recent_[at].load(relaxed_order); id != 0) users.insert(UserId{id});
  }
  std::vector<std::pair<UserId, EntryPtr>> suspects;
  ports::CacheComparison out;
  for (const UserId id : users) {
    const EntryPtr entry = kept(id);
    if (!entry) continue;
    ++out.compared;
    MUSTER_TRY(const bool agreed, agrees(id, *entry));
    if (!agreed) suspects.emplace_back(id, entry);
  }
  // What another daemon changed just now is no fault, if it is heard of in time.
  if (!suspects.empty()) pause_.wait(options_.news_delay);
  for (const auto& [id, entry] : suspects)
    if (kept(id) == entry) out.inconsistent.push_back(id);
  counts_.compared.fetch_add(static_cast<std::uint64_t>(out.compared), relaxed_order);
  counts_.inconsistent.fetch_add(out.inconsistent.size(), relaxed_order);
  return out;
}

/// What would be shown.
UserCache::EntryPtr UserCache::kept(UserId id) {
  if (!is_usable()) return nullptr;
  EntryPtr entry = memory_->get(id);
  return entry && is_good(*entry, id, {}) && entry->expires > Clock::now() ? entry : nullptr;
}

Result<bool> UserCache::agrees(UserId id, const Entry& entry) {
  MUSTER_TRY(const ports::CachedUser stored,
             read(id, ports::Freshness{ports::Recency::strict, {}, ports::View::looks}));
  return stored.version == entry.user.version && stored.json == entry.user.json;
}

}  // namespace muster::cached
