// SPDX-License-Identifier: Apache-2.0
#include "model/role_graph.hpp"

#include "model/builtin_roles.hpp"
#include "model/permission.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include <xxhash.h>

namespace muster::model {
namespace {

constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string chain(std::span<const std::string> names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += " -> ";
    out += name;
  }
  return out;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status check_size(std::size_t size, std::size_t max, std::string_view field) {
  if (size <= max) return {};
  return fail(Error::invalid(std::string(field), "must be at most " + std::to_string(max)));
}

Status check_known(const RoleGraph& graph, const std::vector<std::string>& names, std::string_view self,
                   std::string_view field) {
  for (const std::string& name : names)
    if (name != self && graph.find(name) == nullptr)
      return fail(Error::invalid(std::string(field), "no such role: " + quoted(name)));
  return {};
}

}  // namespace

std::size_t TextHash::operator()(std::string_view text) const noexcept {
  return static_cast<std::size_t>(XXH3_64bits(text.data(), text.size()));
}

Status check_role_name(std::string_view name, std::string_view field) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto is_allowed = [&](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; };
  if (!name.empty() && name.size() <= 64 && is_alphanumeric(name.front()) &&
      std::all_of(name.begin(), name.end(), is_allowed))
    return {};
  return fail(Error::invalid(
      std::string(field),
      "must be 1 to 64 of A-Z, a-z, 0-9, \"_\", \".\", \"-\", beginning with a letter or digit"));
}

std::string ExclusionConflict::text() const {
  std::string out = quoted(first) + " and " + quoted(second) + " exclude each other";
  std::string how;
  for (const auto* way : {&first_path, &second_path}) {
    if (way->size() < 2) continue;
    how += how.empty() ? " (" : ", ";
    how += way->back() + " by " + chain(*way);
  }
  if (!how.empty()) out += how + ")";
  return out;
}

RoleGraph::RoleGraph(std::vector<Role> roles) : roles_(std::move(roles)) {
  std::sort(roles_.begin(), roles_.end(), [](const Role& a, const Role& b) { return a.name < b.name; });
  index_.reserve(roles_.size());
  for (std::uint32_t i = 0; i < roles_.size(); ++i) index_.emplace(roles_[i].name, i);
  parents_.resize(roles_.size());
  children_.resize(roles_.size());
  for (std::uint32_t i = 0; i < roles_.size(); ++i)
    for (const std::string& parent : roles_[i].parents)
      if (const auto found = index_of(parent)) {
        parents_[i].push_back(*found);
        children_[*found].push_back(i);
      }
}

