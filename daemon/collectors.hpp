// SPDX-License-Identifier: Apache-2.0
/// @file What /metrics shows beside what Metrics counts itself: the front, the pools, the store, the process.
#pragma once

namespace muster::assembly {
class World;
}
namespace muster::http {
class Server;
}

namespace muster::daemon {

class Metrics;
class Pipeline;

/// All of them must outlive the last render().
void add_collectors(Metrics& metrics, assembly::World& world, const Pipeline& pipeline,
                    const http::Server& server);

}  // namespace muster::daemon
