// SPDX-License-Identifier: Apache-2.0
#include "ops/cache.hpp"

#include "ops/cache_stats.hpp"
#include "ops/context.hpp"
#include "ports/cache.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

Result<ports::UserCache*> cache_of(const Context& context) {
  if (context.users_cache != nullptr && context.users_cache->counters().memory_size_bytes_max > 0)
    return context.users_cache;
  return fail(ErrorCode::precondition_failed, "there is no cache: cache.memory is 0");
}

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// The levels one behind the other: what one does not answer goes on to the next.
std::vector<CacheLine> lines_of(const ports::CacheCounters& counters) {
  std::vector<CacheLine> lines;
  const auto add = [&](const char* level, std::uint64_t asked, std::uint64_t answered, std::uint64_t absent) {
    const auto line = [&](const char* kind, std::uint64_t count) {
      const double rate = asked == 0 ? 0 : static_cast<double>(count) / static_cast<double>(asked);
      lines.push_back({level, kind, signed_of(asked), signed_of(count), rate});
    };
    line("user", answered - std::min(answered, absent));
    line("absent", absent);
  };
  const std::uint64_t asked = counters.memory_hits + counters.memory_misses + counters.filter_answers;
  add("memory", asked, counters.memory_hits, counters.memory_hits_negative);
  add("filter", counters.filter_answers + counters.memory_misses, counters.filter_answers,
      counters.filter_answers);
  if (counters.redis_configured)
    add("redis", counters.redis_hits + counters.redis_misses, counters.redis_hits,
        counters.redis_hits_negative);
  add("store", counters.loads, counters.loads - std::min(counters.loads, counters.loads_failed),
      counters.loads_negative);
  return lines;
}

}  // namespace

Result<ShowCache::Reply> ShowCache::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  Reply reply;
  reply.redis = reply.filter = "off";
  if (context.users_cache == nullptr) return reply;
  const ports::CacheCounters counters = context.users_cache->counters();
  reply.in_use = counters.memory_size_bytes_max > 0;
  reply.lines = lines_of(counters);
  reply.memory_entries = signed_of(counters.memory_entries);
  reply.memory_size_bytes = signed_of(counters.memory_size_bytes);
  reply.memory_size_bytes_max = signed_of(counters.memory_size_bytes_max);
  reply.memory_evictions = signed_of(counters.memory_evictions);
  if (counters.redis_configured) reply.redis = counters.redis_answers ? "ok" : "unreachable";
  reply.redis_failures = signed_of(counters.redis_failures);
  reply.redis_distrusted = signed_of(counters.redis_distrusted);
  reply.redis_fills = signed_of(counters.redis_fills);
  reply.redis_fills_refused = signed_of(counters.redis_fills_refused);
  if (counters.filter_configured) reply.filter = counters.filter_in_use ? "ok" : "building";
  reply.filter_ids = signed_of(counters.filter_ids);
  reply.filter_size_bytes = signed_of(counters.filter_size_bytes);
  reply.filter_names_answers = signed_of(counters.filter_names_answers);
  reply.filter_looks = signed_of(counters.filter_looks);
  reply.store_loads = signed_of(counters.loads);
  reply.store_loads_failed = signed_of(counters.loads_failed);
  reply.store_loads_refused = signed_of(counters.loads_refused);
  reply.loads_shared = signed_of(counters.shared_flights + counters.shared_leases);
  reply.loads_saved =
      signed_of(counters.memory_hits + counters.filter_answers + counters.redis_hits) + reply.loads_shared;
  reply.refreshed_early = signed_of(counters.early_refreshes);
  reply.stale_answers = signed_of(counters.stale_answers);
  reply.bypassed = signed_of(counters.bypassed);
  reply.compared = signed_of(counters.compared);
  reply.inconsistent = signed_of(counters.inconsistent);
  return reply;
}

Result<FlushCache::Reply> FlushCache::run(Context& context, Call& call, const Request& /*request*/) {
  MUSTER_TRY(ports::UserCache* const cache, cache_of(context));
  MUSTER_TRY(const ports::CacheFlush size, cache->size());
  MUSTER_TRY(Reply reply, call.commit<Reply>(context, ports::Home::catalog(),
                                             [&](ports::Unit& /*unit*/, Change& change) -> Result<Reply> {
                                               change.target = "cache";
                                               change.count = size.memory_entries + size.redis_entries;
                                               return Reply{size.memory_entries, size.redis_entries};
                                             }));
  if (call.plan_reply || call.replayed_reply) return reply;
  // The record is what tells other daemons to forget theirs.
  MUSTER_TRY(const ports::CacheFlush flushed, cache->flush());
  return Reply{flushed.memory_entries, flushed.redis_entries};
}

Result<AuditCache::Reply> AuditCache::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(ports::UserCache* const cache, cache_of(context));
  MUSTER_TRY(auto comparison, cache->compare(static_cast<std::size_t>(request.sample)));
  const auto inconsistent = static_cast<std::int64_t>(comparison.inconsistent.size());
  return Reply{comparison.compared, inconsistent, std::move(comparison.inconsistent)};
}

}  // namespace muster::ops
