// SPDX-License-Identifier: Apache-2.0
/// @file What a store says about itself, for the operator. Values: thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

struct StoreHealth {
  bool writable = true;
  std::string reason;  ///< Why not; empty when writable.
};

struct ReplicaReport {
  std::string host;
  bool is_read_from = false;
  std::optional<std::chrono::milliseconds> lag;  ///< Nothing while it is not known.
  std::uint64_t slow_statements = 0;
};

struct StoreCounters {
  std::uint64_t commits = 0;  ///< Transactions on disk (one fsync each).
  std::uint64_t writes = 0;   ///< Units committed in them.
  std::uint64_t writes_failed = 0;
  std::uint64_t writes_run_again = 0;  ///< Runs of units whose transaction the database had given up.
  std::uint64_t queue_length = 0;      ///< Writers waiting now.
  std::uint64_t reads = 0;
  std::uint64_t reads_waited = 0;          ///< Reads that had to wait for a connection.
  std::chrono::microseconds read_wait{0};  ///< For how long, all together.
  std::uint64_t readers_in_use = 0;        ///< Connections that read now.
  std::uint64_t readers_idle = 0;          ///< Free ones; databases of one server may share them.
  std::uint64_t readers_max = 0;
  std::uint64_t reads_on_replicas = 0;  ///< Reads that need not see the newest, answered by a copy.
  std::uint64_t slow_statements = 0;
  std::uint64_t connecting_failed = 0;  ///< Attempts to connect.
  bool connecting_paused = false;       ///< After a failure, nobody tries for a while.
  std::vector<ReplicaReport> replicas;
};

/// What is wrong with how a database would run a statement.
struct PlanFault {
  std::string statement;  ///< Its name, such as "grant_members".
  std::string table;      ///< Empty where it is not known.
  std::string problem;
  std::string remedy;  ///< A statement that mends it; empty where none is known.
};

/// What one database says about its schema and about its plans for every statement.
struct Examination {
  std::string engine;               ///< "MariaDB 10.11.6", for example.
  std::int64_t schema_version = 0;  ///< Of the database.
  std::int64_t schema_newest = 0;   ///< That this program knows.
  std::int64_t statements = 0;      ///< How many were looked at.
  std::vector<PlanFault> faults;
};

}  // namespace muster::ports
