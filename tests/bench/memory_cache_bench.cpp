// SPDX-License-Identifier: Apache-2.0
/// @file The cache in memory: what it hits beside LRU and the best possible on the same accesses, what a hit
/// takes, and how threads share it beside an LRU under one lock. Prints lines of five columns for
/// tests/bench/run.
#include "adapters/cached/memory_cache.hpp"
#include "adapters/system/entropy.hpp"
#include "model/hot_users.hpp"
#include "model/miss_ratio.hpp"
#include "model/slot.hpp"
#include "support/cache_traces.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <string>
#include <thread>
#include <unordered_map>

#include <time.h>

namespace muster::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Value {
  char bytes[200];
};
using Cache = cached::MemoryCache<UserId, Value>;
constexpr std::size_t size_of_one = sizeof(Value) + Cache::entry_bytes;

system::SystemEntropy entropy;

void line(const std::string& name, double value, const char* kind, double limit, const std::string& detail) {
  std::printf("%s\t%.3f\t%s\t%.3f\t%s\n", name.c_str(), value, kind, limit, detail.c_str());
  std::fflush(stdout);
}

std::string text(const char* format, double a, double b) {
  char out[160];
  std::snprintf(out, sizeof out, format, a, b);
  return out;
}

/// What stood for it before: exact recency, one lock.
class LockedLru {
 public:
  explicit LockedLru(std::size_t room) : room_(room) {}

  std::shared_ptr<const Value> get(UserId key) {
    const std::lock_guard lock(mutex_);
    const auto found = there_.find(key.value);
    if (found == there_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->second;
  }
  void put(UserId key, std::shared_ptr<const Value> value, std::size_t /*size_bytes*/) {
    const std::lock_guard lock(mutex_);
    if (there_.contains(key.value)) return;
    if (order_.size() == room_) {
      there_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key.value, std::move(value));
    there_[key.value] = order_.begin();
  }

 private:
  using Order = std::list<std::pair<std::int64_t, std::shared_ptr<const Value>>>;
  const std::size_t room_;
  std::mutex mutex_;
  Order order_;
  std::unordered_map<std::int64_t, Order::iterator> there_;
};

/// Ids in no order, as those of the users who are asked for most are.
UserId user_of(std::uint64_t key) {
  return {static_cast<std::int64_t>(model::slot_hash(key) >> 1U)};
}

double hit_rate(const test::Trace& trace, std::size_t room) {
  Cache cache({room * size_of_one}, entropy);
  const auto value = std::make_shared<const Value>();
  for (const std::uint64_t key : trace) {
    const UserId user = user_of(key);
    if (!cache.get(user)) cache.put(user, value, sizeof(Value));
  }
  return static_cast<double>(cache.counters().hits) / static_cast<double>(trace.size());
}

void hit_rates(const std::string& name, const test::Trace& trace, std::size_t room, double least,
               double least_of_lru = 1) {
  const double own = hit_rate(trace, room);
  const double lru = test::lru_hit_rate(trace, room);
  const std::string beside = text("LRU %.3f, best possible %.3f", lru, test::best_hit_rate(trace, room));
  if (least > 0)
    line("hit rate, " + name, own, "min", least, beside);
  else
    line("hit rate / LRU's, " + name, own / lru, "min", least_of_lru,
         text("%.3f / %.3f; ", own, lru) + beside);
}

/// A cache that is warmed with those who were asked for most, then measured over 10,000 accesses: as the job
/// does.
void warm_up(const std::string& name, const test::Trace& trace, std::size_t room) {
  constexpr std::size_t measured = 10'000;
  const std::size_t seen = trace.size() - measured;
  model::AccessSample sample;
  model::HotUsers hot;
  for (std::size_t i = 0; i < seen; ++i) {
    sample.note(user_of(trace[i]), i);
    hot.note(user_of(trace[i]));
  }
  std::vector<model::HotUser> known;
  for (std::uint32_t slot = 0; slot < model::slot_count; ++slot)
    known.insert(known.end(), hot.of_slot(slot).begin(), hot.of_slot(slot).end());
  Cache cache({room * size_of_one}, entropy);
  const auto value = std::make_shared<const Value>();
  for (const UserId user : model::hottest(std::move(known), room)) {
    cache.get(user);
    cache.get(user);
    cache.put(user, value, sizeof(Value));
  }
  const std::uint64_t hits_before = cache.counters().hits;
  for (std::size_t i = seen; i < trace.size(); ++i)
    if (!cache.get(user_of(trace[i]))) cache.put(user_of(trace[i]), value, sizeof(Value));
  const double real = static_cast<double>(cache.counters().hits - hits_before) / measured;
  const auto foretold = model::foretell_hit_rate(sample.trace(seen), {room, {{}, room}, measured});
  if (!foretold) return;
  line("warm-up, points off what was foretold, " + name, 100 * std::abs(foretold->expected - real), "max", 3,
       text("foretold %.3f, measured %.3f", foretold->expected, real) +
           text(", nine in ten within %.3f to %.3f", foretold->low, foretold->high));
}

/// Nanoseconds of processor time of a hit: what others do on the machine is not counted.
double processor_nanoseconds(Cache& cache, const std::vector<UserId>& users) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  };
  const double began = now();
  std::size_t hits = 0;
  for (const UserId user : users) hits += cache.get(user) ? 1 : 0;
  return (now() - began) / static_cast<double>(hits);
}

