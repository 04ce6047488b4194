// SPDX-License-Identifier: Apache-2.0
/// @file A Galera cluster of MariaDB servers on temporary data folders and free ports of 127.0.0.1. One
/// thread controls it.
#pragma once

#include "support/mysql_server.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::test {

class GaleraCluster {
 public:
  /// Throws std::runtime_error, saying why, when it cannot be started.
  explicit GaleraCluster(int nodes);

  [[nodiscard]] MysqlServer& node(std::size_t index) { return *nodes_.at(index); }
  /// An address whose first host is that node, followed by all others.
  [[nodiscard]] std::string dsn(std::size_t first, const std::string& database,
                                const std::string& parameters = {}) const;

 private:
  TemporaryFolder scripts_;
  std::vector<std::unique_ptr<MysqlServer>> nodes_;
};

}  // namespace muster::test
