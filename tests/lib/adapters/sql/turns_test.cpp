// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/turns.hpp"

#include <algorithm>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::sql {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("the turn given back last is taken first, and none is given twice") {
  Turns turns(3);
  const auto first = turns.take(0ms, Holding::nothing);
  const auto second = turns.take(0ms, Holding::nothing);
  const auto third = turns.take(0ms, Holding::a_turn);
  REQUIRE((first && second && third));
  std::vector<std::size_t> all{*first, *second, *third};
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<std::size_t>{0, 1, 2});
  CHECK_FALSE(turns.take(1ms, Holding::nothing));
  turns.give_back(*first);
  turns.give_back(*second);
  CHECK(turns.take(0ms, Holding::nothing) == second);
}

TEST_CASE("turns that are kept for those who have one are for them alone") {
  Turns turns(3, 1);
  CHECK(turns.take(0ms, Holding::nothing));
  CHECK(turns.take(0ms, Holding::nothing));
  CHECK_FALSE(turns.take(1ms, Holding::nothing));
  CHECK(turns.take(0ms, Holding::a_turn) == 2);
  CHECK_FALSE(turns.take(1ms, Holding::a_turn));
  turns.give_back(2);
  CHECK_FALSE(turns.take(1ms, Holding::nothing));
}

TEST_CASE("who waits for a certain turn, and who waits for any, both get theirs") {
  Turns turns(2);
  const auto first = turns.take(0ms, Holding::nothing);
  const auto second = turns.take(0ms, Holding::nothing);
  REQUIRE((first && second));
  std::thread one([&] {
    turns.take_one(*first);
    turns.give_back(*first);
  });
  bool taken = false;
  std::thread any([&] { taken = turns.take(60s, Holding::nothing).has_value(); });
  turns.give_back(*second);
  any.join();
  CHECK(taken);
  turns.give_back(*first);
  one.join();
}

TEST_CASE("idle turns are taken for a rest, all but those used last") {
  Turns turns(4, 1);
  const auto used = turns.take(0ms, Holding::nothing);
  REQUIRE(used);
  turns.give_back(*used);
  const std::vector<std::size_t> idle = turns.take_idle(1);
  CHECK(idle.size() == 3);
  CHECK(std::find(idle.begin(), idle.end(), *used) == idle.end());
  CHECK(turns.take(0ms, Holding::nothing) == used);
  CHECK_FALSE(turns.take(1ms, Holding::nothing));
  turns.give_back_idle(idle);
  CHECK(turns.take(0ms, Holding::nothing));
  CHECK(turns.take(0ms, Holding::a_turn) == 3);
}

}  // namespace muster::sql
