// SPDX-License-Identifier: Apache-2.0
/// @file Time-ordered ids of 63 bits: 41 bits of milliseconds since 2024-01-01, 10 bits of worker, 12 bits of
/// sequence. 4,096,000 a second and worker, until 2093. Never twice, never smaller than one given before:
/// when the system's clock goes back it waits a moment, then refuses. Thread-safe.
#pragma once

#include "adapters/system/clock.hpp"
#include "ports/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace muster::system {

/// The greatest id that can have been given out up to that time, by whatever worker; its inverse.
UserId last_id_before(Time mark);
Time time_of(UserId id);

class SnowflakeIds final : public ports::IdSource {
 public:
  static constexpr std::uint32_t worker_max = 1023;

  /// `worker` is 0 to worker_max and held by nobody else; `last` is the greatest id known to have been
  /// issued.
  SnowflakeIds(std::uint32_t worker, UserId last, std::function<Time()> source = wall_clock);

  Result<std::vector<UserId>> several(std::size_t count) override;

 private:
  std::function<Time()> source_;
  std::int64_t worker_;
  std::mutex mutex_;
  std::condition_variable clock_moves_;  ///< Never notified: it is time that is waited for.
  std::int64_t last_millisecond_;
  std::int64_t sequence_;
};

}  // namespace muster::system
