// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/driver.hpp"

#include "base/check.hpp"

#include <array>
#include <mutex>

#include <sqlite3.h>

namespace muster::sqlite {
namespace {

constexpr const char* fence_text =
    "UPDATE slot_state SET seq = seq + 1, users = users + ? WHERE slot = ? AND epoch = ? AND state = 'OWNED' "
    "RETURNING seq";
constexpr const char* counter_text = "UPDATE counters SET value = value + ? WHERE name = ? RETURNING value";
constexpr const char* clock_text = "SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)";
// In the order of SqliteConnection::Own; the transaction's begin depends on the kind of connection.
constexpr std::array<sql::NamedText, 9> own_texts{{{"begin", nullptr},
                                                   {"commit", "COMMIT"},
                                                   {"rollback", "ROLLBACK"},
                                                   {"savepoint", "SAVEPOINT part"},
                                                   {"release", "RELEASE part"},
                                                   {"undo", "ROLLBACK TO part"},
                                                   {"fence", fence_text},
                                                   {"counter", counter_text},
                                                   {"clock", clock_text}}};

void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    // What a savepoint may have to take back stays in memory up to this size, in one piece. SQLite's own way
    // of no limit is a list of small pieces, which it walks at the end of every nested savepoint.
    constexpr int savepoint_memory_max_bytes = 512 << 10;
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, savepoint_memory_max_bytes);
    // Each connection belongs to one thread at a time.
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

sqlite3_destructor_type destructor_for(sql::Lifetime lifetime) {
  return lifetime == sql::Lifetime::until_reset ? SQLITE_STATIC : SQLITE_TRANSIENT;
}

Error unavailable(std::string message, std::string detail) {
  return Error{ErrorCode::unavailable, std::move(message), std::move(detail), {}, std::chrono::seconds(1)};
}

}  // namespace

std::vector<sql::NamedText> driver_statements() {
  return {{"fence", fence_text}, {"counter", counter_text}};
}

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(statement_);
}

void SqliteStatement::note(int status) {
  if (status != SQLITE_OK && bind_status_ == SQLITE_OK) bind_status_ = status;
}

void SqliteStatement::bind_integer(int parameter, std::int64_t value) {
  note(sqlite3_bind_int64(statement_, parameter + 1, value));
}

void SqliteStatement::bind_text(int parameter, std::string_view value, sql::Lifetime lifetime) {
  // A null pointer would bind NULL instead of an empty text.
  note(sqlite3_bind_text64(statement_, parameter + 1, value.data() == nullptr ? "" : value.data(),
                           value.size(), destructor_for(lifetime), SQLITE_UTF8));
}

void SqliteStatement::bind_blob(int parameter, std::string_view value, sql::Lifetime lifetime) {
  note(sqlite3_bind_blob64(statement_, parameter + 1, value.data() == nullptr ? "" : value.data(),
                           value.size(), destructor_for(lifetime)));
}

void SqliteStatement::bind_null(int parameter) {
  note(sqlite3_bind_null(statement_, parameter + 1));
}

Result<bool> SqliteStatement::step() {
  if (bind_status_ != SQLITE_OK) return fail(connection_.error_of(bind_status_));
  const sql::SlowLog* const log = connection_.slow_log();
  const bool is_timed = log != nullptr && log->is_on();
  const auto began = is_timed ? sql::SlowLog::Clock::now() : sql::SlowLog::Clock::time_point();
  const int status = sqlite3_step(statement_);
  if (is_timed) taken_ += sql::SlowLog::Clock::now() - began;
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  Error error = connection_.error_of(status);
  sqlite3_reset(statement_);
  return fail(std::move(error));
}

std::int64_t SqliteStatement::changed() const {
  return sqlite3_changes64(sqlite3_db_handle(statement_));
}
bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void SqliteStatement::reset() {
  if (sql::SlowLog* const log = connection_.slow_log()) log->note(name_, sqlite3_sql(statement_), taken_);
  taken_ = {};
  sqlite3_reset(statement_);
  bind_status_ = SQLITE_OK;
  in_use = false;
}

