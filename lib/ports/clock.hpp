// SPDX-License-Identifier: Apache-2.0
/// @file Time and randomness, and ids made of both. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace muster::ports {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back within a process, nor below the mark of an earlier one.
  [[nodiscard]] virtual Time now() = 0;
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  /// That many bytes from the system's cryptographic source.
  [[nodiscard]] virtual std::string bytes(std::size_t size_bytes) = 0;
};

class IdSource {
 public:
  virtual ~IdSource() = default;
  /// New ids, ascending, above every one this source gave before: from 1 up to `count`. Error: unavailable
  /// when the system's clock stands before the last id's time.
  virtual Result<std::vector<UserId>> several(std::size_t count) = 0;
  Result<UserId> next() {
    MUSTER_TRY(const std::vector<UserId> ids, several(1));
    return ids.front();
  }
};

}  // namespace muster::ports
