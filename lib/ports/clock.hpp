// SPDX-License-Identifier: Apache-2.0
/// @file Time and randomness, and ids made of both. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <string>

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
  /// A new id, above every one this source gave before. Error: unavailable when the system's clock stands
  /// before the last id's time.
  virtual Result<UserId> next() = 0;
};

}  // namespace muster::ports
