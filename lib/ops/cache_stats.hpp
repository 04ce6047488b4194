// SPDX-License-Identifier: Apache-2.0
/// @file Shows what the cache of users does.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

/// One level's answers about users of one kind, since the daemon's start.
struct CacheLine {
  std::string level;
  std::string kind;
  std::int64_t asked = 0;
  std::int64_t answered = 0;
  double hit_rate = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("level", &CacheLine::level, "memory, redis, filter or store")
            .one_of("memory|redis|filter|store"),
        field("kind", &CacheLine::kind, "user, or absent: that there is no such user").one_of("user|absent"),
        field("asked", &CacheLine::asked, "Questions that came so far, of either kind"),
        field("answered", &CacheLine::answered, "Those that this level answered"),
        field("hit_rate", &CacheLine::hit_rate, "Their share, from 0 to 1")};
  }
};

struct ShowCache {
  using Request = Empty;
  struct Reply {
    bool in_use = false;
    std::optional<std::vector<CacheLine>> lines;
    std::int64_t memory_entries = 0;
    std::int64_t memory_size_bytes = 0;
    std::int64_t memory_size_bytes_max = 0;
    std::int64_t memory_evictions = 0;
    std::string redis;
    std::int64_t redis_failures = 0;
    std::int64_t redis_distrusted = 0;
    std::int64_t redis_fills = 0;
    std::int64_t redis_fills_refused = 0;
    std::string filter;
    std::int64_t filter_ids = 0;
    std::int64_t filter_size_bytes = 0;
    std::int64_t filter_names_answers = 0;
    std::int64_t filter_looks = 0;
    std::int64_t store_loads = 0;
    std::int64_t store_loads_failed = 0;
    std::int64_t store_loads_refused = 0;
    std::int64_t loads_saved = 0;
    std::int64_t loads_shared = 0;
    std::int64_t refreshed_early = 0;
    std::int64_t stale_answers = 0;
    std::int64_t bypassed = 0;
    std::int64_t compared = 0;
    std::int64_t inconsistent = 0;

    static constexpr auto fields() {
      return std::tuple{
          field("in_use", &Reply::in_use, "Whether there is a cache"),
          field("lines", &Reply::lines, "What each level answered"),
          field("memory_entries", &Reply::memory_entries, "Users kept in memory now"),
          field("memory_size_bytes", &Reply::memory_size_bytes, "Bytes they take"),
          field("memory_size_bytes_max", &Reply::memory_size_bytes_max, "Bytes they may take"),
          field("memory_evictions", &Reply::memory_evictions, "Users that went for want of room"),
          field("redis", &Reply::redis, "off, ok or unreachable").one_of("off|ok|unreachable"),
          field("redis_failures", &Reply::redis_failures, "Questions that Redis did not answer"),
          field("redis_distrusted", &Reply::redis_distrusted,
                "Values in Redis that may have been out of date, and were not used"),
          field("redis_fills", &Reply::redis_fills, "Values put there"),
          field("redis_fills_refused", &Reply::redis_fills_refused,
                "Values not put there, for something had changed meanwhile"),
          field("filter", &Reply::filter, "off, building or ok: the filter over ids")
              .one_of("off|building|ok"),
          field("filter_ids", &Reply::filter_ids, "Ids in it"),
          field("filter_size_bytes", &Reply::filter_size_bytes, "Bytes it takes"),
          field("filter_names_answers", &Reply::filter_names_answers,
                "Questions for names that it answered: nobody has them"),
          field("filter_looks", &Reply::filter_looks,
                "How often the store was asked whom other daemons have created"),
          field("store_loads", &Reply::store_loads, "Users read from the store for the cache"),
          field("store_loads_failed", &Reply::store_loads_failed, "Those that failed"),
          field("store_loads_refused", &Reply::store_loads_refused, "Requests told that too many wait"),
          field("loads_saved", &Reply::loads_saved, "Requests answered without the store"),
          field("loads_shared", &Reply::loads_shared, "Of those: by what was being read for another one"),
          field("refreshed_early", &Reply::refreshed_early, "Users read again before they ran out"),
          field("stale_answers", &Reply::stale_answers, "Shown after they ran out, while the store was away"),
          field("bypassed", &Reply::bypassed, "Requests for which the cache could not be used"),
          field("compared", &Reply::compared, "Users compared with the store"),
          field("inconsistent", &Reply::inconsistent,
                "Those that differed: none, unless something is broken")};
    }
  };

  static constexpr OperationInfo info{.name = "show_cache",
                                      .summary = "Show what the cache of this daemon does",
                                      .method = "GET",
                                      .path = "/v1/admin/cache",
                                      .needs = "read:cache",
                                      .command = "cache stats"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
