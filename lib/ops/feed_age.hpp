// SPDX-License-Identifier: Apache-2.0
/// @file How old what this daemon knows of others' changes is. Past a bound it answers nothing that depends
/// on them: whoever acknowledged a revocation may count on it that by then every daemon enforces it or
/// refuses every token. It is the age of the last look that succeeded, counted from when that began, by a
/// clock that also runs while the process or the machine sleeps. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <atomic>
#include <chrono>
#include <ctime>

namespace muster::ops {

class FeedAge {
 public:
  using Moment = std::chrono::nanoseconds;

  static Moment now() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  /// From here on it is held against that bound; until then nobody else writes, and nothing is ever old.
  void start(Duration max) { max_ = std::chrono::nanoseconds(max).count(); }
  /// A look that began then has succeeded, and all it showed is in force.
  void heard(Moment began) { heard_ = began.count(); }
  /// Others no longer count on this daemon, so that nothing it says may be believed.
  void set_forgotten(bool forgotten) { forgotten_ = forgotten; }

  [[nodiscard]] bool counts() const { return max_.load(std::memory_order_relaxed) != 0; }
  /// Zero where it does not count.
  [[nodiscard]] Moment age() const { return counts() ? now() - Moment(heard_.load()) : Moment(0); }
  [[nodiscard]] bool is_too_old() const { return counts() && (age().count() > max_ || forgotten_); }
  /// Error: unavailable.
  [[nodiscard]] Status check() const {
    if (!is_too_old()) return {};
    return fail(Error{ErrorCode::unavailable,
                      "this daemon does not know what was revoked lately, and refuses what depends on it; "
                      "try again",
                      {},
                      {},
                      std::chrono::seconds(1)});
  }

 private:
  std::atomic<std::int64_t> max_{0};
  std::atomic<std::int64_t> heard_{0};
  std::atomic<bool> forgotten_{false};
};

}  // namespace muster::ops
