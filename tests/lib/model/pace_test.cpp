// SPDX-License-Identifier: Apache-2.0
#include "model/pace.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

using std::chrono::microseconds;

/// The time that so many pieces take, with the waiting between them.
microseconds together(Pace& pace, int pieces, microseconds each) {
  microseconds sum{0};
  for (int i = 0; i < pieces; ++i) sum += each + pace.after(each);
  return sum;
}

TEST_CASE("a pace is never faster than allowed", "[pace]") {
  CHECK(rc::check("any pieces", [] {
    const auto per_second = *rc::gen::inRange(1, 10'000);
    Pace pace(per_second);
    for (int i = 0; i < 500; ++i) {
      const microseconds took(*rc::gen::inRange(0, 20'000));
      RC_ASSERT((took + pace.after(took)).count() + 1 >= 1'000'000 / per_second);
    }
  }));
}

TEST_CASE("a pace reaches what is allowed while nothing is slow", "[pace]") {
  Pace pace(1000);
  together(pace, 200, microseconds(100));
  CHECK(together(pace, 1000, microseconds(100)).count() == Approx(1'000'000).epsilon(0.01));
}

TEST_CASE("a pace slows down while pieces are slow, and recovers", "[pace]") {
  Pace pace(1000);
  together(pace, 300, microseconds(100));
  together(pace, 200, microseconds(5000));
  CHECK(pace.per_second() < 50);
  CHECK(pace.per_second() >= 10);
  together(pace, 400, microseconds(100));
  CHECK(pace.per_second() == Approx(1000));
}

}  // namespace
}  // namespace muster::model
