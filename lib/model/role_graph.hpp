// SPDX-License-Identifier: Apache-2.0
/// @file What roles mean together: inheritance, cycles, separation of duty. A role has its own permissions
/// and those of its parents, theirs included. Two roles that exclude each other may not be held by one user,
/// directly or by inheritance. Decisions come from the compiled form, model/compiled_roles.hpp. A value;
/// const calls are thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/role.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::model {

inline constexpr std::size_t role_count_max = 20'000;
inline constexpr std::size_t role_permissions_max = 1'000;
inline constexpr std::size_t role_parents_max = 64;
inline constexpr std::size_t role_exclusions_max = 256;

/// Looks strings up by view, without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept;
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

/// 1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `-`, beginning with a letter or digit. Error: invalid_argument at
/// `field`.
Status check_role_name(std::string_view name, std::string_view field = "name");

/// Two roles that exclude each other and would be held together, and how each is come by.
struct ExclusionConflict {
  std::string first;
  std::string second;
  std::vector<std::string> first_path;   ///< From the held role to `first`.
  std::vector<std::string> second_path;  ///< From the held role to `second`.

  bool operator==(const ExclusionConflict&) const = default;
  /// `"approver" and "requester" exclude each other (approver by manager -> approver)`.
  [[nodiscard]] std::string text() const;
};

class RoleGraph {
 public:
  RoleGraph() = default;
  /// Parents that are not among the roles are left out of account.
  explicit RoleGraph(std::vector<Role> roles);

  /// By name.
  [[nodiscard]] std::span<const Role> roles() const { return roles_; }
  [[nodiscard]] const Role* find(std::string_view name) const;
  /// The graph with this role added or replaced; its exclusions are made symmetric.
  [[nodiscard]] RoleGraph with(const Role& role) const;
  /// The graph without it and every mention of it.
  [[nodiscard]] RoleGraph without(std::string_view name) const;

  /// The cycle that this edge would close, role first and last: `a, b, a`. Nothing if none.
  [[nodiscard]] std::optional<std::vector<std::string>> would_cycle(std::string_view role,
                                                                    std::string_view parent) const;
  /// Whether the role may be added to the graph, or replace the one of its name. Errors: invalid_argument
  /// (name, permissions, unknown parents, too many of something), conflict (a cycle, named; or some role
  /// would by itself hold two that exclude each other). Whether users would is the caller's to ask: see
  /// holders().
  [[nodiscard]] Status check(const Role& role) const;

  /// The role and all it inherits from, nearest first. Empty for an unknown role.
  [[nodiscard]] std::vector<std::string> ancestors(std::string_view name) const;
  /// The role and all that inherit from it, nearest first: whoever holds one of these holds it.
  [[nodiscard]] std::vector<std::string> holders(std::string_view name) const;
  /// The shortest chain from a role to one it inherits from, both included. Empty if there is none.
  [[nodiscard]] std::vector<std::string> path(std::string_view from, std::string_view to) const;
  /// The first exclusion that holding all these roles would break, unknown ones ignored.
  [[nodiscard]] std::optional<ExclusionConflict> conflict(std::span<const std::string> held) const;

  /// By index into roles(): for the compiled form.
  [[nodiscard]] std::optional<std::uint32_t> index_of(std::string_view name) const;
  [[nodiscard]] std::span<const std::uint32_t> parents_of(std::uint32_t index) const {
    return parents_[index];
  }

 private:
  using Edges = std::vector<std::vector<std::uint32_t>>;

  [[nodiscard]] std::vector<std::uint32_t> reach(std::uint32_t from, const Edges& edges) const;
  [[nodiscard]] std::vector<std::string> names(std::span<const std::uint32_t> indices) const;

  std::vector<Role> roles_;
  TextMap<std::uint32_t> index_;
  Edges parents_;
  Edges children_;
};

}  // namespace muster::model
