// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/courier.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

namespace muster::cached {
namespace {

using Parcel = std::unique_ptr<int>;

void wait_for(const std::function<bool()>& is_so) {
  for (int i = 0; i < 10'000 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  REQUIRE(is_so());
}

/// Journeys that begin when they are let go, and what they carried.
class Journeys {
 public:
  void go(std::vector<Parcel>& together) {
    ++begun;
    may_go_.acquire();
    const std::lock_guard lock(mutex_);
    std::vector<int> carried;
    for (const Parcel& each : together) carried.push_back(*each);
    carried_.push_back(std::move(carried));
    if (carried_.back().front() < 0) throw std::runtime_error("the bridge is down");
  }
  void let_go(int count) { may_go_.release(count); }
  [[nodiscard]] std::vector<std::vector<int>> carried() {
    const std::lock_guard lock(mutex_);
    return carried_;
  }

  std::atomic<int> begun{0};

 private:
  std::counting_semaphore<> may_go_{0};
  std::mutex mutex_;
  std::vector<std::vector<int>> carried_;
};

bool post(Courier<Parcel>& courier, int number) {
  auto parcel = std::make_unique<int>(number);
  const bool is_taken = courier.post(parcel);
  CHECK(is_taken == (parcel == nullptr));
  return is_taken;
}

TEST_CASE("what comes during a journey goes together on the next ones, in order, and no more than fits") {
  Journeys journeys;
  Courier<Parcel> courier({5, 3}, [&](std::vector<Parcel>& together) { journeys.go(together); });
  CHECK(post(courier, 1));
  wait_for([&] { return journeys.begun == 1; });
  for (int i = 2; i <= 6; ++i) CHECK(post(courier, i));
  CHECK_FALSE(post(courier, 7));
  journeys.let_go(3);
  wait_for([&] { return journeys.carried().size() == 3; });
  CHECK(journeys.carried() == std::vector<std::vector<int>>{{1}, {2, 3, 4}, {5, 6}});
  CHECK(post(courier, 8));
  journeys.let_go(1);
  wait_for([&] { return journeys.carried().size() == 4; });
}

TEST_CASE("a journey that fails is the end of all that it carried, and of nothing else") {
  Journeys journeys;
  journeys.let_go(2);
  Courier<Parcel> courier({5, 3}, [&](std::vector<Parcel>& together) { journeys.go(together); });
  CHECK(post(courier, -1));
  wait_for([&] { return journeys.carried().size() == 1; });
  CHECK(post(courier, 2));
  wait_for([&] { return journeys.carried().size() == 2; });
  CHECK(journeys.carried().back() == std::vector<int>{2});
}

}  // namespace
}  // namespace muster::cached