std::optional<std::uint32_t> RoleGraph::index_of(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

const Role* RoleGraph::find(std::string_view name) const {
  const auto index = index_of(name);
  return index ? &roles_[*index] : nullptr;
}

RoleGraph RoleGraph::with(const Role& role) const {
  std::vector<Role> out;
  out.reserve(roles_.size() + 1);
  for (const Role& each : roles_) {
    if (each.name == role.name) continue;
    Role& other = out.emplace_back(each);
    const bool wanted = contains(role.exclusive_with, other.name);
    std::erase(other.exclusive_with, role.name);
    if (wanted)
      other.exclusive_with.insert(
          std::lower_bound(other.exclusive_with.begin(), other.exclusive_with.end(), role.name), role.name);
  }
  out.push_back(role);
  return RoleGraph(std::move(out));
}

RoleGraph RoleGraph::without(std::string_view name) const {
  std::vector<Role> out;
  out.reserve(roles_.size());
  for (const Role& each : roles_) {
    if (each.name == name) continue;
    Role& other = out.emplace_back(each);
    std::erase(other.parents, name);
    std::erase(other.exclusive_with, name);
  }
  return RoleGraph(std::move(out));
}

std::vector<std::uint32_t> RoleGraph::reach(std::uint32_t from, const Edges& edges) const {
  std::vector<bool> seen(roles_.size());
  std::vector<std::uint32_t> out{from};
  seen[from] = true;
  for (std::size_t at = 0; at < out.size(); ++at)
    for (const std::uint32_t next : edges[out[at]])
      if (!seen[next]) {
        seen[next] = true;
        out.push_back(next);
      }
  return out;
}

std::vector<std::string> RoleGraph::names(std::span<const std::uint32_t> indices) const {
  std::vector<std::string> out;
  out.reserve(indices.size());
  for (const std::uint32_t index : indices) out.push_back(roles_[index].name);
  return out;
}

std::vector<std::string> RoleGraph::ancestors(std::string_view name) const {
  const auto index = index_of(name);
  return index ? names(reach(*index, parents_)) : std::vector<std::string>{};
}

std::vector<std::string> RoleGraph::holders(std::string_view name) const {
  const auto index = index_of(name);
  return index ? names(reach(*index, children_)) : std::vector<std::string>{};
}

std::vector<std::string> RoleGraph::path(std::string_view from, std::string_view to) const {
  const auto first = index_of(from);
  const auto last = index_of(to);
  if (!first || !last) return {};
  std::vector<std::uint32_t> came_from(roles_.size(), nobody);
  std::vector<std::uint32_t> queue{*first};
  came_from[*first] = *first;
  for (std::size_t at = 0; at < queue.size() && came_from[*last] == nobody; ++at)
    for (const std::uint32_t parent : parents_[queue[at]])
      if (came_from[parent] == nobody) {
        came_from[parent] = queue[at];
        queue.push_back(parent);
      }
  if (came_from[*last] == nobody) return {};
  std::vector<std::uint32_t> way{*last};
  while (way.back() != *first) way.push_back(came_from[way.back()]);
  std::reverse(way.begin(), way.end());
  return names(way);
}

std::optional<std::vector<std::string>> RoleGraph::would_cycle(std::string_view role,
                                                               std::string_view parent) const {
  std::vector<std::string> cycle{std::string(role)};
  if (role == parent) {
    cycle.emplace_back(role);
    return cycle;
  }
  auto back = path(parent, role);
  if (back.empty()) return std::nullopt;
  std::move(back.begin(), back.end(), std::back_inserter(cycle));
  return cycle;
}

std::optional<ExclusionConflict> RoleGraph::conflict(std::span<const std::string> held) const {
  std::vector<std::uint32_t> came_from(roles_.size(), nobody);
  std::vector<std::uint32_t> queue;
  for (const std::string& name : held)
    if (const auto index = index_of(name); index && came_from[*index] == nobody) {
      came_from[*index] = *index;
      queue.push_back(*index);
    }
  for (std::size_t at = 0; at < queue.size(); ++at)
    for (const std::uint32_t parent : parents_[queue[at]])
      if (came_from[parent] == nobody) {
        came_from[parent] = queue[at];
        queue.push_back(parent);
      }
  const auto way = [&](std::uint32_t index) {
    std::vector<std::uint32_t> out{index};
    while (came_from[out.back()] != out.back()) out.push_back(came_from[out.back()]);
    std::reverse(out.begin(), out.end());
    return names(out);
  };
  for (const std::uint32_t index : queue)
    for (const std::string& excluded : roles_[index].exclusive_with) {
      const auto other = index_of(excluded);
      if (!other || *other == index || came_from[*other] == nobody) continue;
      const auto [first, second] = std::minmax(index, *other);
      return ExclusionConflict{roles_[first].name, roles_[second].name, way(first), way(second)};
    }
  return std::nullopt;
}

Status RoleGraph::check(const Role& role) const {
  MUSTER_CHECK_OK(check_role_name(role.name));
  const Role* existing = find(role.name);
  if (existing != nullptr && existing->built_in)
    return fail(ErrorCode::conflict, quoted(role.name) + " is built in and cannot change");
  if (!role.built_in && role.name.starts_with(builtin_role_prefix))
    return fail(Error::invalid("name", "must not begin with \"muster-\", which is kept for built-in roles"));
  if (existing == nullptr && roles_.size() >= role_count_max)
    return fail(ErrorCode::conflict,
                "there are " + std::to_string(role_count_max) + " roles, the most there may be");
  MUSTER_CHECK_OK(check_size(role.permissions.size(), role_permissions_max, "permissions"));
  MUSTER_CHECK_OK(check_size(role.parents.size(), role_parents_max, "parents"));
  MUSTER_CHECK_OK(check_size(role.exclusive_with.size(), role_exclusions_max, "exclusive_with"));
  for (const std::string& code : role.permissions)
    MUSTER_CHECK_OK(check_permission_code(code, "permissions"));
  MUSTER_CHECK_OK(check_known(*this, role.parents, role.name, "parents"));
  MUSTER_CHECK_OK(check_known(*this, role.exclusive_with, {}, "exclusive_with"));
  if (contains(role.exclusive_with, role.name))
    return fail(Error::invalid("exclusive_with", "a role cannot exclude itself"));
  for (const std::string& parent : role.parents)
    if (const auto cycle = would_cycle(role.name, parent))
      return fail(ErrorCode::conflict, "roles cannot inherit in a cycle: " + chain(*cycle));

  const RoleGraph changed = with(role);
  for (const std::string& holder : changed.holders(role.name))
    if (const auto found = changed.conflict(std::span(&holder, 1)))
      return fail(ErrorCode::conflict, "nobody could hold " + quoted(holder) + ": " + found->text());
  return {};
}

}  // namespace muster::model
