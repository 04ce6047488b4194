// SPDX-License-Identifier: Apache-2.0
#include "model/compiled_roles.hpp"

#include "model/permission.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

namespace muster::model {
namespace {

constexpr std::uint32_t unreached = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t code_size_max = 2 * permission_side_length_max + 1;

bool is_wildcard(std::string_view code) {
  return code.find('*') != std::string_view::npos;
}

void set_bit(std::vector<std::uint64_t>& bitmap, std::uint32_t id) {
  bitmap[id / 64] |= std::uint64_t{1} << (id % 64);
}

std::size_t count_bits(const std::vector<std::uint64_t>& bitmap) {
  std::size_t out = 0;
  for (const std::uint64_t word : bitmap) out += static_cast<std::size_t>(std::popcount(word));
  return out;
}

std::vector<std::uint32_t> set_bits(const std::vector<std::uint64_t>& bitmap) {
  std::vector<std::uint32_t> out;
  out.reserve(count_bits(bitmap));
  for (std::uint32_t at = 0; at < bitmap.size(); ++at)
    for (std::uint64_t word = bitmap[at]; word != 0; word &= word - 1)
      out.push_back(at * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
  return out;
}

/// Parents before children; what is left out lies on a cycle or above one.
std::vector<std::uint32_t> parents_first(const RoleGraph& graph) {
  const auto size = static_cast<std::uint32_t>(graph.roles().size());
  std::vector<std::vector<std::uint32_t>> children(size);
  std::vector<std::size_t> waits_for(size);
  std::vector<std::uint32_t> order;
  order.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    waits_for[i] = graph.parents_of(i).size();
    for (const std::uint32_t parent : graph.parents_of(i)) children[parent].push_back(i);
    if (waits_for[i] == 0) order.push_back(i);
  }
  for (std::size_t at = 0; at < order.size(); ++at)
    for (const std::uint32_t child : children[order[at]])
      if (--waits_for[child] == 0) order.push_back(child);
  return order;
}

}  // namespace

std::shared_ptr<const CompiledRoles> CompiledRoles::compile(RoleGraph graph, std::int64_t version) {
  auto out = std::make_shared<CompiledRoles>();
  out->graph_ = std::move(graph);
  out->version_ = version;
  out->intern_codes();
  out->compile_sets();
  return out;
}

void CompiledRoles::intern_codes() {
  const auto roles = graph_.roles();
  std::vector<std::string_view> names;
  std::vector<std::string_view> codes;
  for (const Role& role : roles) {
    names.emplace_back(role.name);
    for (const std::string& code : role.permissions)
      if (Permission::parse(code)) codes.emplace_back(code);
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  const auto first_plain = std::stable_partition(codes.begin(), codes.end(), is_wildcard);
  wildcard_count_ = static_cast<std::uint32_t>(first_plain - codes.begin());
  names_ = NameTable(names);
  codes_ = NameTable(codes);
  own_.resize(roles.size());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    for (const std::string& code : roles[i].permissions)
      if (const auto found = codes_.find(code)) own_[i].push_back(*found);
    std::sort(own_[i].begin(), own_[i].end());
    own_[i].erase(std::unique(own_[i].begin(), own_[i].end()), own_[i].end());
  }
}

void CompiledRoles::add(const CodeSet& set, std::vector<std::uint64_t>& to) const {
  if (set.is_bitmap)
    for (std::size_t at = 0; at < to.size(); ++at) to[at] |= bitmaps_[set.offset + at];
  else
    for (std::size_t at = 0; at < set.size; ++at) set_bit(to, lists_[set.offset + at]);
}

void CompiledRoles::keep(std::uint32_t role, const std::vector<std::uint64_t>& bitmap) {
  CodeSet& set = sets_[role];
  const std::size_t count = count_bits(bitmap);
  set.size = static_cast<std::uint32_t>(count);
  set.is_bitmap = count * sizeof(std::uint32_t) > bitmap.size() * sizeof(std::uint64_t);
  if (set.is_bitmap) {
    set.offset = bitmaps_.size();
    bitmaps_.insert(bitmaps_.end(), bitmap.begin(), bitmap.end());
  } else {
    const auto ids = set_bits(bitmap);
    set.offset = lists_.size();
    lists_.insert(lists_.end(), ids.begin(), ids.end());
  }
  for (std::uint32_t id = 0; id < wildcard_count_; ++id) {
    if (!has(set, id)) continue;
    // `*:*` is worth more than any number of half wildcards.
    set.wildcards += codes_.name(id) == "*:*" ? wildcard_count_ + 1 : 1;
  }
}

void CompiledRoles::compile_sets() {
  std::vector<std::uint64_t> scratch((codes_.size() + 63) / 64);
  std::vector<bool> done(own_.size());
  sets_.resize(own_.size());
  const auto finish = [&](std::uint32_t role) {
    keep(role, scratch);
    std::fill(scratch.begin(), scratch.end(), 0);
    done[role] = true;
  };
  for (const std::uint32_t role : parents_first(graph_)) {
    for (const std::uint32_t id : own_[role]) set_bit(scratch, id);
    for (const std::uint32_t parent : graph_.parents_of(role)) add(sets_[parent], scratch);
    finish(role);
  }
  for (std::uint32_t role = 0; role < own_.size(); ++role) {
    if (done[role]) continue;
    for (const std::string& name : graph_.ancestors(names_.name(role)))
      for (const std::uint32_t id : own_[*names_.find(name)]) set_bit(scratch, id);
    finish(role);
  }
}

bool CompiledRoles::has(const CodeSet& set, std::uint32_t code) const noexcept {
  if (set.is_bitmap) return ((bitmaps_[set.offset + code / 64] >> (code % 64)) & 1) != 0;
  const auto begin = lists_.begin() + static_cast<std::ptrdiff_t>(set.offset);
  return std::binary_search(begin, begin + set.size, code);
}

CompiledRoles::Wanted CompiledRoles::wanted(std::string_view permission) const noexcept {
  Wanted out;
  const auto parsed = Permission::parse(permission);
  if (!parsed) return out;
  const auto look_up = [&](std::string_view code) {
    if (const auto found = codes_.find(code)) out.ids[out.count++] = *found;
  };
  std::array<char, code_size_max> buffer;
  const auto compose = [&](std::string_view action, std::string_view resource) {
    char* end = std::copy(action.begin(), action.end(), buffer.data());
    *end++ = ':';
    end = std::copy(resource.begin(), resource.end(), end);
    return std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  };
  look_up(permission);
  if (parsed->resource != "*") look_up(compose(parsed->action, "*"));
  if (parsed->action != "*") look_up(compose("*", parsed->resource));
  if (parsed->action != "*" && parsed->resource != "*") look_up("*:*");
  return out;
}

bool CompiledRoles::role_allows(std::uint32_t role, const Wanted& wanted) const noexcept {
  for (std::size_t i = 0; i < wanted.count; ++i)
    if (has(sets_[role], wanted.ids[i])) return true;
  return false;
}

bool CompiledRoles::allows(std::span<const std::string> roles, std::string_view permission) const noexcept {
  const Wanted ids = wanted(permission);
  if (ids.count == 0) return false;
  for (const std::string& name : roles)
    if (const auto role = names_.find(name); role && role_allows(*role, ids)) return true;
  return false;
}

bool CompiledRoles::allows(std::span<const Grant> grants, std::string_view permission,
                           Time now) const noexcept {
  const Wanted ids = wanted(permission);
  if (ids.count == 0) return false;
  for (const Grant& grant : grants) {
    if (!grant.in_force(now)) continue;
    if (const auto role = names_.find(grant.role); role && role_allows(*role, ids)) return true;
  }
  return false;
}

bool CompiledRoles::allows(std::span<const HeldRole> held, std::string_view permission,
                           Time now) const noexcept {
  const Wanted ids = wanted(permission);
  if (ids.count == 0) return false;
  return std::any_of(held.begin(), held.end(), [&](const HeldRole& each) {
    return now < each.expires_at && each.role < sets_.size() && role_allows(each.role, ids);
  });
}

std::vector<HeldRole> CompiledRoles::hold(std::span<const Grant> grants) const {
  std::vector<HeldRole> out;
  for (const Grant& grant : grants)
    if (const auto role = names_.find(grant.role))
      out.push_back({*role, grant.expires_at.value_or(Time::max())});
  return out;
}

std::vector<std::string> CompiledRoles::permissions_of(std::span<const std::string> roles) const {
  std::vector<std::uint64_t> all((codes_.size() + 63) / 64);
  for (const std::string& name : roles)
    if (const auto role = names_.find(name)) add(sets_[*role], all);
  std::vector<std::string> out;
  for (const std::uint32_t id : set_bits(all)) out.emplace_back(codes_.name(id));
  std::sort(out.begin(), out.end());
  return out;
}

std::pair<std::vector<std::string>, std::string> CompiledRoles::way(std::uint32_t from,
                                                                    const Wanted& wanted) const {
  std::vector<std::uint32_t> came_from(own_.size(), unreached);
  std::vector<std::uint32_t> queue{from};
  came_from[from] = from;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    for (std::size_t i = 0; i < wanted.count; ++i) {
      if (!std::binary_search(own_[queue[at]].begin(), own_[queue[at]].end(), wanted.ids[i])) continue;
      std::vector<std::string> names;
      for (std::uint32_t role = queue[at];; role = came_from[role]) {
        names.push_back(graph_.roles()[role].name);
        if (role == from) break;
      }
      std::reverse(names.begin(), names.end());
      return {std::move(names), std::string(codes_.name(wanted.ids[i]))};
    }
    for (const std::uint32_t parent : graph_.parents_of(queue[at]))
      if (came_from[parent] == unreached) {
        came_from[parent] = queue[at];
        queue.push_back(parent);
      }
  }
  return {};
}

