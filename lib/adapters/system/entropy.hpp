// SPDX-License-Identifier: Apache-2.0
/// @file Random bytes from the kernel by libsodium. Thread-safe.
#pragma once

#include "ports/clock.hpp"

namespace muster::system {

class SystemEntropy final : public ports::Entropy {
 public:
  SystemEntropy();
  [[nodiscard]] std::string bytes(std::size_t size_bytes) override;
};

}  // namespace muster::system
