// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/cached/daemons.hpp"
#include "lib/ops/fixture.hpp"
#include "ops/users.hpp"

#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::ops::testing {

TEST_CASE("who was picked to read a user again before it runs out does so, though memory still has it") {
  World world;
  cached::testing::Daemons daemons(1, "", {.memory_ttl = std::chrono::milliseconds(100)});
  const UserId id{42};
  daemons.create(0, id, "name");
  // The longer a read takes, the earlier somebody is picked.
  daemons.store.before_answer = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  world.context().users_cache = &daemons[0];
  const auto request = must(wire::parse_json(json_of(R"({"id":%})", id.text())));
  int picked = 0;
  std::uint64_t read_again = 0;
  for (int i = 0; i < 30'000 && picked < 3; ++i) {
    const auto picked_before = daemons[0].counters().early_refreshes;
    const auto loads = daemons.loads();
    Call call = world.as_operator();
    if (auto known = invoke_from_memory<GetUser>(world.context(), call, request)) {
      REQUIRE(*known);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      continue;
    }
    // As a worker goes on with it.
    REQUIRE(invoke<GetUser>(world.context(), call, request));
    if (daemons[0].counters().early_refreshes == picked_before) continue;
    ++picked;
    read_again += daemons.loads() - loads;
  }
  CHECK(picked == 3);
  CHECK(read_again == 3);
}

}  // namespace muster::ops::testing
