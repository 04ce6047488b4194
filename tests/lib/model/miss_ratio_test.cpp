// SPDX-License-Identifier: Apache-2.0
#include "model/miss_ratio.hpp"

#include "model/hot_users.hpp"
#include "support/cache_traces.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

UserId user_of(std::uint64_t key) {
  return {static_cast<std::int64_t>(slot_hash(key) >> 1U)};
}

test::Trace keys_of(const std::vector<UserId>& users) {
  test::Trace out;
  for (const UserId user : users) out.push_back(static_cast<std::uint64_t>(user.value));
  return out;
}
test::Trace ids_of(const test::Trace& keys) {
  std::vector<UserId> users;
  for (const std::uint64_t key : keys) users.push_back(user_of(key));
  return keys_of(users);
}

AccessSample sample_of(const test::Trace& trace, AccessSampleLimits limits = {}) {
  AccessSample out(limits);
  for (std::size_t i = 0; i < trace.size(); ++i) out.note(user_of(trace[i]), i);
  return out;
}

TEST_CASE("a sample knows every access to the users it looks at, the latest", "[access_sample]") {
  CHECK(rc::check("any accesses", [] {
    const AccessSampleLimits limits{*rc::gen::inRange<std::size_t>(1, 300),
                                    *rc::gen::inRange<std::size_t>(1, 40)};
    const auto keys =
        *rc::gen::container<std::vector<std::uint64_t>>(500, rc::gen::inRange<std::uint64_t>(0, 100));
    const AccessSample sample = sample_of(keys, limits);
    const AccessTrace trace = sample.trace(keys.size());
    RC_ASSERT(trace.accesses.size() <= limits.accesses_max);
    RC_ASSERT(trace.rate > 0 && trace.rate <= 1);
    std::vector<UserId> expected;
    for (std::size_t i = keys.size() - static_cast<std::size_t>(trace.all_accesses); i < keys.size(); ++i)
      if (AccessSample::hash_of(user_of(keys[i])) < sample.threshold()) expected.push_back(user_of(keys[i]));
    RC_ASSERT(trace.accesses == expected);
    auto users = trace.accesses;
    std::sort(users.begin(), users.end());
    RC_ASSERT(std::unique(users.begin(), users.end()) - users.begin() <=
              static_cast<std::ptrdiff_t>(limits.users_max));
  }));
}

