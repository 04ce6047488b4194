// SPDX-License-Identifier: Apache-2.0
/// @file Opens connections to one database, with the session as the store wants it. Of several hosts, the
/// writer finds the one that can be written to, and readers follow it there. After a failure nobody asks
/// again before a pause that grows, and then one alone, so that a dead server costs no threads. Thread-safe.
#pragma once

#include "adapters/mysql/dsn.hpp"
#include "adapters/mysql/errors.hpp"
#include "adapters/mysql/handle.hpp"
#include "adapters/mysql/lease.hpp"
#include "adapters/sql/slow_log.hpp"
#include "base/result.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace muster::mysql {

enum class ConnectionKind : std::uint8_t {
  writer,    ///< Serializable.
  reader,    ///< Read-only, on a snapshot, where the writer writes.
  replica,   ///< The same on a replica, whose answer is not waited for long.
  setup,     ///< For migrations: its statements may take long.
  examiner,  ///< Beside the writer, to ask about plans: changes nothing, but a plan of a change is no read.
};

/// Whether others may write at the same time to a cluster, where what is read is locked on one node only. To
/// a single server several always may.
enum class Writers : std::uint8_t { alone_in_cluster, several };

/// A connection that could not be had.
struct ConnectFailure {
  Failure failure = Failure::other;
  Error error;
};

struct Link {
  Handle handle;         ///< Null: there is none.
  std::size_t host = 0;  ///< Of the address's hosts.
};

class Endpoint {
 public:
  Endpoint(Dsn dsn, Secret password, Writers writers)
      : dsn_(std::move(dsn)), password_(std::move(password)), writers_(writers), name_(dsn_.endpoint()) {}

  /// Whom connections to it tell of slow statements; before any of them is used. It must outlive them.
  Endpoint& watched_by(sql::SlowLog& log) {
    slow_log_ = &log;
    return *this;
  }
  [[nodiscard]] sql::SlowLog* slow_log() const { return slow_log_; }

  /// Without a handle: `failure` says why.
  Link connect(ConnectionKind kind, ConnectFailure& failure);

  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  /// Whether it is not even tried now, after a failure.
  [[nodiscard]] bool is_paused();

  [[nodiscard]] const Dsn& dsn() const { return dsn_; }
  [[nodiscard]] const Secret& password() const { return password_; }
  /// "mysql://host:port/database".
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The host that was last found good for writing.
  [[nodiscard]] std::size_t host() const { return host_.load(std::memory_order_acquire); }
  [[nodiscard]] bool has_several_hosts() const { return dsn_.hosts.size() > 1; }
  /// As the writer saw it last.
  [[nodiscard]] bool is_cluster() const { return is_cluster_.load(std::memory_order_acquire); }
  /// The lease without which nothing is written; null where the server's lock does.
  [[nodiscard]] WriterLease* lease() {
    return is_cluster() && writers_ == Writers::alone_in_cluster ? &lease_ : nullptr;
  }

 private:
  struct Pause {
    std::optional<ConnectFailure> last_failure;
    std::chrono::steady_clock::time_point next_try;
    std::chrono::milliseconds length{0};
    bool is_tried = false;  ///< Somebody finds out whether it is over.
  };

  Link open_any(ConnectionKind kind, ConnectFailure& failure);
  Handle open(std::size_t host, ConnectionKind kind, ConnectFailure& failure);
  std::optional<ConnectFailure> set_up(MYSQL* handle, ConnectionKind kind);
  std::optional<ConnectFailure> check_host(MYSQL* handle);
  std::optional<ConnectFailure> catch_up(MYSQL* handle);
  std::optional<ConnectFailure> take_lease(MYSQL* handle);
  [[nodiscard]] ConnectFailure failure_because(Failure failure, const std::string& reason) const;
  [[nodiscard]] ConnectFailure failure_of_handle(MYSQL* handle) const;

  const Dsn dsn_;
  const Secret password_;
  const Writers writers_;
  const std::string name_;
  std::atomic<std::size_t> host_{0};
  std::atomic<bool> is_cluster_{false};
  WriterLease lease_;  ///< The writer's.
  sql::SlowLog* slow_log_ = nullptr;
  std::atomic<std::uint64_t> failures_{0};
  std::mutex mutex_;
  std::array<Pause, 2> pauses_;  ///< Of those that need a host that can be written to; of the others.
};

}  // namespace muster::mysql
