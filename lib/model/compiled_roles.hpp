// SPDX-License-Identifier: Apache-2.0
/// @file Roles made ready for decisions: every role with all the permission codes it comes to, inherited ones
/// included. A decision looks at most four codes up (`a:r`, `a:*`, `*:r`, `*:*`) in each held role, takes
/// well under a microsecond and allocates nothing. Compiled anew after each change of a role, then shared.
/// Immutable: thread-safe.
#pragma once

#include "model/role_graph.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace muster::model {

/// How a user comes to a permission.
struct GrantPath {
  Grant grant;
  std::vector<std::string> roles;  ///< From the granted role to the one that has the code.
  std::string code;                ///< The code that matched: `create:order` or `*:order`.

  static constexpr auto fields() {
    return std::tuple{
        field("grant", &GrantPath::grant, "The grant that allows it"),
        field("roles", &GrantPath::roles, "From the granted role to the one that has the permission"),
        field("code", &GrantPath::code, "The permission code that matched")};
  }
};

/// A grant that would allow it.
struct GrantSuggestion {
  std::string role;
  std::vector<std::string> roles;  ///< From that role to the one that has the code.
  std::string code;
  std::int64_t permissions = 0;  ///< How many codes the grant would bring in all.
  bool lapsed = false;           ///< The user held it, and the grant has lapsed.

  static constexpr auto fields() {
    return std::tuple{
        field("role", &GrantSuggestion::role, "The role to grant"),
        field("roles", &GrantSuggestion::roles, "From that role to the one that has the permission"),
        field("code", &GrantSuggestion::code, "The permission code that would match"),
        field("permissions", &GrantSuggestion::permissions, "How many codes it brings in all"),
        field("lapsed", &GrantSuggestion::lapsed, "Whether the user held it until it lapsed")};
  }
};

struct Explanation {
  bool allowed = false;
  std::optional<GrantPath> path;             ///< The shortest, where it is allowed.
  std::vector<GrantSuggestion> would_allow;  ///< Least privilege first, where it is not.

  static constexpr auto fields() {
    return std::tuple{
        field("allowed", &Explanation::allowed, "Whether it is allowed"),
        field("path", &Explanation::path, "The shortest grant path, where it is allowed"),
        field("would_allow", &Explanation::would_allow, "The smallest grants that would allow it")};
  }
};

/// What a change of roles does to one role.
struct RoleImpact {
  std::string role;
  std::vector<std::string> gained;
  std::vector<std::string> lost;

  bool operator==(const RoleImpact&) const = default;
};

class CompiledRoles {
 public:
  static constexpr std::size_t suggestions_max = 5;

  /// Roles on a cycle, which check() never lets in, get the permissions of the whole cycle.
  static std::shared_ptr<const CompiledRoles> compile(RoleGraph graph, std::int64_t version);

  [[nodiscard]] const RoleGraph& graph() const { return graph_; }
  /// Of the role store, when it was read.
  [[nodiscard]] std::int64_t version() const { return version_; }

  /// Unknown roles and malformed permissions allow nothing.
  [[nodiscard]] bool allows(std::span<const std::string> roles, std::string_view permission) const noexcept;
  [[nodiscard]] bool allows(std::span<const Grant> grants, std::string_view permission,
                            Time now) const noexcept;

  /// Every code the roles come to, sorted.
  [[nodiscard]] std::vector<std::string> permissions_of(std::span<const std::string> roles) const;
  [[nodiscard]] Explanation explain(std::span<const Grant> grants, std::string_view permission,
                                    Time now) const;

 private:
  /// Sorted code ids, or where that is smaller a bitmap over all ids.
  struct CodeSet {
    std::vector<std::uint32_t> sorted;
    std::vector<std::uint64_t> bitmap;

    [[nodiscard]] bool has(std::uint32_t code) const noexcept;
    [[nodiscard]] std::vector<std::uint32_t> ids() const;
  };
  struct Wanted {
    std::array<std::uint32_t, 4> ids{};
    std::size_t count = 0;
  };

  void intern_codes();
  void compile_sets();
  [[nodiscard]] Wanted wanted(std::string_view permission) const noexcept;
  [[nodiscard]] bool role_allows(std::uint32_t role, const Wanted& wanted) const noexcept;
  [[nodiscard]] std::pair<std::vector<std::string>, std::string> way(std::uint32_t from,
                                                                     const Wanted& wanted) const;
  [[nodiscard]] std::vector<GrantSuggestion> suggest(std::span<const Grant> grants, const Wanted& wanted,
                                                     Time now) const;

  RoleGraph graph_;
  std::int64_t version_ = 0;
  std::vector<std::string> codes_;  ///< Sorted; a code's id is its place.
  TextMap<std::uint32_t> code_ids_;
  std::vector<std::vector<std::uint32_t>> own_;
  std::vector<CodeSet> sets_;
  std::vector<std::uint32_t> breadth_;
};

/// The roles that gain or lose codes from one compilation to the next, by name.
std::vector<RoleImpact> impact(const CompiledRoles& before, const CompiledRoles& after);

}  // namespace muster::model
