// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/driver.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>

namespace muster::mysql {
namespace {

// In the order of MysqlConnection::Own.
constexpr std::array own_texts{
    sql::NamedText{
        "fence",
        "UPDATE slot_state SET seq = LAST_INSERT_ID(seq + 1), users = users + ? WHERE slot = ? AND epoch = ? "
        "AND state = 'OWNED'"},
    sql::NamedText{"counter", "UPDATE counters SET value = LAST_INSERT_ID(value + ?) WHERE name = ?"},
    sql::NamedText{"lock", "SELECT value FROM counters WHERE name = ? FOR UPDATE"},
    sql::NamedText{"lease", WriterLease::renewal},
    sql::NamedText{"slot_seq", "SELECT seq FROM slot_state WHERE slot = ?"},
    sql::NamedText{"clock", "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"}};

/// Of an error at COMMIT: that surely nothing was kept.
bool is_surely_undone(unsigned int number) {
  constexpr unsigned int deadlock = 1213;
  constexpr unsigned int lock_wait = 1205;
  constexpr unsigned int changed_since_read = 1020;
  return number == deadlock || number == lock_wait || number == changed_since_read ||
         failure_of(number) == Failure::read_only;
}

/// A statement that reads, from that database whatever the connection's is.
std::string qualified_reading(std::string_view text, const std::string& database) {
  std::string out;
  while (!text.empty()) {
    const std::size_t word = std::min(text.find(' '), text.size() - 1) + 1;
    const std::string_view taken = text.substr(0, word);
    out += taken;
    text.remove_prefix(word);
    const bool table_follows = (taken == "FROM " || taken == "JOIN ") && !text.starts_with('(');
    if (table_follows) out += '`' + database + "`.";
  }
  return out;
}

std::string savepoint_name(int depth) {
  return "part_" + std::to_string(depth);
}

}  // namespace

std::vector<sql::NamedText> driver_statements() {
  return {own_texts.begin(), own_texts.end()};
}

MysqlConnection::MysqlConnection(Endpoint& endpoint, ConnectionKind kind)
    : MysqlConnection(endpoint, std::make_shared<Session>(endpoint, kind)) {}

MysqlConnection::MysqlConnection(Endpoint& endpoint, std::shared_ptr<Session> session)
    : endpoint_(endpoint), session_(std::move(session)) {
  statements_.resize(sql::places);
  own_.resize(static_cast<std::size_t>(Own::count));
}

MysqlConnection::~MysqlConnection() {
  if (handle() != nullptr && !is_reading() && endpoint_.lease() != nullptr)
    endpoint_.lease()->give_back(handle());
  // With the connection its statements are closed at once.
  if (session_.use_count() == 1) session_->disconnect();
}

Status MysqlConnection::connect() {
  ConnectFailure failure;
  if (session_->connect(failure)) {
    trouble_.reset();
    return {};
  }
  const bool all_are_concerned = !is_reading() || failure.failure != Failure::too_many;
  if (all_are_concerned) trouble_ = sql::Trouble{failure.error, false};
  return fail(std::move(failure.error));
}

Status MysqlConnection::begin() {
  may_run_again_ = false;
  depth_ = 0;
  state_ = State::idle;
  if (!session_->is_usable()) {
    session_->disconnect();
    MUSTER_CHECK_OK(connect());
  }
  state_ = State::in_transaction;
  session_->note_use();
  if (!is_reading() && endpoint_.lease() != nullptr) return renew_lease();
  return {};
}

Status MysqlConnection::renew_lease() {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::lease));
  statement->bind_integer(0, endpoint_.lease()->epoch());
  MUSTER_CHECK_OK(statement->run());
  if (statement->changed() == 1) return {};
  state_ = State::idle;
  session_->disconnect();
  Error error =
      error_of(Failure::in_use, endpoint_.name() + ": another musterd has taken the writer's lease");
  trouble_ = sql::Trouble{error, false};
  return fail(std::move(error));
}

