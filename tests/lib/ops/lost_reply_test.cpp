// SPDX-License-Identifier: Apache-2.0
// A caller that does not know what became of a request asks again with the same Idempotency-Key.
#include "lib/ops/accounts_fixture.hpp"
#include "ops/create_user.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

using sharded::testing::Death;

Call keyed(World& world, const std::string& key) {
  Call call = world.as_operator();
  call.idempotency_key = key;
  return call;
}

std::int64_t users_of(World& world) {
  std::int64_t count = 0;
  REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(count, unit.users().count());
    return {};
  }));
  return count;
}

}  // namespace

TEST_CASE("a request whose answer was lost is done once, however it is repeated", "[idempotency]") {
  constexpr std::size_t shards = 3;
  constexpr int writes_max = 30;
  const auto death = GENERATE(Death::before_the_write, Death::after_the_write);
  World world(shards);
  for (int write = 1; write <= writes_max; ++write) {
    INFO("write " << write);
    const std::string name = "user" + std::to_string(write);
    const std::string request = json_of(R"({"username":%,"email":%,"password":%})", name,
                                        name + "@example.org", std::string(good_password));
    const std::int64_t before = users_of(world);
    world.fate->die_at(write, death);
    Call first = keyed(world, name);
    const auto answered = world.run<CreateUser>(first, request);
    const bool was_interrupted = world.fate->is_dead();
    world.close();
    world.fate->revive();
    world.clock.advance(std::chrono::minutes(10));
    world.open();
    Call second = keyed(world, name);
    const auto again = world.run<CreateUser>(second, request);
    INFO(message(again));
    REQUIRE(again);
    if (answered) CHECK(text_at(*again, "id") == text_at(*answered, "id"));
    Call third = keyed(world, name);
    CHECK(text_at(must(world.run<CreateUser>(third, request)), "id") == text_at(*again, "id"));
    CHECK(users_of(world) == before + 1);
    if (!was_interrupted) return;
  }
  FAIL("it never came to the end");
}

}  // namespace muster::ops::testing
