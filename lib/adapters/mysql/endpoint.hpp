// SPDX-License-Identifier: Apache-2.0
/// @file Opens connections to one database, with the session as the store wants it. After a failure nobody
/// asks again before a pause that grows, so that a dead server costs no threads. Thread-safe.
#pragma once

#include "adapters/mysql/dsn.hpp"
#include "adapters/mysql/errors.hpp"
#include "base/result.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <mysql.h>

namespace muster::mysql {

enum class ConnectionKind : std::uint8_t {
  writer,  ///< Serializable.
  reader,  ///< Read-only, on a snapshot.
  setup,   ///< For migrations: its statements may take long.
};

/// Who may write beside this process.
enum class Writers : std::uint8_t { sole, several };

struct Closer {
  void operator()(MYSQL* handle) const { mysql_close(handle); }
};
using Handle = std::unique_ptr<MYSQL, Closer>;

/// A connection that could not be had.
struct ConnectFailure {
  Failure failure = Failure::other;
  Error error;
};

class Endpoint {
 public:
  Endpoint(Dsn dsn, Secret password, Writers writers)
      : dsn_(std::move(dsn)), password_(std::move(password)), writers_(writers), name_(dsn_.endpoint()) {}

  /// Null: `failure` says why.
  Handle connect(ConnectionKind kind, ConnectFailure& failure);

  [[nodiscard]] const Dsn& dsn() const { return dsn_; }
  /// "mysql://host:port/database".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Handle open(ConnectionKind kind, ConnectFailure& failure);
  std::optional<ConnectFailure> set_up(MYSQL* handle, ConnectionKind kind);
  std::optional<ConnectFailure> take_writers_lock(MYSQL* handle);
  [[nodiscard]] ConnectFailure failure_of_handle(MYSQL* handle) const;

  const Dsn dsn_;
  const Secret password_;
  const Writers writers_;
  const std::string name_;
  std::mutex mutex_;
  std::optional<ConnectFailure> last_failure_;
  std::chrono::steady_clock::time_point next_try_;
  std::chrono::milliseconds pause_{0};
};

/// Runs one statement; its first column of its first row as text, if any. False: look at mysql_errno.
bool run_text(MYSQL* handle, const std::string& statement, std::string* value = nullptr);

}  // namespace muster::mysql