TEST_CASE("a sample's users are as many of all as it says", "[access_sample]") {
  const AccessTrace trace = sample_of(test::zipf_trace(200'000, 500'000, 1, 0.5)).trace(500'000);
  CHECK(trace.rate < 0.2);
  CHECK(static_cast<double>(trace.accesses.size()) / trace.all_accesses == Approx(trace.rate).epsilon(0.05));
}

TEST_CASE("a restored sample goes on as the one before", "[access_sample]") {
  const test::Trace keys = test::zipf_trace(100'000, 300'000, 1, 0.5);
  const AccessTrace before = sample_of(keys).trace(keys.size());
  AccessSample restored = AccessSample::restored(before);
  const AccessTrace after = restored.trace(0);
  CHECK(after.accesses == before.accesses);
  CHECK(after.rate == Approx(before.rate));
  CHECK(after.all_accesses == Approx(before.all_accesses));
  for (std::size_t i = 0; i < 200'000; ++i) restored.note(user_of(keys[i]), i);
  const AccessTrace later = restored.trace(200'000);
  CHECK(static_cast<double>(later.accesses.size()) / later.all_accesses == Approx(later.rate).epsilon(0.1));
}

/// What happens after the trace that was seen.
struct Course {
  test::Trace seen;
  test::Trace follows;
};

Course course(const test::Trace& all, std::size_t seen) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(seen);
  return {{all.begin(), middle}, {middle, all.end()}};
}

struct Workload {
  const char* name;
  Course course;
  std::size_t room;
};

std::vector<Workload> workloads() {
  constexpr std::size_t seen = 500'000;
  constexpr std::size_t all = 800'000;
  std::vector<Workload> out;
  out.push_back({"Zipf(1.0), room for 1 %", course(test::zipf_trace(100'000, all, 1), seen), 1000});
  out.push_back({"Zipf(1.0), room for 10 %", course(test::zipf_trace(100'000, all, 2), seen), 10'000});
  out.push_back({"Zipf(0.8), room for 1 %", course(test::zipf_trace(100'000, all, 3, 0.8), seen), 1000});
  out.push_back({"few users", course(test::zipf_trace(10'000, all, 4), seen), 100});
  out.push_back({"a scan mixed in", course(test::zipf_with_scan(100'000, all, 5), seen), 5000});
  out.push_back({"bursts", course(test::bursts_trace(all, 6), seen), 1000});
  return out;
}

TEST_CASE("the settled hit rate is foretold within three points, which LRU's curve is not", "[miss_ratio]") {
  double worst_lru = 0;
  for (const Workload& each : workloads()) {
    INFO(each.name);
    const AccessTrace sample = sample_of(each.course.seen).trace(each.course.seen.size());
    const auto foretold = foretell_hit_rate(sample, {each.room, {}, {}});
    REQUIRE(foretold);
    const double real = test::policy_hit_rate_after(each.course.seen, each.course.follows, each.room);
    CHECK(std::abs(foretold->expected - real) < 0.03);
    CHECK(foretold->low <= foretold->expected);
    CHECK(foretold->expected <= foretold->high);
    CHECK(foretold->high - foretold->low < 0.1);
    const auto room = static_cast<std::size_t>(std::llround(static_cast<double>(each.room) * sample.rate));
    worst_lru = std::max(worst_lru, std::abs(test::lru_hit_rate(keys_of(sample.accesses), room) - real));
  }
  CHECK(worst_lru > 0.1);
}

TEST_CASE("the hit rate after a warm-up is foretold within three points", "[miss_ratio]") {
  constexpr std::size_t measured = 10'000;
  for (const Workload& each : workloads()) {
    const AccessTrace sample = sample_of(each.course.seen).trace(each.course.seen.size());
    HotUsers hot;
    for (const std::uint64_t key : each.course.seen) hot.note(user_of(key));
    std::vector<HotUser> all;
    for (std::uint32_t slot = 0; slot < slot_count; ++slot)
      all.insert(all.end(), hot.of_slot(slot).begin(), hot.of_slot(slot).end());
    const test::Trace follows(each.course.follows.begin(), each.course.follows.begin() + measured);
    for (const std::size_t top : {each.room / 4, each.room}) {
      INFO(each.name << ", " << top << " users");
      const std::vector<UserId> users = hottest(all, top);
      const double real = test::policy_hit_rate_warmed(keys_of(users), ids_of(follows), each.room);
      const auto foretold = foretell_hit_rate(sample, {each.room, {{}, top}, measured});
      REQUIRE(foretold);
      CHECK(std::abs(foretold->expected - real) < 0.03);
    }
  }
}

TEST_CASE("users that are named are foretold as what is hottest is", "[miss_ratio]") {
  const test::Trace keys = test::zipf_trace(100'000, 500'000, 1);
  const AccessTrace sample = sample_of(keys).trace(keys.size());
  std::unordered_set<UserId> first;
  for (std::uint64_t key = 0; key < 1000; ++key) first.insert(user_of(key));
  const auto named = foretell_hit_rate(sample, {1000, {first, 0}, 10'000});
  const auto hottest = foretell_hit_rate(sample, {1000, {{}, 1000}, 10'000});
  const auto cold = foretell_hit_rate(sample, {1000, {}, 10'000});
  REQUIRE((named && hottest && cold));
  CHECK(named->expected == Approx(hottest->expected).margin(0.02));
  CHECK(cold->expected < named->expected - 0.05);
}

TEST_CASE("nothing is foretold from next to nothing", "[miss_ratio]") {
  CHECK(!foretell_hit_rate({}, {1000, {}, {}}));
  CHECK(!foretell_hit_rate(sample_of(test::zipf_trace(100, 100, 1)).trace(100), {1000, {}, {}}));
  const AccessTrace trace = sample_of(test::zipf_trace(1000, 1000, 1)).trace(1000);
  CHECK(foretell_hit_rate(trace, {0, {}, {}})->expected == Approx(0));
}

TEST_CASE("hot users are counted surely, few for each slot", "[hot_users]") {
  CHECK(rc::check("any accesses", [] {
    const std::size_t keys = *rc::gen::inRange<std::size_t>(1, 300);
    test::Random random(*rc::gen::arbitrary<std::uint64_t>());
    HotUsers hot;
    std::unordered_map<UserId, std::uint32_t> exact;
    // All of one slot.
    std::vector<UserId> users;
    for (std::int64_t id = 1; users.size() < keys; ++id)
      if (slot_of(UserId{id}) == 7) users.push_back(UserId{id});
    for (int i = 0; i < 2000; ++i) {
      const UserId user = users[std::min(random() % keys, random() % keys)];
      hot.note(user);
      ++exact[user];
    }
    RC_ASSERT(hot.of_slot(7).size() <= HotUsers::per_slot_max);
    for (const HotUser& each : hot.of_slot(7)) {
      RC_ASSERT(each.count >= exact[each.user]);
      RC_ASSERT(each.sure() <= exact[each.user]);
    }
    // Nobody is missing who was asked for more often than a share of all.
    for (const auto& [user, count] : exact)
      if (count > 2000 / HotUsers::per_slot_max)
        RC_ASSERT(std::any_of(hot.of_slot(7).begin(), hot.of_slot(7).end(),
                              [id = user](const HotUser& each) { return each.user == id; }));
  }));
}

TEST_CASE("hot users are restored, and fade", "[hot_users]") {
  HotUsers hot;
  for (std::int64_t id = 1; id <= 1000; ++id)
    for (std::int64_t i = 0; i < id % 10; ++i) hot.note(UserId{id});
  HotUsers again;
  std::size_t count = 0;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    again.restore(slot, hot.of_slot(slot));
    again.restore((slot + 1) % slot_count, hot.of_slot(slot));
    CHECK(again.of_slot((slot + 1) % slot_count).empty());
    again.restore(slot, hot.of_slot(slot));
    CHECK(again.of_slot(slot).size() == hot.of_slot(slot).size());
    for (int i = 0; i < 2; ++i) again.age(slot);
    for (const HotUser& each : again.of_slot(slot)) CHECK(each.user.value % 10 >= 4);
    count += again.of_slot(slot).size();
  }
  CHECK(count == 600);
}

}  // namespace
}  // namespace muster::model
