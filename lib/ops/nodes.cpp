// SPDX-License-Identifier: Apache-2.0
#include "ops/nodes.hpp"

#include "base/version.hpp"
#include "ops/context.hpp"
#include "ops/feed.hpp"
#include "ops/node_registry.hpp"
#include "ops/tokens.hpp"
#include "ports/host.hpp"
#include "ports/news_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

Result<const ports::Host*> host_of(const Context& context) {
  if (context.host != nullptr) return context.host;
  return fail(ErrorCode::unavailable, "no daemon serves this installation");
}

NodeState own_state(const Context& context, const ports::Host& host) {
  if (host.is_draining() || (context.nodes != nullptr && context.nodes->is_draining()))
    return NodeState::draining;
  const bool knows = context.feed == nullptr || !context.feed->age().is_too_old();
  return knows && context.store.health().writable ? NodeState::ready : NodeState::unready;
}

Node shown(const SeenNode& seen, const ports::NewsHead& head) {
  const ports::NodeRecord& record = seen.record;
  Node node;
  node.id = record.id;
  node.name = record.name;
  node.version = record.version;
  node.addresses = record.addresses;
  node.started_at = record.started_at;
  node.revocation_epoch = record.epoch;
  node.revocations_behind = std::max<std::int64_t>(head.epoch - record.epoch, 0);
  node.changes_behind = std::max<std::int64_t>(head.seq - record.seq, 0);
  node.silent_ms = std::chrono::duration_cast<std::chrono::milliseconds>(seen.silent_for).count();
  node.state = seen.is_gone() ? NodeState::gone : record.draining ? NodeState::draining : NodeState::ready;
  return node;
}

Error no_such_node(const std::string& name) {
  return Error{ErrorCode::not_found, "there is no daemon " + name, {}, {}, {}};
}

/// By its name; where several have it, by its id.
Result<ports::NodeRecord> find_node(NodeRegistry& nodes, const std::string& name) {
  MUSTER_TRY(const auto seen, nodes.list());
  const SeenNode* found = nullptr;
  for (const SeenNode& each : seen) {
    if (each.record.id == name) return each.record;
    if (each.record.name != name) continue;
    if (found != nullptr)
      return fail(ErrorCode::conflict, "several daemons are called " + name + ": give the id of one");
    found = &each;
  }
  if (found == nullptr) return fail(no_such_node(name));
  return found->record;
}

Result<Changed> set_draining(Context& context, Call& call, const std::string& name,
                             ports::Draining draining) {
  if (context.nodes == nullptr)
    return fail(ErrorCode::precondition_failed,
                "no other daemon can share this store: stop this one, and it ends what is under way first");
  MUSTER_TRY(const ports::NodeRecord node, find_node(*context.nodes, name));
  const bool drains = draining == ports::Draining::yes;
  const auto state = [](bool is) { return is ? R"({"state":"draining"})" : R"({"state":"ready"})"; };
  return call.commit<Changed>(context, ports::Home::catalog(),
                              [&](ports::Unit& unit, Change& change) -> Result<Changed> {
                                if (node.draining == drains) return Changed{false};
                                MUSTER_TRY(const bool found, unit.nodes().set_draining(node.id, draining));
                                if (!found) return fail(no_such_node(name));
                                change.target = "node:" + node.name;
                                change.before = state(!drains);
                                change.after = state(drains);
                                return Changed{true};
                              });
}

}  // namespace

Result<ShowConfig::Reply> ShowConfig::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  MUSTER_TRY(const ports::Host* host, host_of(context));
  Reply reply;
  for (const ports::HostSetting& each : host->configuration())
    reply.items.push_back({each.name, each.value, each.source, each.reloads});
  return reply;
}

Result<ListNodes::Reply> ListNodes::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  MUSTER_TRY(const ports::Host* host, host_of(context));
  const NodeState own = own_state(context, *host);
  Reply reply;
  if (context.nodes == nullptr) {
    Node node;
    node.name = context.settings()->node_name;
    node.version = std::string(version);
    node.addresses = host->addresses();
    node.started_at = host->started_at();
    node.revocation_epoch = context.tokens.epoch();
    node.state = own;
    node.ready = own == NodeState::ready;
    reply.items.push_back(std::move(node));
    return reply;
  }
  ports::NewsHead head;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(head, unit.news().head());
    return {};
  }));
  MUSTER_TRY(const auto seen, context.nodes->list());
  for (const SeenNode& each : seen) {
    reply.items.push_back(shown(each, head));
    Node& node = reply.items.back();
    if (each.record.id == context.nodes->self().id && node.state == NodeState::ready) node.state = own;
    node.ready = node.state == NodeState::ready;
  }
  return reply;
}

Result<DrainNode::Reply> DrainNode::run(Context& context, Call& call, const Request& request) {
  return set_draining(context, call, request.name, ports::Draining::yes);
}

Result<UndrainNode::Reply> UndrainNode::run(Context& context, Call& call, const Request& request) {
  return set_draining(context, call, request.name, ports::Draining::no);
}

}  // namespace muster::ops
