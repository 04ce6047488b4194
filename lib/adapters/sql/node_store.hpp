// SPDX-License-Identifier: Apache-2.0
/// @file Daemons, and what they follow, in SQL. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/query.hpp"
#include "ports/news_store.hpp"
#include "ports/node_store.hpp"

namespace muster::sql {

class SqlNewsStore final : public ports::NewsStore {
 public:
  explicit SqlNewsStore(Connection& connection) : connection_(connection) {}

  Result<ports::NewsHead> head() override;
  Result<std::vector<ports::NewsEntry>> list(std::int64_t after, std::size_t limit) override;

 private:
  Connection& connection_;
};

class SqlNodeStore final : public ports::NodeStore {
 public:
  explicit SqlNodeStore(Connection& connection) : connection_(connection) {}

  Result<Time> now() override;
  Result<std::vector<ports::NodeRecord>> list() override;
  Status put(const ports::NodeRecord& node) override;
  Result<bool> beat(const ports::NodeRecord& node) override;
  Result<bool> set_draining(const std::string& id, ports::Draining draining) override;
  Result<bool> remove(const std::string& id) override;
  Status await() override;

 private:
  Connection& connection_;
};

}  // namespace muster::sql
