// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/endpoint.hpp"

#include <algorithm>

namespace muster::mysql {
namespace {

constexpr std::chrono::milliseconds pause_min{20};
constexpr std::chrono::milliseconds pause_max{2000};
constexpr unsigned int setup_timeout_seconds = 24 * 3600;

void set_tls(MYSQL* handle, const Dsn& dsn) {
  const auto path = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  const my_bool on = dsn.ssl_mode == SslMode::disabled ? 0 : 1;
  const my_bool verify = dsn.ssl_mode == SslMode::verify_identity ? 1 : 0;
  mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on);
  mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  if (on == 0) return;
  mysql_options(handle, MYSQL_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
  const bool check = dsn.ssl_mode != SslMode::required;
  constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";
  const char* authorities = dsn.ssl_ca.empty() ? system_authorities : dsn.ssl_ca.c_str();
  mysql_ssl_set(handle, path(dsn.ssl_key), path(dsn.ssl_cert), check ? authorities : nullptr, nullptr,
                nullptr);
}

void set_options(MYSQL* handle, const Dsn& dsn, ConnectionKind kind) {
  const auto connect = static_cast<unsigned int>(dsn.connect_timeout.count());
  const auto statement = kind == ConnectionKind::setup
                             ? setup_timeout_seconds
                             : static_cast<unsigned int>(dsn.statement_timeout.count());
  const unsigned int no_files = 0;
  const unsigned int protocol = dsn.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &statement);
  mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &statement);
  mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_options(handle, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  set_tls(handle, dsn);
}

}  // namespace

bool run_text(MYSQL* handle, const std::string& statement, std::string* value) {
  if (mysql_real_query(handle, statement.data(), statement.size()) != 0) return false;
  MYSQL_RES* const result = mysql_store_result(handle);
  if (result == nullptr) return mysql_field_count(handle) == 0;
  const MYSQL_ROW row = mysql_fetch_row(result);
  if (value != nullptr && row != nullptr && row[0] != nullptr)
    value->assign(row[0], mysql_fetch_lengths(result)[0]);
  mysql_free_result(result);
  return true;
}

ConnectFailure Endpoint::failure_of_handle(MYSQL* handle) const {
  const unsigned int number = mysql_errno(handle);
  Failure failure = failure_of(number);
  // What is lost while it is being made cannot be reached.
  if (failure == Failure::lost || failure == Failure::other) failure = Failure::unreachable;
  return {failure,
          error_of(failure, name_ + ": " + mysql_error(handle) + " (" + std::to_string(number) + ")")};
}

Handle Endpoint::connect(ConnectionKind kind, ConnectFailure& failure) {
  {
    const std::lock_guard lock(mutex_);
    if (last_failure_ && std::chrono::steady_clock::now() < next_try_) {
      failure = *last_failure_;
      return nullptr;
    }
  }
  Handle handle = open(kind, failure);
  const std::lock_guard lock(mutex_);
  if (handle) {
    last_failure_.reset();
    pause_ = std::chrono::milliseconds(0);
    return handle;
  }
  last_failure_ = failure;
  pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
  next_try_ = std::chrono::steady_clock::now() + pause_;
  return nullptr;
}

Handle Endpoint::open(ConnectionKind kind, ConnectFailure& failure) {
  Handle handle(mysql_init(nullptr));
  if (!handle) {
    failure = {Failure::unreachable, error_of(Failure::unreachable, name_ + ": out of memory")};
    return nullptr;
  }
  set_options(handle.get(), dsn_, kind);
  const std::string password(password_.reveal());
  const char* const socket = dsn_.socket.empty() ? nullptr : dsn_.socket.c_str();
  // Rows that are found count as changed, also when they were the same before.
  const bool connected =
      mysql_real_connect(handle.get(), dsn_.host.c_str(), dsn_.user.c_str(), password.c_str(),
                         dsn_.database.c_str(), dsn_.port, socket, CLIENT_FOUND_ROWS) != nullptr;
  if (!connected) {
    failure = failure_of_handle(handle.get());
    return nullptr;
  }
  if (auto problem = set_up(handle.get(), kind)) {
    failure = std::move(*problem);
    return nullptr;
  }
  return handle;
}

std::optional<ConnectFailure> Endpoint::set_up(MYSQL* handle, ConnectionKind kind) {
  // A lock must not be waited for longer than an answer.
  const std::string lock_wait = std::to_string(std::max<std::int64_t>(dsn_.statement_timeout.count() / 2, 1));
  std::vector<std::string> statements;
  statements.push_back(
      "SET collation_connection = 'utf8mb4_bin', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
      // Two indexes at once would sort what one gives in order.
      "optimizer_switch = 'index_merge=off', "
      "innodb_lock_wait_timeout = " +
      lock_wait + ", lock_wait_timeout = " + lock_wait);
  if (kind == ConnectionKind::writer)
    statements.emplace_back("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE");
  if (kind == ConnectionKind::reader)
    statements.emplace_back("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  for (const std::string& statement : statements)
    if (!run_text(handle, statement)) return failure_of_handle(handle);
  if (kind == ConnectionKind::writer && writers_ == Writers::sole)
    if (auto problem = take_writers_lock(handle)) return problem;
  if (kind == ConnectionKind::writer && !run_text(handle, "SET autocommit = 0"))
    return failure_of_handle(handle);
  return std::nullopt;
}

std::optional<ConnectFailure> Endpoint::take_writers_lock(MYSQL* handle) {
  // The server may not have noticed yet that this process's own last connection is gone.
  std::string taken;
  if (!run_text(handle, "SELECT GET_LOCK(CONCAT('muster:writer:', MD5(DATABASE())), 1)", &taken))
    return failure_of_handle(handle);
  if (taken == "1") return std::nullopt;
  Error error = error_of(Failure::unreachable, name_ + ": another musterd writes to this database");
  error.message = "the database is in use by another musterd";
  return ConnectFailure{Failure::unreachable, std::move(error)};
}

}  // namespace muster::mysql
