// SPDX-License-Identifier: Apache-2.0
/// @file Where operations leave their measurements. Thread-safe; must not block.
#pragma once

#include <chrono>
#include <string_view>

namespace muster::ports {

class Meter {
 public:
  virtual ~Meter() = default;

  /// One call of an operation. `outcome` is "ok" or an error's name.
  virtual void record(std::string_view operation, std::string_view outcome,
                      std::chrono::nanoseconds took) = 0;
};

}  // namespace muster::ports
