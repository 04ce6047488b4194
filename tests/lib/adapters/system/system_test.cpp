// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"
#include "adapters/system/snowflake.hpp"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

namespace muster::system {
namespace {

using namespace std::chrono_literals;

constexpr Time start{1'750'000'000s};

TEST_CASE("the clock tells the system's time", "[system]") {
  SystemClock clock;
  const Time before = wall_clock();
  const Time told = clock.now();
  CHECK(told >= before);
  CHECK(told <= wall_clock());
  CHECK(clock.behind() == 0us);
}

TEST_CASE("the clock stands still while the system's goes back", "[system]") {
  Time wall = start;
  SystemClock clock({}, [&] { return wall; });
  CHECK(clock.now() == start);
  wall = start - 1h;
  CHECK(clock.now() == start);
  CHECK(clock.behind() == 1h);
  wall = start + 1us;
  CHECK(clock.now() == start + 1us);
  CHECK(clock.behind() == 0us);
}

TEST_CASE("the clock never goes below its floor", "[system]") {
  SystemClock clock(start + 1h, [] { return start; });
  CHECK(clock.behind() == 1h);
  CHECK(clock.now() == start + 1h);
}

TEST_CASE("the clock is monotone across threads", "[system]") {
  std::atomic<std::int64_t> ticks{0};
  // Forwards as a whole, with steps back.
  SystemClock clock({}, [&] {
    const std::int64_t tick = ++ticks;
    return start + Duration{tick - (tick % 7) * 3};
  });
  std::atomic<bool> went_back{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Time last{};
      for (int k = 0; k < 5000; ++k) {
        const Time now = clock.now();
        if (now < last) went_back = true;
        last = now;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(went_back);
}

TEST_CASE("entropy gives that many bytes, other ones each time", "[system]") {
  SystemEntropy entropy;
  CHECK(entropy.bytes(0).empty());
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = entropy.bytes(16);
    CHECK(bytes.size() == 16);
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
  // A buffer that was left as it came would be all zeros.
  CHECK(entropy.bytes(64).find_first_not_of('\0') != std::string::npos);
}

TEST_CASE("ids carry time, worker and sequence", "[system]") {
  SnowflakeIds ids(5, {}, [] { return start; });
  const std::int64_t first = ids.next()->value;
  const auto since_2024 = std::chrono::floor<std::chrono::milliseconds>(
      start - Time{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}});
  CHECK(first >> 22 == since_2024.count());
  CHECK(((first >> 12) & 1023) == 5);
  CHECK((first & 4095) == 0);
  CHECK(ids.next()->value == first + 1);
}

TEST_CASE("several ids are of one millisecond, and as many as it has left", "[system]") {
  std::atomic<int> reads{0};
  SnowflakeIds ids(5, {}, [&] { return start + std::chrono::milliseconds(++reads / 3); });
  const auto first = ids.several(4000);
  REQUIRE(first);
  REQUIRE(first->size() == 4000);
  const auto rest = ids.several(4000);
  REQUIRE(rest);
  CHECK(rest->size() == 96);
  CHECK(rest->front().value == first->back().value + 1);
  const auto next = ids.several(10);
  REQUIRE(next);
  CHECK(next->size() == 10);
  CHECK(next->front().value >> 22 == (rest->back().value >> 22) + 1);
  CHECK((next->front().value & 4095) == 0);
}

TEST_CASE("ids grow and never repeat, also across threads", "[system]") {
  SnowflakeIds ids(0, {});
  constexpr int each = 5000;
  std::vector<std::vector<std::int64_t>> given(4);
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (auto& mine : given)
    threads.emplace_back([&] {
      for (int k = 0; k < each; ++k) {
        const auto some = ids.several(1 + static_cast<std::size_t>(k % 2));
        if (!some) failed = true;
        for (const UserId id : some.value_or(std::vector<UserId>{})) {
          if (!mine.empty() && id.value <= mine.back()) failed = true;
          mine.push_back(id.value);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(failed);
  std::set<std::int64_t> all;
  std::size_t count = 0;
  for (const auto& mine : given) {
    all.insert(mine.begin(), mine.end());
    count += mine.size();
  }
  CHECK(count >= given.size() * each);
  CHECK(all.size() == count);
}

TEST_CASE("a full millisecond is waited out, a stopped clock is not waited for", "[system]") {
  std::atomic<bool> moves{true};
  std::atomic<int> reads{0};
  SnowflakeIds ids(0, {}, [&] { return moves ? start + std::chrono::milliseconds(++reads / 4100) : start; });
  std::int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = ids.next();
    REQUIRE(id);
    REQUIRE(id->value > last);
    last = id->value;
  }
  moves = false;
  const auto refused = ids.next();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("a clock that went back far is refused by name", "[system]") {
  Time wall = start;
  SnowflakeIds ids(0, {}, [&] { return wall; });
  REQUIRE(ids.next());
  wall = start - 90s;
  const auto refused = ids.next();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().message.find("90000 ms behind") != std::string::npos);
  wall = start + 1ms;
  CHECK(ids.next());
}

TEST_CASE("a clock that went back a little is waited for", "[system]") {
  Time wall = start;
  int reads = 0;
  SnowflakeIds ids(0, {}, [&] { return wall + std::chrono::milliseconds(reads++); });
  const auto first = ids.next();
  wall = start - 5ms;
  reads = 0;
  const auto second = ids.next();
  REQUIRE(second);
  CHECK(second->value > first->value);
}

TEST_CASE("the last id of an earlier process is a floor", "[system]") {
  Time wall = start;
  SnowflakeIds earlier(0, {}, [&] { return wall; });
  const UserId last = *earlier.next();
  SnowflakeIds later(0, last, [&] { return wall; });
  CHECK_FALSE(later.next());
  wall += 1ms;
  const auto next = later.next();
  REQUIRE(next);
  CHECK(next->value > last.value);
}

TEST_CASE("ids outside their years are refused", "[system]") {
  for (const Time wall : {Time{1'600'000'000s}, Time{4'000'000'000s}}) {
    SnowflakeIds ids(0, {}, [wall] { return wall; });
    CHECK_FALSE(ids.next());
  }
}

}  // namespace
}  // namespace muster::system
