// SPDX-License-Identifier: Apache-2.0
/// @file A connection to a server, and what is kept with it: the statements prepared on it, of one database
/// or, for reading, of several. It belongs to one thread at a time.
#pragma once

#include "adapters/mysql/endpoint.hpp"
#include "adapters/mysql/handle.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::mysql {

class MysqlStatement;

class Session {
 public:
  /// Statements kept prepared at most: servers bound those of all connections together, by 16,382 unless
  /// told otherwise.
  static constexpr std::size_t statements_max = 256;

  Session(Endpoint& endpoint, ConnectionKind kind) : endpoint_(endpoint), kind_(kind) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { disconnect(); }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] ConnectionKind kind() const { return kind_; }
  /// Null: there is none.
  [[nodiscard]] MYSQL* handle() const { return handle_.get(); }

  /// Whether it can be used now: it is there, where it should be, young enough and not closed by the server.
  [[nodiscard]] bool is_usable();
  /// False: `failure` says why.
  bool connect(ConnectFailure& failure);
  void disconnect();
  void note_use() { used_at_ = std::chrono::steady_clock::now(); }

  [[nodiscard]] bool has_autocommit() const { return autocommit_; }
  void note_autocommit(bool on) { autocommit_ = on; }
  /// Of a transaction that changed nothing: how its end is taken matters only to the next one.
  void end_reading();

  /// To be kept until it is abandoned: by its owner, with the connection, or as the one not used for longest.
  void keep(MysqlStatement& statement);
  void forget(const MysqlStatement& statement);
  /// Numbers that grow.
  std::uint64_t next_use() { return ++uses_; }

 private:
  bool await_reply();

  Endpoint& endpoint_;
  const ConnectionKind kind_;
  Handle handle_;
  std::size_t host_ = 0;
  bool autocommit_ = false;
  bool reply_is_due_ = false;  ///< To the end of a reader's transaction.
  std::chrono::steady_clock::time_point connected_at_;
  std::chrono::steady_clock::time_point used_at_;
  std::vector<MysqlStatement*> statements_;
  std::uint64_t uses_ = 0;
};

}  // namespace muster::mysql
