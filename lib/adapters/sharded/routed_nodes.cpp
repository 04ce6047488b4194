// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/routed_nodes.hpp"

namespace muster::sharded {
namespace {

using ports::Unit;

Status check_in_catalog(const Routing& routing) {
  return routing.check_writable(routing.layout.catalog());
}

}  // namespace

Result<ports::NewsHead> RoutedNews::head() {
  return routing_.on_catalog([](Unit& unit) { return unit.news().head(); });
}

Result<std::vector<ports::NewsEntry>> RoutedNews::list(std::int64_t after, std::size_t limit) {
  return routing_.on_catalog([&](Unit& unit) { return unit.news().list(after, limit); });
}

Result<Time> RoutedNodes::now() {
  return routing_.on_catalog([](Unit& unit) { return unit.nodes().now(); });
}

Result<std::vector<ports::NodeRecord>> RoutedNodes::list() {
  return routing_.on_catalog([](Unit& unit) { return unit.nodes().list(); });
}

Status RoutedNodes::put(const ports::NodeRecord& node) {
  MUSTER_CHECK_OK(check_in_catalog(routing_));
  return routing_.local.nodes().put(node);
}

Result<bool> RoutedNodes::beat(const ports::NodeRecord& node) {
  MUSTER_CHECK_OK(check_in_catalog(routing_));
  return routing_.local.nodes().beat(node);
}

Result<bool> RoutedNodes::set_draining(const std::string& id, ports::Draining draining) {
  MUSTER_CHECK_OK(check_in_catalog(routing_));
  return routing_.local.nodes().set_draining(id, draining);
}

Result<bool> RoutedNodes::remove(const std::string& id) {
  MUSTER_CHECK_OK(check_in_catalog(routing_));
  return routing_.local.nodes().remove(id);
}

Status RoutedNodes::await() {
  MUSTER_CHECK_OK(check_in_catalog(routing_));
  return routing_.local.nodes().await();
}

}  // namespace muster::sharded
