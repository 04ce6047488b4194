// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/entropy.hpp"

#include "base/check.hpp"

#include <sodium.h>

namespace muster::system {

SystemEntropy::SystemEntropy() {
  MUSTER_CHECK(sodium_init() >= 0);
}

std::string SystemEntropy::bytes(std::size_t size_bytes) {
  std::string out(size_bytes, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

}  // namespace muster::system
