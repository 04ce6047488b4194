// SPDX-License-Identifier: Apache-2.0
#include "lib/model/name_claim_world.hpp"
#include "model/slot.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace muster::model {
namespace {

static_assert(std::has_unique_object_representations_v<World>);

std::uint64_t hash_of(const World& world) {
  std::array<std::uint64_t, (sizeof(World) + 7) / 8> words{};
  std::memcpy(words.data(), &world, sizeof world);
  std::uint64_t out = 0;
  for (const std::uint64_t word : words) out = slot_hash(out ^ word);
  return out;
}

constexpr std::array<const char*, executors_max + 2> actors{
    "Ada's registration as a", "Ada's change to b", "Ada's change to a", "Ada's second change to a",
    "Bob's registration as a", "Ada's removal",     "an agent",          "an agent"};

/// Every state seen, and from where.
class Seen {
 public:
  explicit Seen(const World& first) : table_(std::size_t{1} << 12U) { add(first, 0, "", 0); }

  void add(const World& world, std::uint32_t from, const char* action, std::size_t actor) {
    std::size_t at = hash_of(world) & (table_.size() - 1);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1))
      if (std::memcmp(&nodes_[table_[at] - 1].world, &world, sizeof world) == 0) return;
    nodes_.push_back({world, from, static_cast<std::uint8_t>(actor), action});
    table_[at] = static_cast<std::uint32_t>(nodes_.size());
    if (nodes_.size() * 2 > table_.size()) grow();
  }

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] World at(std::size_t index) const { return nodes_[index].world; }

  [[nodiscard]] std::vector<std::string> trace_to(std::size_t index) const {
    std::vector<std::string> out;
    for (; index != 0; index = nodes_[index].from)
      out.push_back(std::string(actors[nodes_[index].actor]) + " " + nodes_[index].action);
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  struct Node {
    World world;
    std::uint32_t from;
    std::uint8_t actor;
    const char* action;
  };

  void grow() {
    table_.assign(table_.size() * 2, 0);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      std::size_t at = hash_of(nodes_[i].world) & (table_.size() - 1);
      while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
      table_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> table_;  ///< Index into nodes_ plus 1; 0: free.
};

/// What the two databases hold, without what executors and agents know.
World stored_part(World world) {
  world.step = {};
  world.left = {};
  world.agent = {};
  world.agent_claim = {};
  return world;
}

}  // namespace

Exploration explore(Program program, Broken broken) {
  const Rules rules(broken);
  Seen seen(beginning(program));
  std::unordered_set<World, decltype(&hash_of)> settled(1024, &hash_of);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const World world = seen.at(i);
    const char* what = broken_promise(world);
    if (what == nullptr && settled.insert(stored_part(world)).second) what = stays_wrong(world, rules);
    if (what != nullptr) return {seen.size(), Violation{what, seen.trace_to(i)}};
    visit_next(world, rules, [&](const World& next, const char* action, std::size_t actor) {
      seen.add(next, static_cast<std::uint32_t>(i), action, actor);
    });
  }
  return {seen.size(), std::nullopt};
}

}  // namespace muster::model
