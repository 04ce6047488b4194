// SPDX-License-Identifier: Apache-2.0
/// @file Tells whether data was sealed with the master key at hand. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "ports/crypto.hpp"

#include <string>
#include <string_view>

namespace muster::ops {

/// Where the check value stands among the store's named facts.
inline constexpr std::string_view master_key_check_name = "master_key_check";

/// What to keep beside the data, so that check_master_key() later knows this key again. Reveals nothing of
/// it.
std::string master_key_check_value(ports::Sealer& sealer);
/// Error: precondition_failed, telling the operator that this is not the key the data was sealed with.
Status check_master_key(ports::Sealer& sealer, const std::string& check_value);

}  // namespace muster::ops
