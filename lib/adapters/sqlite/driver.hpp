// SPDX-License-Identifier: Apache-2.0
/// @file A connection to a SQLite file as the stores' Connection. It remembers the last trouble that concerns
/// the whole file (disk full, read-only, damaged), so that the writer can say what the store can still do. A
/// connection belongs to one thread at a time. Errors: unavailable for trouble with the file, with a message
/// that names the file and what to do.
#pragma once

#include "adapters/sql/connection.hpp"
#include "adapters/sql/plans.hpp"
#include "adapters/sql/slow_log.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace muster::sqlite {

enum class ConnectionKind : std::uint8_t { writer, reader };

class SqliteStatement final : public sql::Statement {
 public:
  /// `name` must live on.
  SqliteStatement(class SqliteConnection& connection, std::string_view name, sqlite3_stmt* statement)
      : connection_(connection), name_(name), statement_(statement) {}
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement() override;

  void bind_integer(int parameter, std::int64_t value) override;
  void bind_text(int parameter, std::string_view value, sql::Lifetime lifetime) override;
  void bind_blob(int parameter, std::string_view value, sql::Lifetime lifetime) override;
  void bind_null(int parameter) override;
  Result<bool> step() override;
  [[nodiscard]] std::int64_t changed() const override;
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] std::string_view bytes(int column) const override;
  void reset() override;

  /// The driver's own use, for statements without a Query.
  Status run();
  bool in_use = false;

 private:
  void note(int status);

  SqliteConnection& connection_;
  const std::string_view name_;
  sqlite3_stmt* statement_;
  sql::SlowLog::Clock::duration taken_{0};  ///< By the steps since the last reset.
  int bind_status_ = 0;
};

class SqliteConnection final : public sql::TransactionalConnection {
 public:
  /// Opens the file and sets it up; a writer creates it. Nothing is read from it yet.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, ConnectionKind kind,
                                                        std::size_t cache_kib, int busy_timeout_ms);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() override;

  Result<sql::Statement*> prepare(sql::Sql name, std::size_t rows) override;
  Status savepoint() override;
  Status release() override;
  Status undo() override;
  Result<std::int64_t> fence(std::uint32_t slot, std::int64_t epoch, std::int64_t users) override;
  Result<std::int64_t> add_to_counter(std::string_view name, std::int64_t amount) override;
  /// A writer's transaction keeps everyone else waiting anyway.
  Status lock(std::string_view /*name*/) override { return {}; }
  /// This machine's.
  Result<Time> now() override;

  /// Of a writer: takes the write lock. Of a reader: the snapshot begins with its first read.
  Status begin() override;
  Status commit() override;
  void rollback() override;
  [[nodiscard]] bool in_transaction() const override;
  [[nodiscard]] bool may_run_again() const override { return false; }
  /// A reader tells of damage only.
  std::optional<sql::Trouble> take_trouble() override;
  void rest() override;

  /// Runs statements that give no rows.
  Status execute(const std::string& statements);
  /// The first column of the first row, as text; empty when there is none.
  Result<std::string> value_of(const std::string& statement);
  Result<std::vector<std::string>> values_of(const std::string& statement);

  [[nodiscard]] Error error_of(int status);
  [[nodiscard]] sqlite3* handle() { return handle_; }
  /// Whom it tells of slow statements. It must outlive the connection.
  void watch_with(sql::SlowLog& log) { slow_log_ = &log; }
  [[nodiscard]] sql::SlowLog* slow_log() const { return slow_log_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  enum class Own : std::uint8_t {
    begin,
    commit,
    rollback,
    savepoint,
    release,
    undo,
    fence,
    counter,
    clock,
    count
  };

  SqliteConnection(std::string path, ConnectionKind kind) : path_(std::move(path)), kind_(kind) {}
  Result<SqliteStatement*> prepare_own(Own name);
  Result<std::unique_ptr<SqliteStatement>> compile(std::string_view name, const char* text);
  Status run_own(Own name);
  /// Of a writer whose transaction is gone: unavailable.
  [[nodiscard]] Status check_in_transaction() const;
  /// The same status; after an error the whole transaction is rolled back.
  Status or_roll_back(Status status);

  std::string path_;
  ConnectionKind kind_;
  sqlite3* handle_ = nullptr;
  std::vector<std::unique_ptr<SqliteStatement>> statements_;
  std::vector<std::unique_ptr<SqliteStatement>> own_;
  std::optional<sql::Trouble> trouble_;
  sql::SlowLog* slow_log_ = nullptr;
};

/// The driver's own statements that reach rows.
std::vector<sql::NamedText> driver_statements();

}  // namespace muster::sqlite
