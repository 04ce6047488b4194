// SPDX-License-Identifier: Apache-2.0
#include "model/slot_map.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

std::vector<ShardId> shards_of(std::uint32_t count) {
  std::vector<ShardId> out;
  for (std::uint32_t i = 0; i < count; ++i) out.push_back({i * 7 + 3});
  return out;
}

std::map<ShardId, std::int64_t> sizes(const SlotMap& map) {
  std::map<ShardId, std::int64_t> out;
  for (const SlotOwner& owner : map.owners) ++out[owner.shard];
  return out;
}

/// Any owners at all of `shards`.
SlotMap any_map(const std::vector<ShardId>& shards) {
  SlotMap out;
  const auto skewed = *rc::gen::inRange<std::size_t>(1, shards.size() + 1);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    const std::uint64_t number = slot_hash(seed + slot);
    out.owners.push_back({shards[number % skewed], static_cast<std::int64_t>(number % 5 + 1)});
  }
  return out;
}

TEST_CASE("the slots of names are what they always were", "[slot]") {
  CHECK(slot_of_name(NameKind::username, "ada") == 3616);
  CHECK(slot_of_name(NameKind::email, "ada") == 3130);
  CHECK(slot_of_name(NameKind::phone, "+4930123456") == 1107);
  CHECK(slot_of_name(NameKind::username, "") == 1840);
  CHECK(slot_of_name(NameKind::email, "ada@example.org") == 845);
  CHECK(slot_of_name(NameKind::username,
                     "gr\xc3\xbc\xc3\x9f"
                     "e") == 3530);
}

TEST_CASE("an even map is contiguous, whole and even", "[slot_map]") {
  CHECK(rc::check("any number of shards", [] {
    const auto shards = shards_of(*rc::gen::inRange<std::uint32_t>(1, 300));
    const SlotMap map = even_map(shards).value();
    RC_ASSERT(validate(map, shards));
    RC_ASSERT(std::is_sorted(map.owners.begin(), map.owners.end(),
                             [](const SlotOwner& a, const SlotOwner& b) { return a.shard < b.shard; }));
    std::int64_t least = slot_count;
    std::int64_t most = 0;
    const auto owned = sizes(map);
    for (const auto& [shard, size] : owned) {
      least = std::min(least, size);
      most = std::max(most, size);
    }
    RC_ASSERT(owned.size() == shards.size());
    RC_ASSERT(most - least <= 1);
  }));
  CHECK(sizes(even_map(shards_of(slot_count)).value()).size() == slot_count);
}

