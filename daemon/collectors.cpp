// SPDX-License-Identifier: Apache-2.0
#include "daemon/collectors.hpp"

#include "assembly/world.hpp"
#include "daemon/metrics.hpp"
#include "daemon/pipeline.hpp"
#include "http/server.hpp"
#include "ops/feed.hpp"
#include "ops/tokens.hpp"
#include "ports/cache.hpp"
#include "ports/sharding.hpp"

#include <algorithm>

namespace muster::daemon {
namespace {

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

void collect_server(MetricSink& sink, const http::Server& server) {
  const http::ServerCounters counters = server.counters();
  sink.gauge("muster_http_connections", "Connections open now", number(counters.connections_open));
  sink.counter("muster_http_connections_accepted_total", "Connections accepted",
               number(counters.connections_accepted));
  sink.counter("muster_http_connections_refused_total", "Connections refused because there were too many",
               number(counters.connections_refused));
  sink.counter("muster_http_connections_timed_out_total", "Connections cut at a deadline",
               number(counters.connections_timed_out));
  sink.counter("muster_http_requests_malformed_total", "Requests refused for their framing",
               number(counters.requests_malformed));
}

void collect_pools(MetricSink& sink, const Pipeline& pipeline) {
  const auto show = [&](const std::string& pool, const PoolCounters& counters) {
    sink.gauge("muster_pool_queue_length", "Requests waiting for a thread", number(counters.queue_length),
               {{"pool", pool}});
    sink.gauge("muster_pool_busy_threads", "Threads at work", number(counters.busy), {{"pool", pool}});
    sink.counter("muster_pool_refused_total", "Requests refused because the queue was full",
                 number(counters.refused), {{"pool", pool}});
  };
  show("worker", pipeline.worker_counters());
  show("hashing", pipeline.hashing_counters());
}

void collect_shards(MetricSink& sink, ports::Sharding& sharding) {
  for (const ports::ShardReport& shard : sharding.overview()) {
    const MetricSink::Labels name{{"shard", std::to_string(shard.id.value)}};
    const ports::StoreCounters& store = shard.counters;
    const auto counter = [&](const std::string& metric, const std::string& help, std::uint64_t value) {
      sink.counter("muster_shard_" + metric, help, number(value), name);
    };
    const auto gauge = [&](const std::string& metric, const std::string& help, std::uint64_t value) {
      sink.gauge("muster_shard_" + metric, help, number(value), name);
    };
    gauge("writable", "1 while the shard's database can be written", shard.health.writable ? 1 : 0);
    gauge("connecting_paused", "1 while no connection is tried, after one failed",
          store.connecting_paused ? 1 : 0);
    counter("connecting_failed_total", "Connections to the shard that failed", store.connecting_failed);
    gauge("readers_in_use", "Connections that read from the shard now", store.readers_in_use);
    gauge("readers_idle", "Connections for reading that are free, also for shards on the same server",
          store.readers_idle);
    gauge("readers_max", "Connections for reading, at most", store.readers_max);
    counter("reads_total", "Snapshots of the shard read", store.reads);
    counter("reads_waited_total", "Reads of the shard that waited for a connection", store.reads_waited);
    sink.counter("muster_shard_read_wait_seconds_total", "How long they waited",
                 std::chrono::duration<double>(store.read_wait).count(), name);
    gauge("write_queue_length", "Changes waiting for the shard's writer", store.queue_length);
    counter("commits_total", "Transactions made durable in the shard", store.commits);
    counter("writes_total", "Changes committed in them", store.writes);
    counter("writes_failed_total", "Changes that failed in the shard", store.writes_failed);
    counter("writes_run_again_total", "Changes run again after the shard's database gave them up",
            store.writes_run_again);
    counter("slow_statements_total", "Statements that took as long as store.slow_statement says",
            store.slow_statements);
    for (const ports::ReplicaReport& each : store.replicas) {
      MetricSink::Labels replica = name;
      replica.emplace_back("replica", each.host);
      sink.gauge("muster_shard_replica_read_from", "1 while the replica keeps up and is read from",
                 each.is_read_from ? 1 : 0, replica);
      if (each.lag)
        sink.gauge("muster_shard_replica_lag_seconds", "How far the replica is behind",
                   std::chrono::duration<double>(*each.lag).count(), replica);
    }
  }
}

void collect_cache(MetricSink& sink, const ports::CacheCounters& cache) {
  const auto answers = [&](const std::string& level, std::uint64_t all, std::uint64_t absent) {
    const std::string help = "Questions for a user that the level answered";
    sink.counter("muster_cache_answers_total", help, number(all - std::min(all, absent)),
                 {{"level", level}, {"kind", "user"}});
    sink.counter("muster_cache_answers_total", help, number(absent), {{"level", level}, {"kind", "absent"}});
  };
  answers("memory", cache.memory_hits, cache.memory_hits_negative);
  answers("filter", cache.filter_answers, cache.filter_answers);
  answers("redis", cache.redis_hits, cache.redis_hits_negative);
  answers("store", cache.loads - std::min(cache.loads, cache.loads_failed), cache.loads_negative);
  const auto counter = [&](const std::string& name, const std::string& help, std::uint64_t value) {
    sink.counter("muster_cache_" + name + "_total", help, number(value));
  };
  counter("memory_misses", "Users that were not in memory", cache.memory_misses);
  counter("memory_evictions", "Users that went for want of room", cache.memory_evictions);
  counter("loads_failed", "Loads from the store that failed", cache.loads_failed);
  counter("loads_refused", "Requests refused because too many waited for the store", cache.loads_refused);
  counter("loads_shared", "Requests answered by what was being read for another one",
          cache.shared_flights + cache.shared_leases);
  counter("refreshed_early", "Users read again before they ran out", cache.early_refreshes);
  counter("stale_answers", "Users shown after they ran out, while the store was away", cache.stale_answers);
  counter("bypassed", "Requests for which the cache could not be used", cache.bypassed);
  counter("compared", "Users compared with the store", cache.compared);
  counter("inconsistent", "Users that differed from the store", cache.inconsistent);
  counter("filter_names_answers", "Names of nobody that the filter told", cache.filter_names_answers);
  counter("filter_looks", "Looks in the store for users that other daemons created", cache.filter_looks);
  sink.gauge("muster_cache_memory_entries", "Users kept in memory", number(cache.memory_entries));
  sink.gauge("muster_cache_memory_bytes", "Bytes they take", number(cache.memory_size_bytes));
  sink.gauge("muster_cache_filter_ids", "Ids in the filter", number(cache.filter_ids));
  if (!cache.redis_configured) return;
  sink.gauge("muster_redis_answers", "1 while Redis answers", cache.redis_answers ? 1 : 0);
  sink.counter("muster_redis_failures_total", "Questions that Redis did not answer",
               number(cache.redis_failures));
  sink.counter("muster_redis_distrusted_total", "Values in Redis that may have been out of date",
               number(cache.redis_distrusted));
  sink.counter("muster_redis_fills_total", "Values put into Redis", number(cache.redis_fills));
  sink.counter("muster_redis_fills_refused_total", "Values not put there, for something had changed",
               number(cache.redis_fills_refused));
  sink.gauge("muster_redis_questions_waiting",
             "Requests whose user is asked for in Redis, and no thread waits", number(cache.redis_waiting));
  sink.counter("muster_redis_questions_refused_total", "Such requests that found no room and had to wait",
               number(cache.redis_refused));
  sink.histogram("muster_redis_journey_seconds", "From such questions leaving together to the last answer",
                 cache.redis_journeys.bounds_seconds, cache.redis_journeys.counts,
                 cache.redis_journeys.sum_seconds);
}

void collect_feed(MetricSink& sink, const ops::Context& context) {
  const ops::RevocationLag::Snapshot lag = context.tokens.lag();
  sink.histogram("muster_revocation_lag_seconds",
                 "From a revocation being made, on whatever daemon, to its being in force on this one",
                 ops::RevocationLag::bounds_seconds, lag.counts, lag.sum_seconds);
  if (context.feed == nullptr) return;
  const ops::FeedCounters counters = context.feed->counters();
  sink.gauge("muster_feed_age_seconds", "How old what is known of other daemons' changes is",
             std::chrono::duration<double>(context.feed->age().age()).count());
  sink.counter("muster_feed_polls_total", "Looks for what other daemons changed", number(counters.polls));
  sink.counter("muster_feed_polls_failed_total", "Such looks that failed", number(counters.polls_failed));
  sink.counter("muster_feed_entries_total", "Changes in the store that were followed",
               number(counters.entries));
  sink.counter("muster_feed_gaps_total", "How often so much was missed that everything was read again",
               number(counters.gaps));
}

void collect_nudges(MetricSink& sink, const assembly::NudgeCounters& nudges) {
  sink.counter("muster_nudges_sent_total", "Times that other daemons were told through Redis to look",
               number(nudges.sent));
  sink.counter("muster_nudges_failed_total", "Times that Redis did not take it", number(nudges.failed));
  sink.counter("muster_nudges_received_total", "Times that another daemon told this one to look",
               number(nudges.received));
  sink.gauge("muster_nudges_heard", "1 while this daemon would hear it", nudges.is_listening ? 1 : 0);
}

void collect_world(MetricSink& sink, assembly::World& world) {
  const assembly::HashingCounters hashing = world.hashing_counters();
  sink.counter("muster_password_hashes_total", "Password hashes computed", number(hashing.hashes));
  sink.gauge("muster_password_hashes_running", "Password hashes being computed now", number(hashing.running));
  ops::Context& context = world.context();
  const ports::StoreCounters store = context.store.counters();
  sink.counter("muster_store_commits_total", "Transactions made durable", number(store.commits));
  sink.counter("muster_store_writes_total", "Changes committed in them", number(store.writes));
  sink.counter("muster_store_writes_failed_total", "Changes that failed", number(store.writes_failed));
  sink.counter("muster_store_writes_run_again_total", "Changes run again after the database gave them up",
               number(store.writes_run_again));
  sink.counter("muster_store_reads_total", "Snapshots read", number(store.reads));
  sink.counter("muster_store_reads_waited_total", "Reads that waited for a connection",
               number(store.reads_waited));
  sink.counter("muster_store_read_wait_seconds_total", "How long reads waited for a connection",
               std::chrono::duration<double>(store.read_wait).count());
  sink.gauge("muster_store_readers_in_use", "Connections that read now", number(store.readers_in_use));
  sink.gauge("muster_store_write_queue_length", "Changes waiting for the writer", number(store.queue_length));
  if (context.sharding != nullptr) collect_shards(sink, *context.sharding);
  if (context.users_cache != nullptr) collect_cache(sink, context.users_cache->counters());
  sink.gauge("muster_store_writable", "1 while the store can be written",
             context.store.health().writable ? 1 : 0);
  collect_feed(sink, context);
  if (const auto nudges = world.nudge_counters()) collect_nudges(sink, *nudges);
  sink.gauge("muster_revocation_epoch", "The number of the latest revocation in force",
             static_cast<double>(context.tokens.epoch()));
  sink.gauge("muster_tokens_remembered", "Verified access tokens kept in memory",
             static_cast<double>(context.tokens.remembered()));
  sink.gauge("muster_clock_behind_seconds", "How far the system's clock is behind what was seen before",
             std::chrono::duration<double>(world.clock_behind()).count());
}

}  // namespace

void add_collectors(Metrics& metrics, assembly::World& world, const Pipeline& pipeline,
                    const http::Server& server) {
  metrics.add_collector([&](MetricSink& sink) { collect_server(sink, server); });
  metrics.add_collector([&](MetricSink& sink) { collect_pools(sink, pipeline); });
  metrics.add_collector([&](MetricSink& sink) { collect_world(sink, world); });
  metrics.add_collector(collect_process);
}

}  // namespace muster::daemon
