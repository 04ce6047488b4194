// SPDX-License-Identifier: Apache-2.0
// How far a replica is behind, by what the writer has counted.
#include "adapters/mysql/replicas.hpp"

#include <thread>

#include <catch2/catch.hpp>

namespace muster::mysql {
namespace {

using std::chrono::milliseconds;

}  // namespace

TEST_CASE("what a replica lacks is as old as it is durable") {
  Beats beats(std::chrono::seconds(10));
  CHECK_FALSE(beats.lag_of(5));
  beats.note(5);
  // Of one that has not even the first, nobody knows since when.
  CHECK_FALSE(beats.lag_of(4));
  CHECK(beats.lag_of(5) == milliseconds(0));
  beats.note(6);
  std::this_thread::sleep_for(milliseconds(20));
  beats.note(9);
  CHECK(*beats.lag_of(5) >= milliseconds(20));
  CHECK(*beats.lag_of(8) < *beats.lag_of(5));
  CHECK(beats.lag_of(9) == milliseconds(0));
  CHECK(beats.lag_of(10) == milliseconds(0));
}

TEST_CASE("a promoted replica may count from less") {
  Beats beats(std::chrono::seconds(10));
  for (const std::int64_t number : {5, 6, 7, 6}) beats.note(number);
  CHECK(beats.lag_of(6) == milliseconds(0));
  CHECK(beats.lag_of(5));
}

TEST_CASE("what is counted is kept for a bounded time") {
  Beats beats(std::chrono::seconds(1));
  for (std::int64_t number = 1; number <= 1000; ++number) beats.note(number);
  CHECK_FALSE(beats.lag_of(900));
  CHECK(beats.lag_of(995));
}

}  // namespace muster::mysql