TEST_CASE("a map of no shards, of one twice, or of too many is refused", "[slot_map]") {
  CHECK(even_map({}).error().code == ErrorCode::invalid_argument);
  CHECK(even_map(std::vector<ShardId>{{1}, {2}, {1}}).error().code == ErrorCode::invalid_argument);
  CHECK(even_map(shards_of(slot_count + 1)).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a map that is not whole is not valid, and it is said where", "[slot_map]") {
  const auto shards = shards_of(3);
  const SlotMap good = even_map(shards).value();
  CHECK(validate(good, shards));

  SlotMap bad = good;
  bad.owners.pop_back();
  CHECK(validate(bad, shards).error().message == "the map has 4095 slots, there must be 4096");
  bad = good;
  bad.owners[77].shard = {1};
  CHECK(validate(bad, shards).error().message == "slot 77 is on shard 1, which is not known");
  bad = good;
  bad.owners[4095].epoch = 0;
  CHECK(validate(bad, shards).error().message == "slot 4095 has epoch 0");
  bad = good;
  bad.version = 0;
  CHECK_FALSE(validate(bad, shards));
  CHECK_FALSE(validate(good, std::vector(shards.begin(), shards.begin() + 2)));
}

TEST_CASE("a drained shard is empty, and the others as even as they can be", "[slot_map]") {
  CHECK(rc::check("any map", [] {
    const auto shards = shards_of(*rc::gen::inRange<std::uint32_t>(2, 60));
    const SlotMap before = any_map(shards);
    const ShardId from = *rc::gen::elementOf(shards);
    auto to = shards;
    to.erase(std::find(to.begin(), to.end(), from));
    const auto moves = drain_plan(before, from, to).value();

    const auto owned = sizes(before);
    const auto leaving = owned.count(from) != 0 ? owned.at(from) : 0;
    RC_ASSERT(static_cast<std::int64_t>(moves.size()) == leaving);
    SlotMap after = before;
    std::map<ShardId, std::int64_t> gained;
    for (const SlotMove& move : moves) {
      RC_ASSERT(apply(after, move));
      ++gained[move.to];
    }
    RC_ASSERT(validate(after, to));
    RC_ASSERT(after.version == before.version + leaving);

    // Nobody who was given a slot has two more than anybody else.
    auto filled = sizes(after);
    for (const auto& [shard, amount] : gained)
      for (const ShardId other : to) RC_ASSERT(filled[shard] <= filled[other] + 1);

    auto shuffled = to;
    std::reverse(shuffled.begin(), shuffled.end());
    RC_ASSERT(drain_plan(before, from, shuffled).value() == moves);
  }));
}

TEST_CASE("a drain plan keeps neighbours together", "[slot_map]") {
  const auto shards = shards_of(4);
  const SlotMap map = even_map(shards).value();
  const auto moves = drain_plan(map, shards[0], std::vector(shards.begin() + 1, shards.end())).value();
  std::size_t changes = 0;
  for (std::size_t i = 1; i < moves.size(); ++i) changes += moves[i].to == moves[i - 1].to ? 0 : 1;
  CHECK(moves.size() == 1024);
  CHECK(changes == 2);
  CHECK(moves.front().epoch == 2);
}

TEST_CASE("a drain needs somewhere else to go", "[slot_map]") {
  const auto shards = shards_of(2);
  const SlotMap map = even_map(shards).value();
  CHECK(drain_plan(map, shards[0], {}).error().code == ErrorCode::invalid_argument);
  CHECK(drain_plan(map, shards[0], shards).error().code == ErrorCode::invalid_argument);
  CHECK(drain_plan(map, shards[0], std::vector{shards[1], shards[1]}).error().code ==
        ErrorCode::invalid_argument);
}

TEST_CASE("a move that was planned for another map is refused", "[slot_map]") {
  const auto shards = shards_of(2);
  SlotMap map = even_map(shards).value();
  const SlotMove move{5, shards[0], shards[1], 2};
  REQUIRE(apply(map, move));
  CHECK(map.owners[5] == SlotOwner{shards[1], 2});
  const SlotMap moved = map;
  CHECK(apply(map, move).error().code == ErrorCode::conflict);
  CHECK(apply(map, {6, shards[0], shards[1], 3}).error().code == ErrorCode::conflict);
  CHECK(apply(map, {slot_count, shards[0], shards[1], 2}).error().code == ErrorCode::conflict);
  CHECK(map == moved);
}

TEST_CASE("skew is the fullest shard against the mean, with its hottest slots", "[slot_map]") {
  const auto shards = shards_of(4);
  SlotMap map = even_map(shards).value();
  std::vector<SlotLoad> loads(slot_count);
  SECTION("nothing is stored") {
    const SkewReport report = skew(map, shards, loads, 3);
    CHECK(report.shards.size() == 4);
    CHECK(report.users_max_to_mean == 1);
    CHECK(report.writes_max_to_mean == 1);
    CHECK(report.most_users.empty());
  }
  SECTION("one shard has it all") {
    loads[0].users = 10;
    loads[1].users = 30;
    loads[2].users = 30;
    loads[1024].writes = 7;
    loads[3000].writes = 1;
    const SkewReport report = skew(map, shards, loads, 2);
    CHECK(report.users_max_to_mean == Approx(4));
    CHECK(report.writes_max_to_mean == Approx(3.5));
    REQUIRE(report.most_users.size() == 2);
    CHECK(report.most_users[0].slot == 1);
    CHECK(report.most_users[1].slot == 2);
    REQUIRE(report.most_writes.size() == 2);
    CHECK(report.most_writes[0].slot == 1024);
    CHECK(report.most_writes[0].shard == shards[1]);
    CHECK(report.shards[0].load == SlotLoad{70, 0});
    CHECK(report.shards[0].slots == 1024);
  }
  SECTION("a shard without slots counts for the mean") {
    for (SlotOwner& owner : map.owners) owner.shard = shards[0];
    loads[9].users = 5;
    CHECK(skew(map, shards, loads, 1).users_max_to_mean == Approx(4));
  }
}

}  // namespace
}  // namespace muster::model
