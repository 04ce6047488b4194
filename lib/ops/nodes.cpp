// SPDX-License-Identifier: Apache-2.0
#include "ops/nodes.hpp"

#include "base/version.hpp"
#include "ops/context.hpp"
#include "ops/tokens.hpp"
#include "ports/host.hpp"

namespace muster::ops {
namespace {

Result<const ports::Host*> host_of(const Context& context) {
  if (context.host != nullptr) return context.host;
  return fail(ErrorCode::unavailable, "no daemon serves this installation");
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
  Node node;
  node.name = context.settings()->node_name;
  node.version = std::string(version);
  node.addresses = host->addresses();
  node.started_at = host->started_at();
  node.revocation_epoch = context.tokens.epoch();
  node.ready = context.store.health().writable && !host->is_draining();
  Reply reply;
  reply.items.push_back(std::move(node));
  return reply;
}

}  // namespace muster::ops