Status MysqlConnection::begin_reading(ports::View view) {
  MUSTER_CHECK_OK(begin());
  return set_autocommit(view);
}

Result<bool> MysqlConnection::has_reached(const ports::SlotPosition& position) {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::slot_seq));
  statement->bind_integer(0, position.slot);
  const auto row = statement->step();
  const bool reached = row && *row && statement->integer(0) >= position.seq;
  statement->reset();
  if (!row) return fail(row.error());
  return reached;
}

Status MysqlConnection::set_autocommit(ports::View view) {
  // Kept from read to read: to change it costs as much as what it saves.
  const bool wanted = view == ports::View::looks;
  if (session_->has_autocommit() == wanted) return {};
  MUSTER_CHECK_OK(run(wanted ? "SET autocommit = 1" : "SET autocommit = 0"));
  session_->note_autocommit(wanted);
  return {};
}

Status MysqlConnection::commit() {
  MUSTER_CHECK_OK(check_in_transaction());
  const auto is_kept = [&] {
    const sql::Timed timed(slow_log(), "commit", {});
    return mysql_commit(handle()) == 0;
  };
  if (is_kept()) {
    state_ = State::idle;
    return {};
  }
  const unsigned int number = mysql_errno(handle());
  const std::string text = mysql_error(handle());
  Error error = note_error(number, text.c_str());
  if (is_surely_undone(number)) return fail(std::move(error));
  rollback();
  may_run_again_ = false;
  error.code = ErrorCode::unavailable;
  error.message =
      "the connection to the database was lost while the change was kept: it may have been kept "
      "or not; look before trying again";
  error.detail += "; the outcome of the commit is unknown";
  return fail(std::move(error));
}

void MysqlConnection::rollback() {
  if (state_ == State::in_transaction && handle() != nullptr) {
    if (session_->has_autocommit()) {
      // There is nothing to end.
    } else if (is_reading()) {
      session_->end_reading();
    } else if (mysql_rollback(handle()) != 0) {
      session_->disconnect();
    }
  }
  state_ = State::idle;
  session_->note_use();
}

void MysqlConnection::give_up() {
  if (handle() != nullptr && mysql_rollback(handle()) != 0) session_->disconnect();
  if (state_ != State::in_transaction) return;
  state_ = State::given_up;
  may_run_again_ = true;
}

Error MysqlConnection::note_error(unsigned int number, const char* text) {
  Failure failure = failure_of(number);
  // The writer's own transactions are not.
  if (failure == Failure::change_in_read && !is_reading()) failure = Failure::read_only;
  Error error = error_of(failure, endpoint_.name() + ": " + text + " (" + std::to_string(number) + ")");
  const bool elsewhere = failure == Failure::read_only && !is_reading() && endpoint_.has_several_hosts();
  const bool gone = failure == Failure::lost || failure == Failure::unreachable || elsewhere;
  if (gone) session_->disconnect();
  if (gone || failure == Failure::given_up) give_up();
  if (is_trouble(failure)) trouble_ = sql::Trouble{error, false};
  return error;
}

bool MysqlConnection::is_trouble(Failure failure) const {
  // Whatever is wrong with a replica, there is the primary to ask.
  if (session_->kind() == ConnectionKind::replica)
    return failure != Failure::change_in_read && failure != Failure::too_large;
  if (is_reading() || !concerns_store(failure)) return false;
  // Another host may do; if none does, that is seen when it is connected to.
  return !endpoint_.has_several_hosts() || (failure != Failure::unreachable && failure != Failure::read_only);
}

std::optional<sql::Trouble> MysqlConnection::take_trouble() {
  std::optional<sql::Trouble> taken;
  taken.swap(trouble_);
  return taken;
}

void MysqlConnection::rest() {
  if (state_ == State::idle && is_reading()) session_->disconnect();
}

Status MysqlConnection::check_in_transaction() const {
  if (in_transaction()) return {};
  return fail(Error{ErrorCode::unavailable,
                    "the connection to the database was interrupted; try again",
                    endpoint_.name() + ": the transaction is gone",
                    {},
                    std::chrono::seconds(1)});
}

