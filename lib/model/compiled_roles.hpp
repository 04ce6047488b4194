// SPDX-License-Identifier: Apache-2.0
/// @file Roles made ready for decisions: every role with all the permission codes it comes to, inherited ones
/// included. A decision looks at most four codes up (`a:r`, `a:*`, `*:r`, `*:*`) in each held role, takes
/// well under a microsecond and allocates nothing. Compiled anew after each change of a role, then shared.
/// Immutable: thread-safe.
#pragma once

#include "model/name_table.hpp"
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

/// A role held, found already: for whoever decides often for one user. Good for one compilation only.
struct HeldRole {
  std::uint32_t role = 0;
  Time expires_at = Time::max();
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
  /// The quickest: see hold().
  [[nodiscard]] bool allows(std::span<const HeldRole> held, std::string_view permission,
                            Time now) const noexcept;
  /// The known roles among the grants, lapsed ones included.
  [[nodiscard]] std::vector<HeldRole> hold(std::span<const Grant> grants) const;

  /// Every code the roles come to, sorted.
  [[nodiscard]] std::vector<std::string> permissions_of(std::span<const std::string> roles) const;
  [[nodiscard]] Explanation explain(std::span<const Grant> grants, std::string_view permission,
                                    Time now) const;

 private:
  /// A role's codes: a sorted list of ids in lists_, or where that is smaller a bitmap over all ids in
  /// bitmaps_.
  struct CodeSet {
    std::size_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t wildcards = 0;
    bool is_bitmap = false;
  };
  struct Wanted {
    std::array<std::uint32_t, 4> ids{};
    std::size_t count = 0;
  };

  void intern_codes();
  void compile_sets();
  void add(const CodeSet& set, std::vector<std::uint64_t>& to) const;
  void keep(std::uint32_t role, const std::vector<std::uint64_t>& bitmap);
  [[nodiscard]] bool has(const CodeSet& set, std::uint32_t code) const noexcept;
  [[nodiscard]] Wanted wanted(std::string_view permission) const noexcept;
  [[nodiscard]] bool role_allows(std::uint32_t role, const Wanted& wanted) const noexcept;
  [[nodiscard]] std::pair<std::vector<std::string>, std::string> way(std::uint32_t from,
                                                                     const Wanted& wanted) const;
  [[nodiscard]] std::vector<GrantSuggestion> suggest(std::span<const Grant> grants, const Wanted& wanted,
                                                     Time now) const;

  RoleGraph graph_;
  std::int64_t version_ = 0;
  NameTable names_;  ///< Of the roles, in the graph's order.
  NameTable codes_;  ///< Those with a star first.
  std::uint32_t wildcard_count_ = 0;
  std::vector<std::vector<std::uint32_t>> own_;
  std::vector<CodeSet> sets_;
  std::vector<std::uint32_t> lists_;
  std::vector<std::uint64_t> bitmaps_;
};

/// The roles that gain or lose codes from one compilation to the next, by name.
std::vector<RoleImpact> impact(const CompiledRoles& before, const CompiledRoles& after);

}  // namespace muster::model
