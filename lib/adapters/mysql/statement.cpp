// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/driver.hpp"
#include "base/check.hpp"

#include <deque>

namespace muster::mysql {
namespace {

constexpr std::size_t column_size_usual_bytes = 256;
// A buffer that grew beyond this for a row is given back after it.
constexpr std::size_t column_size_kept_max_bytes = 64 * 1024;

bool is_integer(enum_field_types type) {
  return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
         type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG;
}

}  // namespace

struct MysqlStatement::Parameters {
  struct Value {
    std::int64_t integer = 0;
    std::string copy;
    unsigned long length = 0;
  };
  std::vector<Value> values;
  std::vector<MYSQL_BIND> binds;
};

struct MysqlStatement::Columns {
  struct Column {
    bool is_integer = false;
    std::int64_t integer = 0;
    std::string buffer;
    unsigned long length = 0;
    my_bool is_null = 0;
    my_bool is_short = 0;  ///< The buffer, for this row.
  };
  std::vector<Column> columns;
  std::vector<MYSQL_BIND> binds;

  void shrink() {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].buffer.size() <= column_size_kept_max_bytes) continue;
      columns[i].buffer = std::string(column_size_usual_bytes, '\0');
      bind(i);
    }
  }

  void bind(std::size_t index) {
    Column& column = columns[index];
    MYSQL_BIND& out = binds[index];
    out.buffer_type = column.is_integer ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB;
    out.buffer = column.is_integer ? static_cast<void*>(&column.integer) : column.buffer.data();
    out.buffer_length = column.is_integer ? sizeof column.integer : column.buffer.size();
    out.length = &column.length;
    out.is_null = &column.is_null;
    out.error = &column.is_short;
  }
};

MysqlStatement::MysqlStatement(MysqlConnection& connection, std::string_view name, std::string text)
    : connection_(connection), name_(name), text_(std::move(text)) {}

MysqlStatement::~MysqlStatement() {
  abandon();
}

void MysqlStatement::abandon() {
  if (statement_ != nullptr) {
    mysql_stmt_close(statement_);
    connection_.session().forget(*this);
  }
  statement_ = nullptr;
  executed_ = false;
}

Status MysqlStatement::prepare() {
  statement_ = mysql_stmt_init(connection_.session().handle());
  if (statement_ == nullptr) return fail(ErrorCode::unavailable, "out of memory");
  connection_.session().keep(*this);
  last_use_ = connection_.session().next_use();
  if (mysql_stmt_prepare(statement_, text_.data(), text_.size()) != 0) {
    const unsigned int number = mysql_stmt_errno(statement_);
    const std::string text = mysql_stmt_error(statement_);
    abandon();
    return fail(connection_.note_error(number, text.c_str()));
  }
  parameters_ = std::make_unique<Parameters>();
  parameters_->values.resize(mysql_stmt_param_count(statement_));
  parameters_->binds.resize(parameters_->values.size());
  return describe_columns();
}

Status MysqlStatement::describe_columns() {
  columns_ = std::make_unique<Columns>();
  MYSQL_RES* const described = mysql_stmt_result_metadata(statement_);
  if (described == nullptr) return {};
  const std::size_t count = mysql_num_fields(described);
  const MYSQL_FIELD* const fields = mysql_fetch_fields(described);
  columns_->columns.resize(count);
  columns_->binds.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    columns_->columns[i].is_integer = is_integer(fields[i].type);
    if (!columns_->columns[i].is_integer) columns_->columns[i].buffer.resize(column_size_usual_bytes);
    columns_->bind(i);
  }
  mysql_free_result(described);
  return {};
}

void MysqlStatement::bind_integer(int parameter, std::int64_t value) {
  const auto index = static_cast<std::size_t>(parameter);
  MUSTER_CHECK(index < parameters_->values.size());
  auto& slot = parameters_->values[index];
  slot.integer = value;
  MYSQL_BIND& bind = parameters_->binds[index];
  bind = MYSQL_BIND{};
  bind.buffer_type = MYSQL_TYPE_LONGLONG;
  bind.buffer = &slot.integer;
}

void MysqlStatement::bind_bytes(int parameter, std::string_view value, sql::Lifetime lifetime) {
  const auto index = static_cast<std::size_t>(parameter);
  MUSTER_CHECK(index < parameters_->values.size());
  auto& slot = parameters_->values[index];
  if (lifetime == sql::Lifetime::call) {
    slot.copy = value;
    value = slot.copy;
  }
  slot.length = value.size();
  MYSQL_BIND& bind = parameters_->binds[index];
  bind = MYSQL_BIND{};
  bind.buffer_type = MYSQL_TYPE_BLOB;
  // The library only reads it.
  bind.buffer = const_cast<char*>(value.data() == nullptr ? "" : value.data());
  bind.buffer_length = value.size();
  bind.length = &slot.length;
}

