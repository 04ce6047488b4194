// SPDX-License-Identifier: Apache-2.0
/// @file Databases on the shared servers, for the tests of this folder.
#pragma once

#include "adapters/mysql/mysql_store.hpp"
#include "ports/store.hpp"
#include "ports/system_store.hpp"
#include "support/mysql_server.hpp"

#include <memory>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

namespace muster::mysql::test {

using muster::test::eventually;
using muster::test::MysqlServer;
using muster::test::ServerKind;

MysqlOptions options_for(const std::string& dsn);
/// Requires that it opens.
std::unique_ptr<ports::Store> open_store(const MysqlOptions& options);
/// The error of an open that must fail.
Error open_error(const MysqlOptions& options);

Status put(ports::Store& store, const std::string& name, const std::string& value);
/// Requires that it can be read.
std::optional<std::string> get(ports::Store& store, const std::string& name);
Status try_read(ports::Store& store);

/// As an operator may.
void partition_tables(MysqlServer& server, const std::string& database);

/// Takes as many seconds, or less.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::seconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace muster::mysql::test

/// Runs the rest of the test once for each kind of server, as `variable`.
#define SERVER_UNDER_TEST(variable)                                                       \
  const auto server_kind =                                                                \
      GENERATE(::muster::test::ServerKind::mariadb, ::muster::test::ServerKind::mysql57); \
  INFO((server_kind == ::muster::test::ServerKind::mariadb ? "mariadb" : "mysql57"));     \
  ::muster::test::MysqlServer& variable = ::muster::test::shared_server(server_kind)
