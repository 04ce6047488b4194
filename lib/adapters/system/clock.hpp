// SPDX-License-Identifier: Apache-2.0
/// @file The system's clock, made to never go back: not below what it said before, nor below a floor that
/// outlived the last process. While the system's clock stands behind, the time stands still. Thread-safe.
#pragma once

#include "ports/clock.hpp"

#include <atomic>
#include <functional>

namespace muster::system {

/// The system's own idea of the time, which may jump.
Time wall_clock();

class SystemClock final : public ports::Clock {
 public:
  explicit SystemClock(Time floor = {}, std::function<Time()> source = wall_clock);

  [[nodiscard]] Time now() override;
  /// How far the system's clock is behind what now() says; zero when it is not.
  [[nodiscard]] Duration behind() const;

 private:
  std::function<Time()> source_;
  std::atomic<std::int64_t> latest_;
};

}  // namespace muster::system