std::vector<GrantSuggestion> CompiledRoles::suggest(std::span<const Grant> grants, const Wanted& wanted,
                                                    Time now) const {
  constexpr std::size_t attempts_max = 100;
  struct Candidate {
    std::uint32_t wildcards;
    std::uint32_t breadth;
    bool is_inherited;
    std::uint32_t role;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t role = 0; role < own_.size(); ++role) {
    if (!role_allows(role, wanted)) continue;
    bool is_inherited = true;
    for (std::size_t i = 0; i < wanted.count; ++i)
      if (std::binary_search(own_[role].begin(), own_[role].end(), wanted.ids[i])) is_inherited = false;
    candidates.push_back({sets_[role].wildcards, sets_[role].size, is_inherited, role});
  }
  const auto enough = static_cast<std::ptrdiff_t>(std::min(candidates.size(), attempts_max));
  std::partial_sort(candidates.begin(), candidates.begin() + enough, candidates.end());

  std::vector<std::string> held;
  for (const Grant& grant : grants)
    if (grant.in_force(now)) held.push_back(grant.role);
  std::vector<GrantSuggestion> out;
  for (std::size_t i = 0; i < candidates.size() && i < attempts_max && out.size() < suggestions_max; ++i) {
    const std::uint32_t role = candidates[i].role;
    const std::string& name = graph_.roles()[role].name;
    held.push_back(name);
    const bool excluded = graph_.conflict(held).has_value();
    held.pop_back();
    if (excluded) continue;
    auto [names, code] = way(role, wanted);
    const bool lapsed =
        std::any_of(grants.begin(), grants.end(), [&](const Grant& each) { return each.role == name; });
    out.push_back({name, std::move(names), std::move(code), sets_[role].size, lapsed});
  }
  return out;
}

