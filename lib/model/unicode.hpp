// SPDX-License-Identifier: Apache-2.0
/// @file The little of Unicode that names and passwords share. Pure functions: thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::model {

bool is_ascii(std::string_view text) noexcept;
/// Of ASCII only; all else stays as it is.
std::string lower_case(std::string_view text);
/// Of well-formed UTF-8.
std::size_t count_code_points(std::string_view text) noexcept;

}  // namespace muster::model
