// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/rates.hpp"

#include <catch2/catch.hpp>

namespace muster::sharded {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

TEST_CASE("a rate is known from two numbers on, and of the last minute") {
  Rates rates;
  const Rates::Clock::time_point start{};
  CHECK_FALSE(rates.of(1));
  rates.note(1, 100, start);
  CHECK_FALSE(rates.of(1));
  rates.note(1, 150, start + seconds(10));
  CHECK(rates.of(1) == Approx(5.0));
  CHECK_FALSE(rates.of(2));
  for (int i = 2; i <= 20; ++i) rates.note(1, 150, start + seconds(10 * i));
  CHECK(rates.of(1) == Approx(0.0));
}

TEST_CASE("numbers asked for often do not push the older ones out") {
  Rates rates;
  const Rates::Clock::time_point start{};
  rates.note(1, 0, start);
  for (int i = 1; i <= 400; ++i) rates.note(1, i, start + milliseconds(100 * i));
  CHECK(rates.of(1) == Approx(10.0));
}

TEST_CASE("a number that shrinks is another one") {
  Rates rates;
  const Rates::Clock::time_point start{};
  rates.note(1, 100, start);
  rates.note(1, 10, start + seconds(10));
  CHECK_FALSE(rates.of(1));
  rates.note(1, 30, start + seconds(20));
  CHECK(rates.of(1) == Approx(2.0));
}

}  // namespace muster::sharded
