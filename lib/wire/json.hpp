// SPDX-License-Identifier: Apache-2.0
/// @file JSON text to a tree and back, strictly: RFC 8259, UTF-8, no duplicate member, no trailing text, at
/// most 32 levels. Pure functions: thread-safe.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace muster::wire {

using Json = boost::json::value;
using JsonMembers = boost::json::object;

inline constexpr std::size_t json_depth_max = 32;

/// Error: invalid_argument, saying what is wrong and at which byte.
Result<Json> parse_json(std::string_view text);

/// Compact.
std::string to_text(const Json& value);

/// Appends the shortest text that reads back as the same number; null for what JSON has no number for.
void append_json_number(std::string& out, double number);

/// Appends the text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace muster::wire