/// Nanoseconds of an access by that many threads at once, each going through the same keys elsewhere.
template <class Kind>
double nanoseconds(Kind& cache, const std::vector<UserId>& users, int threads,
                   std::chrono::milliseconds time) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accesses{0};
  std::atomic<std::uint64_t> missed{0};
  const auto began = Clock::now();
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread)
    running.emplace_back([&, thread] {
      std::uint64_t mine = 0;
      std::uint64_t misses = 0;
      std::size_t at = users.size() / 8 * static_cast<std::size_t>(thread);
      while (!stop.load(std::memory_order_relaxed))
        for (int i = 0; i < 256; ++i, ++mine) {
          if (!cache.get(users[at])) ++misses;
          at = at + 1 == users.size() ? 0 : at + 1;
        }
      accesses += mine;
      missed += misses;
    });
  std::this_thread::sleep_for(time);
  stop = true;
  for (std::thread& each : running) each.join();
  const std::chrono::duration<double, std::nano> took = Clock::now() - began;
  if (missed * 100 > accesses) std::fprintf(stderr, "not all were hits\n");
  return took.count() / static_cast<double>(accesses);
}

/// What else runs on the machine only ever adds to it.
double best(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

void times(std::chrono::milliseconds time) {
  constexpr std::size_t keys = 100'000;
  std::vector<UserId> trace;
  for (const std::uint64_t key : test::zipf_trace(keys, 1'000'000, 5)) trace.push_back(user_of(key));
  Cache cache({keys * size_of_one * 5 / 4}, entropy);
  LockedLru lru(keys);
  for (std::size_t i = 0; i < keys; ++i) {
    const UserId user = user_of(i * 7919 % keys);
    cache.put(user, std::make_shared<const Value>(), sizeof(Value));
    lru.put(user, std::make_shared<const Value>(), sizeof(Value));
  }
  std::vector<double> hit, one, eight, lru_one, lru_eight;
  // In turn, because a machine's speed drifts by more than the difference that is looked for.
  for (int i = 0; i < 5; ++i) {
    hit.push_back(processor_nanoseconds(cache, trace));
    one.push_back(nanoseconds(cache, trace, 1, time));
    eight.push_back(nanoseconds(cache, trace, 8, time));
    lru_one.push_back(nanoseconds(lru, trace, 1, time));
    lru_eight.push_back(nanoseconds(lru, trace, 8, time));
  }
  line("a hit, ns of processor time", best(hit), "max", 300,
       text("one thread by the wall %.0f, LRU under one lock %.0f", best(one), best(lru_one)));
  line("hits a second, 8 threads / 1", best(one) / best(eight), "min",
       0.7 * std::min(8U, std::thread::hardware_concurrency()),
       std::to_string(std::thread::hardware_concurrency()) + " cores; LRU under one lock " +
           text("%.2f", best(lru_one) / best(lru_eight), 0));
  line("8 threads: hits a second / LRU's under one lock", best(lru_eight) / best(eight), "min", 1,
       text("%.1f / %.1f million", 1000 / best(eight), 1000 / best(lru_eight)));
}

void run(std::size_t accesses, std::chrono::milliseconds time) {
  constexpr std::size_t few = 10'000;
  constexpr std::size_t many = 100'000;
  hit_rates("Zipf(1.0), 10,000 keys, room for 1 %", test::zipf_trace(few, accesses, 1), few / 100, 0.5);
  hit_rates("Zipf(1.0), 100,000 keys, room for 1 %", test::zipf_trace(many, accesses, 2), many / 100, 0.5);
  hit_rates("with a scan mixed in", test::zipf_with_scan(many, accesses, 3), many / 100, 0);
  hit_rates("with a shifting hot set", test::shifting_trace(many, accesses, 4), many / 100, 0);
  hit_rates("in bursts (LRU's best case)", test::bursts_trace(accesses, 5), many / 100, 0, 0.9);
  const std::size_t seen = std::max<std::size_t>(accesses, 1'000'000);
  warm_up("room for 1 %", test::zipf_trace(many, seen, 6), many / 100);
  warm_up("room for 10 %", test::zipf_trace(many, seen, 7), many / 10);
  warm_up("a million users", test::zipf_trace(10 * many, seen, 8), many / 10);
  warm_up("with a scan", test::zipf_with_scan(many, seen, 9), many / 20);
  times(time);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 10;
  muster::bench::run(static_cast<std::size_t>(seconds) * 200'000, std::chrono::milliseconds(seconds * 100));
}
