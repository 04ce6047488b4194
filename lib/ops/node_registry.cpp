// SPDX-License-Identifier: Apache-2.0
#include "ops/node_registry.hpp"

#include "base/log.hpp"
#include "base/version.hpp"
#include "ops/context.hpp"
#include "ops/feed.hpp"

#include <algorithm>
#include <map>

namespace muster::ops {
namespace {

using Steady = std::chrono::steady_clock;

/// Beats come every second.
constexpr std::chrono::seconds gone_after{5};
constexpr std::chrono::minutes forgotten_after{5};
/// Beyond a daemon's own bound: for the end of an answer that it had begun.
constexpr std::chrono::milliseconds margin{100};
constexpr std::chrono::milliseconds looked_every{3};

Result<std::vector<SeenNode>> seen_in(ports::Unit& unit) {
  std::vector<SeenNode> nodes;
  MUSTER_TRY(auto records, unit.nodes().list());
  MUSTER_TRY(const Time now, unit.nodes().now());
  for (ports::NodeRecord& each : records) {
    const Duration silent = std::max(now - each.beat_at, Duration(0));
    nodes.push_back({std::move(each), silent});
  }
  return nodes;
}

}  // namespace

bool SeenNode::is_gone() const {
  return silent_for > gone_after;
}

NodeRegistry::NodeRegistry(Context& context, Self self)
    : context_(context), self_(std::move(self)), started_at_(context.clock.now()) {}

void NodeRegistry::announce(std::vector<std::string> addresses) {
  const std::lock_guard lock(beating_);
  addresses_ = std::move(addresses);
}

ports::NodeRecord NodeRegistry::record() const {
  ports::NodeRecord node;
  node.id = self_.id;
  node.name = self_.name;
  node.version = std::string(version);
  node.addresses = addresses_;
  node.started_at = started_at_;
  node.max_staleness = self_.max_staleness;
  const ports::NewsHead followed = context_.feed->followed();
  node.epoch = followed.epoch;
  node.seq = followed.seq;
  return node;
}

Status NodeRegistry::enter() {
  const std::lock_guard lock(beating_);
  ports::NodeRecord node = record();
  // What was followed before the record was there, nobody waited for.
  node.epoch = 0;
  MUSTER_CHECK_OK(context_.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(node.beat_at, unit.nodes().now());
    return unit.nodes().put(node);
  }));
  entered_ = true;
  return {};
}

Status NodeRegistry::beat() {
  const std::lock_guard lock(beating_);
  if (!entered_) return {};
  // Before it: the record is of what was followed when it was asked for, or later.
  const std::int64_t awaited = context_.feed->followed().awaited;
  ports::NodeRecord node = record();
  bool found = false;
  const Status stored = context_.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(node.beat_at, unit.nodes().now());
    MUSTER_TRY(found, unit.nodes().beat(node));
    if (found) return {};
    // It was not waited for meanwhile: only what is followed from here on counts.
    node.epoch = 0;
    return unit.nodes().put(node);
  });
  if (stored) answered_ = awaited;
  MUSTER_TRY(const auto nodes, list());
  const auto own = std::find_if(nodes.begin(), nodes.end(),
                                [&](const SeenNode& each) { return each.record.id == self_.id; });
  const bool is_forgotten = own == nodes.end();
  if (!found && stored) MUSTER_CHECK_OK(context_.feed->poll());
  context_.feed->age().set_forgotten(is_forgotten);
  if (!is_forgotten) draining_ = own->record.draining;
  MUSTER_CHECK_OK(stored);
  return forget_gone(nodes);
}

Status NodeRegistry::forget_gone(const std::vector<SeenNode>& nodes) {
  for (const SeenNode& each : nodes) {
    if (each.silent_for <= forgotten_after) continue;
    log::warn("the daemon {} ({}) has been gone for {} and is forgotten", each.record.name, each.record.id,
              format_duration(std::chrono::floor<std::chrono::seconds>(each.silent_for)));
    MUSTER_CHECK_OK(remove(each.record.id));
  }
  return {};
}

Status NodeRegistry::remove(const std::string& id) {
  return context_.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY([[maybe_unused]] const bool found, unit.nodes().remove(id));
    return {};
  });
}

void NodeRegistry::leave() {
  {
    const std::lock_guard lock(leaving_mutex_);
    has_left_ = true;
  }
  leaving_.notify_all();
  const std::lock_guard lock(beating_);
  if (!entered_) return;
  entered_ = false;
  if (const Status left = remove(self_.id); !left)
    log::warn("this daemon's record stays for a while: {}", left.error().message);
}

bool NodeRegistry::is_awaited() const {
  const ports::NewsHead followed = context_.feed->followed();
  return followed.awaited != answered_;
}

Result<std::vector<SeenNode>> NodeRegistry::list() {
  std::vector<SeenNode> nodes;
  MUSTER_CHECK_OK(context_.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(nodes, seen_in(unit));
    return {};
  }));
  return nodes;
}

Result<bool> NodeRegistry::is_gone(ports::Unit& unit, const std::string& id) {
  MUSTER_TRY(const auto nodes, seen_in(unit));
  return std::none_of(nodes.begin(), nodes.end(),
                      [&](const SeenNode& each) { return each.record.id == id && !each.is_gone(); });
}

Result<Acknowledged> NodeRegistry::await(std::int64_t epoch) {
  const auto began = Steady::now();
  const auto passed = [&] {
    return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - began);
  };
  MUSTER_CHECK_OK(context_.store.write([&](ports::Unit& unit) { return unit.nodes().await(); }));
  if (hurry_) hurry_();
  MUSTER_CHECK_OK(context_.feed->poll());
  Acknowledged out;
  out.slowest_node = self_.name;
  out.slowest = passed();
  std::map<std::string, bool> seen;
  for (;;) {
    MUSTER_TRY(const auto nodes, list());
    out.nodes = 0;
    Duration bound{0};
    std::string pending;
    for (const SeenNode& each : nodes) {
      const bool has = each.record.epoch >= epoch || each.record.id == self_.id;
      out.nodes += has ? 1 : 0;
      if (!has) {
        bound = std::max(bound, each.record.max_staleness);
        pending = each.record.name;
      } else if (!seen[each.record.id]) {
        seen[each.record.id] = true;
        if (each.record.id == self_.id) continue;
        out.slowest_node = each.record.name;
        out.slowest = passed();
      }
    }
    if (pending.empty()) return out;
    if (passed() > bound + margin) {
      // It knows of nothing newer than the bound, so that it refuses every token by now.
      out.slowest_node = pending;
      out.slowest = passed();
      return out;
    }
    std::unique_lock lock(leaving_mutex_);
    if (leaving_.wait_for(lock, looked_every, [this] { return has_left_; }))
      return fail(ErrorCode::unavailable, "the daemon is stopping");
  }
}

}  // namespace muster::ops
