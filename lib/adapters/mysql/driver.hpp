// SPDX-License-Identifier: Apache-2.0
/// @file A connection to a MySQL or MariaDB server as the stores' Connection. It connects when a transaction
/// begins, and again when it was lost, has become old or was closed by the server. A statement's rows are
/// fetched whole, so that others may run while it is read. Connections for reading may share a session, also
/// those of several databases: whose turn it is, is up to who uses them. A connection belongs to one thread
/// at a time. Errors: unavailable for what concerns the server, with the endpoint in the detail.
#pragma once

#include "adapters/mysql/endpoint.hpp"
#include "adapters/mysql/session.hpp"
#include "adapters/sql/connection.hpp"
#include "adapters/sql/plans.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::mysql {

class MysqlConnection;

class MysqlStatement final : public sql::Statement {
 public:
  /// `name` must live on.
  MysqlStatement(MysqlConnection& connection, std::string_view name, std::string text);
  MysqlStatement(const MysqlStatement&) = delete;
  MysqlStatement& operator=(const MysqlStatement&) = delete;
  ~MysqlStatement() override;

  void bind_integer(int parameter, std::int64_t value) override;
  void bind_text(int parameter, std::string_view value, sql::Lifetime lifetime) override;
  void bind_blob(int parameter, std::string_view value, sql::Lifetime lifetime) override;
  void bind_null(int parameter) override;
  Result<bool> step() override;
  [[nodiscard]] std::int64_t changed() const override { return changed_; }
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] std::string_view bytes(int column) const override;
  void reset() override;

  /// The driver's own use.
  Status prepare();
  [[nodiscard]] bool is_prepared() const { return statement_ != nullptr; }
  /// It is to be prepared again.
  void abandon();
  [[nodiscard]] std::uint64_t last_use() const { return last_use_; }
  /// Runs a statement without a Query to its end.
  Status run();
  /// What LAST_INSERT_ID(expression) of the last run was.
  [[nodiscard]] std::int64_t last_id() const { return last_id_; }
  bool in_use = false;

 private:
  struct Parameters;
  struct Columns;
  void bind_bytes(int parameter, std::string_view value, sql::Lifetime lifetime);
  Status execute();
  Status describe_columns();
  Status fetch_long_columns();

  MysqlConnection& connection_;
  const std::string_view name_;
  const std::string text_;
  MYSQL_STMT* statement_ = nullptr;
  std::unique_ptr<Parameters> parameters_;
  std::unique_ptr<Columns> columns_;
  bool executed_ = false;
  std::int64_t changed_ = 0;
  std::int64_t last_id_ = 0;
  std::uint64_t last_use_ = 0;
};

class MysqlConnection final : public sql::TransactionalConnection {
 public:
  MysqlConnection(Endpoint& endpoint, ConnectionKind kind);
  /// To the endpoint's database, on a session that may be for no database in particular.
  MysqlConnection(Endpoint& endpoint, std::shared_ptr<Session> session);
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;
  ~MysqlConnection() override;

  Result<sql::Statement*> prepare(sql::Sql name, std::size_t rows) override;
  Status savepoint() override;
  Status release() override;
  Status undo() override;
  Result<std::int64_t> fence(std::uint32_t slot, std::int64_t epoch, std::int64_t users) override;
  Result<std::int64_t> add_to_counter(std::string_view name, std::int64_t amount) override;
  Status lock(std::string_view name) override;
  Result<Time> now() override;

  Status begin() override;
  Status begin_reading(ports::View view) override;
  Result<bool> has_reached(const ports::SlotPosition& position) override;
  Status commit() override;
  void rollback() override;
  [[nodiscard]] bool in_transaction() const override { return state_ == State::in_transaction; }
  [[nodiscard]] bool may_run_again() const override { return may_run_again_; }
  std::optional<sql::Trouble> take_trouble() override;
  /// Closes it.
  void rest() override;

  /// Notes what the error means for the transaction and the connection.
  Error note_error(unsigned int number, const char* text);
  /// The server's number for this connection; 0 when there is none.
  [[nodiscard]] unsigned long id() const { return handle() ? mysql_thread_id(handle()) : 0; }
  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] sql::SlowLog* slow_log() const { return endpoint_.slow_log(); }

 private:
  enum class State : std::uint8_t { idle, in_transaction, given_up };
  enum class Own : std::uint8_t { fence, counter, lock, lease, slot_seq, clock, count };

  [[nodiscard]] MYSQL* handle() const { return session_->handle(); }
  Status connect();
  Status set_autocommit(ports::View view);
  Status renew_lease();
  [[nodiscard]] bool is_reading() const { return session_->kind() != ConnectionKind::writer; }
  Status run(const std::string& statement);
  Result<MysqlStatement*> prepare_own(Own name);
  Result<MysqlStatement*> prepare_in(std::unique_ptr<MysqlStatement>& place, std::string_view name,
                                     const char* text);
  [[nodiscard]] Status check_in_transaction() const;
  void give_up();
  [[nodiscard]] bool is_trouble(Failure failure) const;

  Endpoint& endpoint_;
  const std::shared_ptr<Session> session_;
  State state_ = State::idle;
  bool may_run_again_ = false;
  int depth_ = 0;  ///< Of savepoints.
  std::vector<std::unique_ptr<MysqlStatement>> statements_;
  std::vector<std::unique_ptr<MysqlStatement>> own_;
  std::optional<sql::Trouble> trouble_;
};

/// The driver's own statements that reach rows.
std::vector<sql::NamedText> driver_statements();

}  // namespace muster::mysql
