// SPDX-License-Identifier: Apache-2.0
/// @file The store in one database of a MySQL or MariaDB server. One writer thread commits many units at
/// once; readers work on snapshots beside it. While the server cannot be reached or written, changes are
/// refused at once and it is asked again once a second. The store is thread-safe.
#pragma once

#include "adapters/mysql/dsn.hpp"
#include "adapters/mysql/endpoint.hpp"
#include "adapters/mysql/servers.hpp"
#include "base/result.hpp"
#include "ports/slot_numbers.hpp"
#include "ports/store.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace muster::mysql {

struct MysqlOptions {
  Dsn dsn;
  Secret password;
  std::size_t readers = 4;                       ///< Unless dsn.connections_max says otherwise.
  std::size_t queue_length_max = 4096;           ///< Writes that may wait; more are told overloaded.
  std::size_t batch_units_max = 64;              ///< Units in one commit.
  std::chrono::milliseconds batch_time_max{10};  ///< No further unit joins a commit that is this old.
  std::int64_t change_log_keep = 1'000'000;      ///< Newest entries of the change log that maintain() keeps.
  /// Where users are spread over several databases: which slots this one is written in. Null: all.
  std::shared_ptr<const ports::SlotNumbers> epochs = nullptr;
  std::chrono::microseconds slow_from{0};  ///< Statements that take so long are logged; 0: none.
  Writers writers = Writers::alone_in_cluster;
  /// Stores that share it share the connections for reading, where their databases are on one server.
  std::shared_ptr<Servers> servers = nullptr;
};

/// Opens the store, creating or migrating its tables. Errors, each with a message for the operator that names
/// the endpoint: conflict (another program's database, a newer schema, too old a server), unavailable (no
/// answer, refused, in use by another daemon).
Result<std::unique_ptr<ports::Store>> open(MysqlOptions options);

}  // namespace muster::mysql
