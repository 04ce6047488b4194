// SPDX-License-Identifier: Apache-2.0
/// @file The reply of what can be repeated: whether this call changed anything.
#pragma once

#include "base/fields.hpp"

namespace muster::ops {

struct Changed {
  bool changed = false;

  static constexpr auto fields() {
    return std::tuple{field("changed", &Changed::changed, "False when it was so already")};
  }
};

}  // namespace muster::ops
