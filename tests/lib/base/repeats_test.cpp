// SPDX-License-Identifier: Apache-2.0
#include "base/repeats.hpp"

#include <catch2/catch.hpp>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST_CASE("what is said again and again is said once an interval, with how often it was left out") {
  Repeats repeats(1s);
  const auto begin = Repeats::Clock::now();
  CHECK(repeats.say("down", begin) == 0);
  CHECK_FALSE(repeats.say("down", begin + 1ms));
  CHECK_FALSE(repeats.say("down", begin + 999ms));
  CHECK(repeats.say("another", begin + 2ms) == 0);
  CHECK(repeats.say("down", begin + 1s) == 2);
  CHECK_FALSE(repeats.say("down", begin + 1001ms));
  CHECK(repeats.say("down", begin + 5s) == 1);
}

TEST_CASE("of ever new texts only so many are remembered, and all are said") {
  Repeats repeats(1s);
  const auto begin = Repeats::Clock::now();
  for (std::size_t i = 0; i < 3 * Repeats::texts_max; ++i)
    CHECK(repeats.say("text " + std::to_string(i), begin) == 0);
  CHECK_FALSE(repeats.say("text 0", begin));
  CHECK(repeats.say("text 700", begin) == 0);
  // When the old ones are of no use any more there is room again.
  CHECK(repeats.say("new", begin + 2s) == 0);
  CHECK_FALSE(repeats.say("new", begin + 2s));
}

}  // namespace
}  // namespace muster
