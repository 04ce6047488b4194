// SPDX-License-Identifier: Apache-2.0
#include "model/slot.hpp"

#include <string>

#include <xxhash.h>

namespace muster::model {

std::uint32_t slot_of_name(NameKind kind, std::string_view canonical) {
  std::string bytes(1, static_cast<char>(kind));
  bytes += canonical;
  return static_cast<std::uint32_t>(XXH64(bytes.data(), bytes.size(), 0) % slot_count);
}

}  // namespace muster::model
