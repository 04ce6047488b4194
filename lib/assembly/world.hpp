// SPDX-License-Identifier: Apache-2.0
/// @file Builds everything operations need from a Config, in the order in which it must happen: data folder
/// and its lock, master key, a restore that was asked for, the store, the clock, roles, keys, jobs,
/// housekeeping. Opening and closing are for one thread; the context is thread-safe, as its parts are.
#pragma once

#include "assembly/config.hpp"
#include "assembly/gated_hasher.hpp"
#include "base/result.hpp"
#include "ops/context.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace muster::assembly {

/// Of this daemon and the others that share its Redis.
struct NudgeCounters {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  std::uint64_t received = 0;
  bool is_listening = false;
};

class World {
 public:
  /// Errors, each with a message for the operator: unavailable (data folder, in use by another daemon, disk,
  /// damaged), conflict (newer schema, another program's file), precondition_failed (wrong or missing master
  /// key), invalid_argument (password cost). `meter` must outlive it.
  static Result<std::unique_ptr<World>> open(const Config& config, ports::Meter& meter);

  World(const World&) = delete;
  World& operator=(const World&) = delete;
  /// Interrupts jobs, which go on at the next start, and closes the store.
  ~World();

  ops::Context& context();
  /// Puts what Reload::at_once fields say in force.
  void apply(const Config& config);
  [[nodiscard]] HashingCounters hashing_counters() const;
  /// Nothing where nobody is told through Redis to look at the store.
  [[nodiscard]] std::optional<NudgeCounters> nudge_counters() const;
  /// How far the system's clock stands behind what was seen before; zero when all is well.
  [[nodiscard]] Duration clock_behind() const;

 private:
  struct Parts;
  explicit World(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

/// How many password hashes may run at once: one a core.
std::size_t hashing_permits();

/// `before` with the Reload::at_once fields of `after`.
Config with_reloadable(const Config& before, const Config& after);

}  // namespace muster::assembly
