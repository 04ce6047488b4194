// SPDX-License-Identifier: Apache-2.0
#include "daemon/answers.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/metrics.hpp"
#include "ops/feed.hpp"
#include "ops/node_registry.hpp"
#include "ports/crypto.hpp"

namespace muster::daemon {
namespace {

struct Part {
  std::string name;
  bool ready = true;
  std::optional<std::string> reason;

  static constexpr auto fields() {
    return std::tuple{field("name", &Part::name, "The part"),
                      field("ready", &Part::ready, "Whether it is ready"),
                      field("reason", &Part::reason, "Why not")};
  }
};

struct Readiness {
  bool ready = true;
  std::vector<Part> parts;

  static constexpr auto fields() {
    return std::tuple{field("ready", &Readiness::ready, "Whether requests can be served"),
                      field("parts", &Readiness::parts, "Each part's state")};
  }
};

Readiness look(Services& services) {
  Readiness readiness;
  const ports::StoreHealth store = services.context.store.health();
  readiness.parts.push_back({"store", store.writable, {}});
  if (!store.writable) readiness.parts.back().reason = store.reason;
  if (const ops::Feed* const feed = services.context.feed) {
    const bool known = !feed->age().is_too_old();
    readiness.parts.push_back({"feed", known, {}});
    if (!known)
      readiness.parts.back().reason =
          "what other daemons changed has not been known for " +
          format_duration(std::chrono::floor<std::chrono::milliseconds>(feed->age().age()));
  }
  const bool draining = services.draining.load(std::memory_order_relaxed);
  readiness.parts.push_back({"server", !draining, {}});
  if (draining) readiness.parts.back().reason = "the daemon is stopping";
  if (const ops::NodeRegistry* const nodes = services.context.nodes; nodes != nullptr && nodes->is_draining())
    readiness.parts.back() = {"server", false, "the daemon is being drained, as an operator asked"};
  if (services.context.is_warming.load(std::memory_order_relaxed))
    readiness.parts.push_back({"cache", false, "users are read into it (cache.warm_at_start)"});
  for (const Part& part : readiness.parts) readiness.ready = readiness.ready && part.ready;
  return readiness;
}

}  // namespace

Next answer_health(Services& /*services*/, Exchange& exchange) {
  exchange.response.headers.add("Cache-Control", "no-store");
  return succeed(exchange, R"({"status":"alive"})");
}

Next answer_readiness(Services& services, Exchange& exchange) {
  const Readiness readiness = look(services);
  if (readiness.ready) {
    exchange.response.headers.add("Cache-Control", "no-store");
    return succeed(exchange, wire::encode(readiness));
  }
  Error error{ErrorCode::unavailable, "not ready:", {}, {}, {}};
  for (const Part& part : readiness.parts) {
    if (part.ready) continue;
    error.message += " " + part.name + " (" + part.reason.value_or("") + ")";
    error.fields.push_back({part.name, part.reason.value_or("")});
  }
  return refuse(exchange, error);
}

Next answer_metrics(Services& services, Exchange& exchange) {
  exchange.response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  exchange.response.body = services.metrics.render();
  return Next::answer;
}

}  // namespace muster::daemon
