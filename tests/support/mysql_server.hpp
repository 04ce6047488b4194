// SPDX-License-Identifier: Apache-2.0
/// @file A real MariaDB or MySQL server on a temporary data folder and a free port of 127.0.0.1. It needs no
/// rights and disturbs no other server; it is killed when the object goes. One thread controls it.
#pragma once

#include "support/process.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace muster::test {

enum class ServerKind { mariadb, mysql57 };

struct Origin {
  std::string data;  ///< The folder to begin with a copy of; else there is nothing but the system's tables.
  Environment environment;
  std::string place;  ///< The folder to have its own in; else where temporary files go.
};

class MysqlServer {
 public:
  /// Throws std::runtime_error, saying why, when it cannot be started. `options` are those of mysqld.
  explicit MysqlServer(ServerKind kind, std::vector<std::string> options = {}, Origin origin = {});
  MysqlServer(const MysqlServer&) = delete;
  MysqlServer& operator=(const MysqlServer&) = delete;
  ~MysqlServer() = default;

  /// Kills it with SIGKILL.
  void kill();
  /// Has it shut down in an orderly manner.
  void stop();
  [[nodiscard]] bool is_running() { return process_->is_running(); }
  /// Starts it again on the same data and port.
  void start();
  /// Returns when nothing of it runs any more.
  void freeze() const;
  void thaw() const { process_->signal(SIGCONT); }
  /// Has it follow the primary from the start of its log. Both need replication_options().
  void replicate(const MysqlServer& primary) const;

  /// Makes an empty database and returns its name.
  std::string create_database();
  /// The output of the statements of root, one row a line. Throws when they fail.
  std::string execute(const std::string& statements, const std::string& database = {}) const;
  /// "mysql://muster@127.0.0.1:41233/name", and the parameters behind a ?.
  [[nodiscard]] std::string dsn(const std::string& database, const std::string& parameters = {}) const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string folder() const { return folder_.path(); }

 private:
  bool launch();

  const ServerKind kind_;
  const std::vector<std::string> options_;
  const Environment environment_;
  TemporaryFolder folder_;  ///< Gone after the process.
  int port_ = 0;
  int databases_ = 0;
  std::unique_ptr<Process> process_;
};

/// A port of 127.0.0.1 that is free, and not of those that the system gives to clients.
int free_port();

/// With a log that others can follow by global transaction ids; every server of a test has its own number.
std::vector<std::string> replication_options(ServerKind kind, int number);

/// One for the whole test program, started when it is first asked for.
MysqlServer& shared_server(ServerKind kind);

}  // namespace muster::test
