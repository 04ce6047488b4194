// SPDX-License-Identifier: Apache-2.0
/// @file Slows down guessing: counts wrong passwords by login name, whether or not there is such a user, in
/// memory of bounded size. Thread-safe.
#pragma once

#include "base/time.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace muster::ops {

class LoginThrottle {
 public:
  struct Limit {
    std::size_t failures_max = 20;
    Duration window = std::chrono::minutes{5};
  };

  explicit LoginThrottle(std::size_t names_max = 65'536);

  /// How long `name` must wait before the next attempt; nothing when it may try now.
  std::optional<std::chrono::seconds> wait(const std::string& name, const Limit& limit, Time now);
  void failed(const std::string& name, const Limit& limit, Time now);
  void succeeded(const std::string& name);
  /// How many names are remembered.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    Time window_end;
    std::size_t failures = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Entry> entries;
  };
  static constexpr std::size_t shard_count = 16;

  Shard& shard(const std::string& name);
  void make_room(Shard& shard, Time now) const;

  std::size_t shard_names_max_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace muster::ops