Result<MysqlStatement*> MysqlConnection::prepare_in(std::unique_ptr<MysqlStatement>& place,
                                                    std::string_view name, const char* text) {
  MUSTER_CHECK_OK(check_in_transaction());
  if (!place) {
    const bool has_database = !session_->endpoint().dsn().database.empty();
    place = std::make_unique<MysqlStatement>(
        *this, name, has_database ? text : qualified_reading(text, endpoint_.dsn().database));
  }
  if (!place->is_prepared()) MUSTER_CHECK_OK(place->prepare());
  return place.get();
}

Result<sql::Statement*> MysqlConnection::prepare(sql::Sql name, std::size_t rows) {
  MUSTER_TRY(MysqlStatement* const statement, prepare_in(statements_[sql::place_of(name, rows)],
                                                         sql::name_of(name), sql::text_of(name, rows)));
  MUSTER_CHECK(!statement->in_use);
  statement->in_use = true;
  return statement;
}

Result<MysqlStatement*> MysqlConnection::prepare_own(Own name) {
  const auto index = static_cast<std::size_t>(name);
  const sql::NamedText& own = own_texts.at(index);
  return prepare_in(own_[index], own.name, own.text);
}

Status MysqlConnection::run(const std::string& statement) {
  MUSTER_CHECK_OK(check_in_transaction());
  if (run_text(handle(), statement)) return {};
  const unsigned int number = mysql_errno(handle());
  const std::string text = mysql_error(handle());
  return fail(note_error(number, text.c_str()));
}

Status MysqlConnection::savepoint() {
  // One of the same name would take the place of the outer one.
  MUSTER_CHECK_OK(run("SAVEPOINT " + savepoint_name(depth_ + 1)));
  ++depth_;
  return {};
}

Status MysqlConnection::release() {
  // The server forgets it with the transaction, or when the next one of that name is set.
  --depth_;
  return check_in_transaction();
}

Status MysqlConnection::undo() {
  Status status = run("ROLLBACK TO SAVEPOINT " + savepoint_name(depth_));
  --depth_;
  // What is answered as failed must not be committed with the units beside it.
  if (!status) rollback();
  return status;
}

Result<std::int64_t> MysqlConnection::fence(std::uint32_t slot, std::int64_t epoch, std::int64_t users) {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::fence));
  statement->bind_integer(0, users);
  statement->bind_integer(1, slot);
  statement->bind_integer(2, epoch);
  MUSTER_CHECK_OK(statement->run());
  if (statement->changed() == 1) return statement->last_id();
  return fail(sql::slot_not_owned(slot, epoch));
}

Result<std::int64_t> MysqlConnection::add_to_counter(std::string_view name, std::int64_t amount) {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::counter));
  statement->bind_integer(0, amount);
  statement->bind_text(1, name, sql::Lifetime::until_reset);
  MUSTER_CHECK_OK(statement->run());
  if (statement->changed() == 1) return statement->last_id();
  return fail(ErrorCode::internal, "internal error",
              endpoint_.name() + ": there is no counter " + std::string(name));
}

Status MysqlConnection::lock(std::string_view name) {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::lock));
  statement->bind_text(0, name, sql::Lifetime::until_reset);
  const auto row = statement->step();
  statement->reset();
  if (!row) return fail(row.error());
  if (*row) return {};
  return fail(ErrorCode::internal, "internal error",
              endpoint_.name() + ": there is no counter " + std::string(name));
}

Result<Time> MysqlConnection::now() {
  MUSTER_TRY(MysqlStatement* const statement, prepare_own(Own::clock));
  const auto row = statement->step();
  const std::int64_t microseconds = row && *row ? statement->integer(0) : 0;
  statement->reset();
  if (!row) return fail(row.error());
  return Time{Duration{microseconds}};
}

}  // namespace muster::mysql
