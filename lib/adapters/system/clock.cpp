// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/clock.hpp"

#include <algorithm>
#include <utility>

namespace muster::system {

Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

SystemClock::SystemClock(Time floor, std::function<Time()> source)
    : source_(std::move(source)), latest_(floor.time_since_epoch().count()) {}

Time SystemClock::now() {
  const std::int64_t read = source_().time_since_epoch().count();
  std::int64_t latest = latest_.load();
  while (latest < read && !latest_.compare_exchange_weak(latest, read)) {
  }
  return Time{Duration{std::max(latest, read)}};
}

Duration SystemClock::behind() const {
  const Duration read = source_().time_since_epoch();
  return std::max(Duration{0}, Duration{latest_.load()} - read);
}

}  // namespace muster::system
