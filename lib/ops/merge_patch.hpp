// SPDX-License-Identifier: Apache-2.0
/// @file JSON merge patch (RFC 7396) over objects kept as text. A pure function: thread-safe.
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"

#include <string_view>

namespace muster::ops {

inline constexpr std::size_t merged_size_max_bytes = 64 * 1024;

/// Error: invalid_argument at `field` when the outcome is larger than may be stored.
Result<JsonObject> merge_patch(const JsonObject& target, const JsonObject& patch, std::string_view field);

}  // namespace muster::ops
