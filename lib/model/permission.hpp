// SPDX-License-Identifier: Apache-2.0
/// @file Permission codes, `action:resource`: each side 1 to 64 of a-z, 0-9, `_`, `.`, `-`, or `*` alone,
/// which stands for every action or every resource. A held code allows a wanted one when each of its sides is
/// the same or `*`; so wanting `*:order` is only satisfied by a code that says `*` there too. Pure functions:
/// thread-safe.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace muster::model {

inline constexpr std::size_t permission_side_length_max = 64;

/// A parsed code; it looks into the text it was parsed from.
struct Permission {
  std::string_view action;
  std::string_view resource;

  bool operator==(const Permission&) const = default;
  /// Nothing for what is not a code.
  static std::optional<Permission> parse(std::string_view code) noexcept;
  /// Whether holding this allows `wanted`.
  [[nodiscard]] bool covers(const Permission& wanted) const noexcept;
  [[nodiscard]] std::string text() const;
};

/// Error: invalid_argument at `field`, saying what a code looks like.
Status check_permission_code(std::string_view code, std::string_view field = "permission");

}  // namespace muster::model
