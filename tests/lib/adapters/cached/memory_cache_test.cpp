// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/memory_cache.hpp"

#include "adapters/system/entropy.hpp"
#include "support/cache_traces.hpp"

#include <atomic>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::cached {
namespace {

struct Record {
  std::int64_t key = 0;
  std::int64_t version = 0;
};

using Cache = MemoryCache<UserId, Record>;

system::SystemEntropy entropy;

constexpr std::size_t record_bytes = 100;
constexpr std::size_t room_for(std::size_t entries) {
  return entries * (record_bytes + Cache::entry_bytes);
}
std::shared_ptr<const Record> record(UserId key, std::int64_t version = 0) {
  return std::make_shared<const Record>(Record{key.value, version});
}
void put(Cache& cache, UserId key, std::int64_t version = 0) {
  cache.put(key, record(key, version), record_bytes);
}

void in_parallel(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
  for (std::thread& each : running) each.join();
}

TEST_CASE("what was put is there until it is erased, replaced or cleared", "[memory_cache]") {
  Cache cache({room_for(100)}, entropy);
  CHECK(cache.get(UserId{1}) == nullptr);
  put(cache, UserId{1}, 7);
  REQUIRE(cache.get(UserId{1}) != nullptr);
  CHECK(cache.get(UserId{1})->version == 7);
  put(cache, UserId{1}, 8);
  CHECK(cache.get(UserId{1})->version == 8);
  CHECK(cache.erase(UserId{1}));
  CHECK(!cache.erase(UserId{1}));
  CHECK(cache.get(UserId{1}) == nullptr);

  for (std::int64_t i = 1; i <= 50; ++i) put(cache, UserId{i});
  CHECK(cache.counters().entries == 50);
  cache.clear();
  CHECK(cache.counters().entries == 0);
  CHECK(cache.counters().size_bytes == 0);
  for (std::int64_t i = 1; i <= 50; ++i) CHECK(cache.get(UserId{i}) == nullptr);
  put(cache, UserId{1}, 9);
  CHECK(cache.get(UserId{1})->version == 9);
}

TEST_CASE("counters say what happened", "[memory_cache]") {
  Cache cache({room_for(10)}, entropy);
  for (std::int64_t i = 1; i <= 30; ++i) {
    cache.get(UserId{i});
    put(cache, UserId{i});
  }
  std::uint64_t hits = 0;
  for (std::int64_t i = 1; i <= 30; ++i) hits += cache.get(UserId{i}) != nullptr ? 1 : 0;
  const MemoryCacheCounters now = cache.counters();
  CHECK(hits == 10);
  CHECK(now.hits == hits);
  CHECK(now.misses == 30 + 20);
  CHECK(now.evictions == 20);
  CHECK(now.entries == 10);
  CHECK(now.size_bytes == room_for(10));
}

TEST_CASE("an older value does not replace a newer one", "[memory_cache]") {
  Cache cache({room_for(100)}, entropy);
  const auto put_newer = [&](std::int64_t version) {
    return cache.put_if(UserId{1}, record(UserId{1}, version), record_bytes,
                        [&](const Record& old) { return old.version < version; });
  };
  CHECK(put_newer(5));
  CHECK(!put_newer(4));
  CHECK(cache.get(UserId{1})->version == 5);
  CHECK(put_newer(6));
  CHECK(cache.get(UserId{1})->version == 6);
}

TEST_CASE("a value that has no room leaves no older one behind", "[memory_cache]") {
  Cache cache({room_for(10)}, entropy);
  put(cache, UserId{1}, 1);
  cache.put(UserId{1}, record(UserId{1}, 2), room_for(11));
  CHECK(cache.get(UserId{1}) == nullptr);
  CHECK(cache.counters().size_bytes == 0);
  Cache none({0}, entropy);
  put(none, UserId{1});
  CHECK(none.get(UserId{1}) == nullptr);
}

TEST_CASE("a value in use outlives its entry", "[memory_cache]") {
  Cache cache({room_for(10)}, entropy);
  put(cache, UserId{1}, 3);
  const auto held = cache.get(UserId{1});
  cache.clear();
  CHECK(held->version == 3);
}

TEST_CASE("texts are keys too", "[memory_cache]") {
  MemoryCache<std::string, Record> cache({100'000}, entropy);
  cache.put("ada", record(UserId{1}), record_bytes);
  CHECK(cache.get("ada")->key == 1);
  CHECK(cache.get("ad") == nullptr);
}

// Many stripes; every thread does everything, on the same keys.
TEST_CASE("under concurrency bounds hold and values belong to their keys", "[memory_cache]") {
  constexpr std::int64_t keys = 20'000;
  constexpr std::size_t size_bytes_max = std::size_t{4} * 256 * 1024;
  Cache cache({size_bytes_max}, entropy);
  const test::Zipf zipf(keys, 1.0);
  std::atomic<std::size_t> strangers{0};
  std::atomic<std::size_t> overfull{0};
  std::atomic<std::size_t> hits{0};
  in_parallel(4, [&](int thread) {
    test::Random random(static_cast<std::uint64_t>(thread) * 1'000'000);
    for (int i = 0; i < 20'000; ++i) {
      const UserId key{static_cast<std::int64_t>(zipf(random()))};
      const std::uint64_t what = random() % 1000;
      if (what < 20)
        cache.erase(key);
      else if (what == 20)
        cache.clear();
      else if (const auto found = cache.get(key)) {
        ++hits;
        if (found->key != key.value) ++strangers;
      } else {
        cache.put(key, record(key), random() % 300);
      }
      if (what % 100 == 99 && cache.counters().size_bytes > size_bytes_max) ++overfull;
    }
  });
  CHECK(strangers == 0);
  CHECK(overfull == 0);
  CHECK(hits > 5'000);
  const MemoryCacheCounters now = cache.counters();
  CHECK(now.hits == hits);
  std::size_t found = 0;
  for (std::int64_t i = 0; i < keys; ++i) found += cache.erase(UserId{i}) ? 1 : 0;
  CHECK(found == now.entries);
  CHECK(cache.counters().size_bytes == 0);
}

TEST_CASE("what was erased or replaced before a read began is never read", "[memory_cache]") {
  Cache cache({room_for(1000)}, entropy);
  std::atomic<std::int64_t> oldest{0};
  std::atomic<bool> done{false};
  std::atomic<std::size_t> stale{0};
  std::thread reader([&] {
    while (!done) {
      const std::int64_t least = oldest;
      const auto found = cache.get(UserId{1});
      if (found && found->version < least) ++stale;
    }
  });
  for (std::int64_t version = 1; version <= 20'000; ++version) {
    if (version % 3 == 0)
      cache.erase(UserId{1});
    else if (version % 50 == 1)
      cache.clear();
    put(cache, UserId{1}, version);
    oldest = version;
  }
  done = true;
  reader.join();
  CHECK(stale == 0);
}

TEST_CASE("which keys share a place nobody can know", "[memory_cache]") {
  // Under one hash key both would give up the same entries.
  const auto kept = [](ports::Entropy& source) {
    Cache cache({room_for(20'000)}, source);
    for (std::int64_t i = 0; i < 40'000; ++i) put(cache, UserId{i});
    std::string out;
    for (std::int64_t i = 0; i < 40'000; ++i) out += cache.erase(UserId{i}) ? '1' : '0';
    return out;
  };
  CHECK(kept(entropy) != kept(entropy));
}

}  // namespace
}  // namespace muster::cached
