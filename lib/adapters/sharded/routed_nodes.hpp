// SPDX-License-Identifier: Apache-2.0
/// @file Daemons and what they follow, of a unit of the whole store: all of it is in the catalog. Belongs to
/// its unit's thread.
#pragma once

#include "adapters/sharded/routing.hpp"
#include "ports/news_store.hpp"
#include "ports/node_store.hpp"

namespace muster::sharded {

/// As the catalog has them: nothing is waited for that is still to be passed on to it.
class RoutedNews final : public ports::NewsStore {
 public:
  explicit RoutedNews(Routing& routing) : routing_(routing) {}

  Result<ports::NewsHead> head() override;
  Result<std::vector<ports::NewsEntry>> list(std::int64_t after, std::size_t limit) override;

 private:
  Routing& routing_;
};

class RoutedNodes final : public ports::NodeStore {
 public:
  explicit RoutedNodes(Routing& routing) : routing_(routing) {}

  Result<Time> now() override;
  Result<std::vector<ports::NodeRecord>> list() override;
  Status put(const ports::NodeRecord& node) override;
  Result<bool> beat(const ports::NodeRecord& node) override;
  Result<bool> set_draining(const std::string& id, ports::Draining draining) override;
  Result<bool> remove(const std::string& id) override;
  Status await() override;

 private:
  Routing& routing_;
};

}  // namespace muster::sharded