Status SqliteStatement::run() {
  const auto row = step();
  reset();
  if (!row) return fail(row.error());
  return {};
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, ConnectionKind kind,
                                                                 std::size_t cache_kib, int busy_timeout_ms) {
  configure_library();
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, kind));
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (kind == ConnectionKind::writer) flags |= SQLITE_OPEN_CREATE;
  const int status = sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr);
  if (status != SQLITE_OK) return fail(connection->error_of(status));
  sqlite3_busy_timeout(connection->handle_, busy_timeout_ms);
  connection->statements_.resize(sql::places);
  connection->own_.resize(static_cast<std::size_t>(Own::count));
  MUSTER_CHECK_OK(
      connection->execute("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = "
                          "ON; PRAGMA cache_size = -" +
                          std::to_string(cache_kib)));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  own_.clear();
  sqlite3_close(handle_);
}

Error SqliteConnection::error_of(int status) {
  std::string detail = path_ + ": " +
                       (handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(status)) + " (SQLite " +
                       std::to_string(status) + ")";
  const auto note = [this](Error error, bool lasting) {
    if (lasting || kind_ == ConnectionKind::writer) trouble_ = sql::Trouble{error, lasting};
    return error;
  };
  switch (status & 0xff) {
    case SQLITE_CONSTRAINT:
      return Error{ErrorCode::already_exists, "already exists", std::move(detail), {}, {}};
    case SQLITE_FULL:
      return note(unavailable("the disk that holds the database is full; free some space", std::move(detail)),
                  false);
    case SQLITE_IOERR:
      return note(
          unavailable("the database file cannot be read or written (input/output error)", std::move(detail)),
          false);
    case SQLITE_READONLY:
      if (kind_ == ConnectionKind::reader)
        return Error{ErrorCode::internal, "internal error", "a read tried to change " + detail, {}, {}};
      return note(unavailable("the database file is read-only", std::move(detail)), false);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return note(unavailable("the database file cannot be opened", std::move(detail)), false);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return note(unavailable("the database file is damaged; stop the daemon and restore a backup",
                              std::move(detail)),
                  true);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable("another program has locked the database; try again", std::move(detail));
    case SQLITE_NOMEM:
      return unavailable("out of memory", std::move(detail));
    case SQLITE_INTERRUPT:
      return unavailable("interrupted", std::move(detail));
    case SQLITE_TOOBIG:
      return Error{ErrorCode::too_large, "a value is too large", std::move(detail), {}, {}};
    default:
      return Error{ErrorCode::internal, "internal error", std::move(detail), {}, {}};
  }
}

std::optional<sql::Trouble> SqliteConnection::take_trouble() {
  std::optional<sql::Trouble> taken;
  taken.swap(trouble_);
  return taken;
}

Result<std::unique_ptr<SqliteStatement>> SqliteConnection::compile(std::string_view name, const char* text) {
  sqlite3_stmt* compiled = nullptr;
  const int status = sqlite3_prepare_v3(handle_, text, -1, SQLITE_PREPARE_PERSISTENT, &compiled, nullptr);
  if (status != SQLITE_OK) return fail(error_of(status));
  return std::make_unique<SqliteStatement>(*this, name, compiled);
}

Status SqliteConnection::check_in_transaction() const {
  // SQLite rolls back by itself after some errors; what goes on then would commit each statement alone.
  if (kind_ == ConnectionKind::reader || in_transaction()) return {};
  return fail(unavailable("the write was interrupted; try again", path_ + ": the transaction is gone"));
}

Result<sql::Statement*> SqliteConnection::prepare(sql::Sql name, std::size_t rows) {
  MUSTER_CHECK_OK(check_in_transaction());
  auto& slot = statements_[sql::place_of(name, rows)];
  if (!slot) {
    MUSTER_TRY(slot, compile(sql::name_of(name), sql::text_of(name, rows)));
  }
  MUSTER_CHECK(!slot->in_use);
  slot->in_use = true;
  return slot.get();
}