Explanation CompiledRoles::explain(std::span<const Grant> grants, std::string_view permission,
                                   Time now) const {
  const Wanted ids = wanted(permission);
  Explanation out;
  for (const Grant& grant : grants) {
    if (!grant.in_force(now)) continue;
    const auto role = names_.find(grant.role);
    if (!role || !role_allows(*role, ids)) continue;
    auto [names, code] = way(*role, ids);
    if (out.path && out.path->roles.size() <= names.size()) continue;
    out.allowed = true;
    out.path = GrantPath{grant, std::move(names), std::move(code)};
  }
  if (!out.allowed) out.would_allow = suggest(grants, ids, now);
  return out;
}

std::vector<RoleImpact> impact(const CompiledRoles& before, const CompiledRoles& after) {
  std::vector<std::string> names;
  for (const auto* side : {&before, &after})
    for (const Role& role : side->graph().roles()) names.push_back(role.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<RoleImpact> out;
  for (const std::string& name : names) {
    const auto had = before.permissions_of(std::span(&name, 1));
    const auto has = after.permissions_of(std::span(&name, 1));
    if (had == has) continue;
    RoleImpact change{name, {}, {}};
    std::set_difference(has.begin(), has.end(), had.begin(), had.end(), std::back_inserter(change.gained));
    std::set_difference(had.begin(), had.end(), has.begin(), has.end(), std::back_inserter(change.lost));
    out.push_back(std::move(change));
  }
  return out;
}

}  // namespace muster::model
