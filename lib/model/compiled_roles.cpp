// SPDX-License-Identifier: Apache-2.0
#include "model/compiled_roles.hpp"

#include "model/permission.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

namespace muster::model {
namespace {

constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t code_size_max = 2 * permission_side_length_max + 1;

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

bool CompiledRoles::CodeSet::has(std::uint32_t code) const noexcept {
  if (!bitmap.empty()) return ((bitmap[code / 64] >> (code % 64)) & 1) != 0;
  return std::binary_search(sorted.begin(), sorted.end(), code);
}

std::vector<std::uint32_t> CompiledRoles::CodeSet::ids() const {
  return bitmap.empty() ? sorted : set_bits(bitmap);
}

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
  for (const Role& role : roles)
    for (const std::string& code : role.permissions)
      if (Permission::parse(code)) code_ids_.emplace(code, 0);
  codes_.reserve(code_ids_.size());
  for (const auto& [code, id] : code_ids_) codes_.push_back(code);
  std::sort(codes_.begin(), codes_.end());
  for (std::uint32_t id = 0; id < codes_.size(); ++id) code_ids_.find(codes_[id])->second = id;
  own_.resize(roles.size());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    for (const std::string& code : roles[i].permissions)
      if (const auto found = code_ids_.find(code); found != code_ids_.end()) own_[i].push_back(found->second);
    std::sort(own_[i].begin(), own_[i].end());
    own_[i].erase(std::unique(own_[i].begin(), own_[i].end()), own_[i].end());
  }
}

void CompiledRoles::compile_sets() {
  const std::size_t words = (codes_.size() + 63) / 64;
  std::vector<std::uint64_t> scratch(words);
  std::vector<bool> done(own_.size());
  sets_.resize(own_.size());
  breadth_.resize(own_.size());
  const auto add = [&](const CodeSet& set) {
    for (std::size_t at = 0; at < set.bitmap.size(); ++at) scratch[at] |= set.bitmap[at];
    for (const std::uint32_t id : set.sorted) set_bit(scratch, id);
  };
  const auto keep = [&](std::uint32_t role) {
    const std::size_t count = count_bits(scratch);
    breadth_[role] = static_cast<std::uint32_t>(count);
    if (count * sizeof(std::uint32_t) > words * sizeof(std::uint64_t))
      sets_[role].bitmap = scratch;
    else
      sets_[role].sorted = set_bits(scratch);
    std::fill(scratch.begin(), scratch.end(), 0);
    done[role] = true;
  };
  for (const std::uint32_t role : parents_first(graph_)) {
    for (const std::uint32_t id : own_[role]) set_bit(scratch, id);
    for (const std::uint32_t parent : graph_.parents_of(role)) add(sets_[parent]);
    keep(role);
  }
  for (std::uint32_t role = 0; role < own_.size(); ++role) {
    if (done[role]) continue;
    for (const std::string& name : graph_.ancestors(graph_.roles()[role].name))
      for (const std::uint32_t id : own_[*graph_.index_of(name)]) set_bit(scratch, id);
    keep(role);
  }
}

CompiledRoles::Wanted CompiledRoles::wanted(std::string_view permission) const noexcept {
  Wanted out;
  const auto parsed = Permission::parse(permission);
  if (!parsed) return out;
  const auto look_up = [&](std::string_view code) {
    const auto found = code_ids_.find(code);
    if (found != code_ids_.end()) out.ids[out.count++] = found->second;
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
    if (sets_[role].has(wanted.ids[i])) return true;
  return false;
}

bool CompiledRoles::allows(std::span<const std::string> roles, std::string_view permission) const noexcept {
  const Wanted ids = wanted(permission);
  if (ids.count == 0) return false;
  for (const std::string& name : roles)
    if (const auto role = graph_.index_of(name); role && role_allows(*role, ids)) return true;
  return false;
}

bool CompiledRoles::allows(std::span<const Grant> grants, std::string_view permission,
                           Time now) const noexcept {
  const Wanted ids = wanted(permission);
  if (ids.count == 0) return false;
  for (const Grant& grant : grants) {
    if (!grant.in_force(now)) continue;
    if (const auto role = graph_.index_of(grant.role); role && role_allows(*role, ids)) return true;
  }
  return false;
}

std::vector<std::string> CompiledRoles::permissions_of(std::span<const std::string> roles) const {
  std::vector<std::uint64_t> all((codes_.size() + 63) / 64);
  for (const std::string& name : roles)
    if (const auto role = graph_.index_of(name))
      for (const std::uint32_t id : sets_[*role].ids()) set_bit(all, id);
  std::vector<std::string> out;
  for (const std::uint32_t id : set_bits(all)) out.push_back(codes_[id]);
  return out;
}

std::pair<std::vector<std::string>, std::string> CompiledRoles::way(std::uint32_t from,
                                                                    const Wanted& wanted) const {
  std::vector<std::uint32_t> came_from(own_.size(), nobody);
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
      return {std::move(names), codes_[wanted.ids[i]]};
    }
    for (const std::uint32_t parent : graph_.parents_of(queue[at]))
      if (came_from[parent] == nobody) {
        came_from[parent] = queue[at];
        queue.push_back(parent);
      }
  }
  return {};
}

std::vector<GrantSuggestion> CompiledRoles::suggest(std::span<const Grant> grants, const Wanted& wanted,
                                                    Time now) const {
  struct Candidate {
    std::uint32_t role;
    std::size_t wildcards;
    std::uint32_t breadth;
    bool inherited;
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t role = 0; role < own_.size(); ++role) {
    if (!role_allows(role, wanted)) continue;
    Candidate& candidate = candidates.emplace_back(Candidate{role, 0, breadth_[role], true});
    for (const std::uint32_t id : sets_[role].ids()) {
      candidate.wildcards += static_cast<std::size_t>(std::count(codes_[id].begin(), codes_[id].end(), '*'));
      // `*:*` is worth more than any number of half wildcards.
      if (codes_[id] == "*:*") candidate.wildcards += codes_.size() * 2;
    }
    for (std::size_t i = 0; i < wanted.count; ++i)
      if (std::binary_search(own_[role].begin(), own_[role].end(), wanted.ids[i]))
        candidate.inherited = false;
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.wildcards, a.breadth, a.inherited, a.role) <
           std::tie(b.wildcards, b.breadth, b.inherited, b.role);
  });

  std::vector<std::string> held;
  for (const Grant& grant : grants)
    if (grant.in_force(now)) held.push_back(grant.role);
  constexpr std::size_t attempts_max = 100;
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
    out.push_back({name, std::move(names), std::move(code), breadth_[role], lapsed});
  }
  return out;
}

Explanation CompiledRoles::explain(std::span<const Grant> grants, std::string_view permission,
                                   Time now) const {
  const Wanted ids = wanted(permission);
  Explanation out;
  for (const Grant& grant : grants) {
    if (!grant.in_force(now)) continue;
    const auto role = graph_.index_of(grant.role);
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