Result<SqliteStatement*> SqliteConnection::prepare_own(Own name) {
  auto& slot = own_[static_cast<std::size_t>(name)];
  if (!slot) {
    const sql::NamedText& own = own_texts.at(static_cast<std::size_t>(name));
    const char* text = own.text;
    if (name == Own::begin) text = kind_ == ConnectionKind::writer ? "BEGIN IMMEDIATE" : "BEGIN";
    MUSTER_TRY(slot, compile(own.name, text));
  }
  return slot.get();
}

Status SqliteConnection::run_own(Own name) {
  MUSTER_TRY(SqliteStatement* const statement, prepare_own(name));
  return statement->run();
}

Status SqliteConnection::begin() {
  return run_own(Own::begin);
}
Status SqliteConnection::commit() {
  return run_own(Own::commit);
}

void SqliteConnection::rollback() {
  // It fails only where SQLite has rolled back by itself.
  if (in_transaction()) static_cast<void>(run_own(Own::rollback));
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
Status SqliteConnection::savepoint() {
  MUSTER_CHECK_OK(check_in_transaction());
  return run_own(Own::savepoint);
}

Status SqliteConnection::or_roll_back(Status status) {
  // What is answered as failed must not be committed with the units beside it.
  if (!status) rollback();
  return status;
}

Status SqliteConnection::release() {
  return or_roll_back(run_own(Own::release));
}

Status SqliteConnection::undo() {
  Status status = run_own(Own::undo);
  if (status) status = run_own(Own::release);
  return or_roll_back(std::move(status));
}

Result<std::int64_t> SqliteConnection::fence(std::uint32_t slot, std::int64_t epoch, std::int64_t users) {
  MUSTER_CHECK_OK(check_in_transaction());
  MUSTER_TRY(SqliteStatement* const statement, prepare_own(Own::fence));
  statement->bind_integer(0, users);
  statement->bind_integer(1, slot);
  statement->bind_integer(2, epoch);
  const auto row = statement->step();
  const std::int64_t seq = row && *row ? statement->integer(0) : 0;
  if (row && *row) {
    // RETURNING gives its row before the statement has ended.
    MUSTER_CHECK_OK(statement->run());
    return seq;
  }
  statement->reset();
  if (!row) return fail(row.error());
  return fail(sql::slot_not_owned(slot, epoch));
}

Result<std::int64_t> SqliteConnection::add_to_counter(std::string_view name, std::int64_t amount) {
  MUSTER_CHECK_OK(check_in_transaction());
  MUSTER_TRY(SqliteStatement* const statement, prepare_own(Own::counter));
  statement->bind_integer(0, amount);
  statement->bind_text(1, name, sql::Lifetime::call);
  const auto row = statement->step();
  const std::int64_t value = row && *row ? statement->integer(0) : 0;
  if (row && *row) {
    MUSTER_CHECK_OK(statement->run());
    return value;
  }
  statement->reset();
  if (!row) return fail(row.error());
  return fail(ErrorCode::internal, "internal error", path_ + ": there is no counter " + std::string(name));
}

Status SqliteConnection::execute(const std::string& statements) {
  const int status = sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return fail(error_of(status));
  return {};
}

Result<std::vector<std::string>> SqliteConnection::values_of(const std::string& statement) {
  MUSTER_TRY(const auto compiled, compile("other", statement.c_str()));
  std::vector<std::string> values;
  for (;;) {
    MUSTER_TRY(const bool row, compiled->step());
    if (!row) return values;
    values.emplace_back(compiled->bytes(0));
  }
}

Result<std::string> SqliteConnection::value_of(const std::string& statement) {
  MUSTER_TRY(auto values, values_of(statement));
  return values.empty() ? std::string() : std::move(values.front());
}

void SqliteConnection::rest() {
  sqlite3_db_release_memory(handle_);
}

Result<Time> SqliteConnection::now() {
  MUSTER_TRY(SqliteStatement* const statement, prepare_own(Own::clock));
  const auto row = statement->step();
  const std::int64_t microseconds = row && *row ? statement->integer(0) : 0;
  statement->reset();
  if (!row) return fail(row.error());
  return Time{Duration{microseconds}};
}

}  // namespace muster::sqlite
