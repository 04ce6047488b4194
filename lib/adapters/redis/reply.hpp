// SPDX-License-Identifier: Apache-2.0
/// @file What Redis answered, as a value (RESP2). Safe to copy across threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::redis {

struct Reply {
  enum class Kind : std::uint8_t { nothing, integer, text, list, error };

  Kind kind = Kind::nothing;
  std::int64_t integer = 0;
  std::string text;  ///< Also of a status, and of an error: "WRONGTYPE Operation against ...".
  std::vector<Reply> items;

  [[nodiscard]] bool is_nothing() const { return kind == Kind::nothing; }
  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
};

/// The words of a command, its name the first of them; any bytes.
using Words = std::vector<std::string>;

}  // namespace muster::redis