void MysqlStatement::bind_text(int parameter, std::string_view value, sql::Lifetime lifetime) {
  bind_bytes(parameter, value, lifetime);
}

void MysqlStatement::bind_blob(int parameter, std::string_view value, sql::Lifetime lifetime) {
  bind_bytes(parameter, value, lifetime);
}

void MysqlStatement::bind_null(int parameter) {
  const auto index = static_cast<std::size_t>(parameter);
  MUSTER_CHECK(index < parameters_->values.size());
  parameters_->binds[index] = MYSQL_BIND{};
  parameters_->binds[index].buffer_type = MYSQL_TYPE_NULL;
}

Status MysqlStatement::execute() {
  last_use_ = connection_.session().next_use();
  const sql::Timed timed(connection_.slow_log(), name_, text_);
  const bool has_rows = !columns_->columns.empty();
  const bool done =
      (parameters_->binds.empty() || mysql_stmt_bind_param(statement_, parameters_->binds.data()) == 0) &&
      mysql_stmt_execute(statement_) == 0 &&
      (!has_rows || (mysql_stmt_bind_result(statement_, columns_->binds.data()) == 0 &&
                     mysql_stmt_store_result(statement_) == 0));
  if (!done) {
    const unsigned int number = mysql_stmt_errno(statement_);
    const std::string text = mysql_stmt_error(statement_);
    return fail(connection_.note_error(number, text.c_str()));
  }
  executed_ = true;
  if (!has_rows) {
    changed_ = static_cast<std::int64_t>(mysql_stmt_affected_rows(statement_));
    last_id_ = static_cast<std::int64_t>(mysql_stmt_insert_id(statement_));
  }
  return {};
}

Result<bool> MysqlStatement::step() {
  if (statement_ == nullptr)
    return fail(ErrorCode::unavailable, "the connection to the database was lost; try again");
  if (!executed_) MUSTER_CHECK_OK(execute());
  if (columns_->columns.empty()) return false;
  const int outcome = mysql_stmt_fetch(statement_);
  if (outcome == MYSQL_NO_DATA) return false;
  if (outcome == 0 || outcome == MYSQL_DATA_TRUNCATED) {
    MUSTER_CHECK_OK(fetch_long_columns());
    return true;
  }
  const unsigned int number = mysql_stmt_errno(statement_);
  const std::string text = mysql_stmt_error(statement_);
  return fail(connection_.note_error(number, text.c_str()));
}

Status MysqlStatement::fetch_long_columns() {
  bool grown = false;
  for (std::size_t i = 0; i < columns_->columns.size(); ++i) {
    Columns::Column& column = columns_->columns[i];
    if (column.is_integer || column.is_null != 0 || column.length <= column.buffer.size()) continue;
    grown = true;
    column.buffer.resize(column.length);
    columns_->bind(i);
    if (mysql_stmt_fetch_column(statement_, &columns_->binds[i], static_cast<unsigned int>(i), 0) != 0)
      return fail(connection_.note_error(mysql_stmt_errno(statement_), "a long column cannot be fetched"));
  }
  if (grown && mysql_stmt_bind_result(statement_, columns_->binds.data()) != 0)
    return fail(connection_.note_error(mysql_stmt_errno(statement_), "a result cannot be bound again"));
  return {};
}

bool MysqlStatement::is_null(int column) const {
  return columns_->columns[static_cast<std::size_t>(column)].is_null != 0;
}

std::int64_t MysqlStatement::integer(int column) const {
  const auto& from = columns_->columns[static_cast<std::size_t>(column)];
  MUSTER_CHECK(from.is_integer);
  return from.is_null != 0 ? 0 : from.integer;
}

std::string_view MysqlStatement::bytes(int column) const {
  const auto& from = columns_->columns[static_cast<std::size_t>(column)];
  MUSTER_CHECK(!from.is_integer);
  if (from.is_null != 0) return {};
  return {from.buffer.data(), from.length};
}

void MysqlStatement::reset() {
  if (executed_ && statement_ != nullptr) mysql_stmt_free_result(statement_);
  if (columns_) columns_->shrink();
  executed_ = false;
  in_use = false;
}

Status MysqlStatement::run() {
  const auto row = step();
  reset();
  if (!row) return fail(row.error());
  return {};
}

}  // namespace muster::mysql
