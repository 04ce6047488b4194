// SPDX-License-Identifier: Apache-2.0
/// @file The daemon's own endpoints, which are no operations, and what they may use. One visible list, in
/// endpoints.cpp. Thread-safe.
#pragma once

#include "base/networks.hpp"
#include "daemon/exchange.hpp"
#include "daemon/routes.hpp"
#include "ops/context.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

namespace muster::daemon {

class Metrics;

/// What steps and endpoints may use. Built once by the lifecycle.
struct Services {
  ops::Context& context;
  Metrics& metrics;
  const RouteTable& routes;
  std::string openapi;  ///< The API's description, JSON.
  std::uint32_t own_user_id_os = 0;
  const Networks trusted_proxies;
  std::atomic<bool> draining{false};
  std::atomic<std::int64_t> request_time_microseconds{0};
};

std::span<const Route> own_endpoints();

Next answer_health(Services& services, Exchange& exchange);
Next answer_readiness(Services& services, Exchange& exchange);
Next answer_metrics(Services& services, Exchange& exchange);
Next answer_verify(Services& services, Exchange& exchange);
Next answer_jwks(Services& services, Exchange& exchange);
Next answer_discovery(Services& services, Exchange& exchange);
Next answer_introspection(Services& services, Exchange& exchange);
Next answer_token_revocation(Services& services, Exchange& exchange);
Next answer_openapi(Services& services, Exchange& exchange);

}  // namespace muster::daemon
