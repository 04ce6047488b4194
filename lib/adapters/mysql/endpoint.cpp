// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/endpoint.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <vector>

namespace muster::mysql {
namespace {

constexpr std::chrono::milliseconds pause_min{20};
constexpr std::chrono::milliseconds pause_max{2000};
constexpr unsigned int setup_timeout_seconds = 24 * 3600;

// For so long one host keeps the others waiting.
constexpr std::chrono::seconds turn_max{2};

/// Whether it looks for the host that can be written to; the others follow it there.
bool finds_host(ConnectionKind kind) {
  return kind == ConnectionKind::writer || kind == ConnectionKind::setup;
}

unsigned int in_seconds(std::chrono::seconds time) {
  return static_cast<unsigned int>(time.count());
}

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
  const bool others_wait = dsn.hosts.size() > 1 || kind == ConnectionKind::replica;
  const auto connect =
      in_seconds(others_wait ? std::min(dsn.connect_timeout, turn_max) : dsn.connect_timeout);
  auto statement = in_seconds(dsn.statement_timeout);
  if (kind == ConnectionKind::setup) statement = setup_timeout_seconds;
  // What it has then not said is too old anyway.
  if (kind == ConnectionKind::replica) statement = std::min(statement, in_seconds(dsn.replica_lag_max));
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
  const unsigned int last = mysql_num_fields(result) - 1;
  if (value != nullptr && row != nullptr && row[last] != nullptr)
    value->assign(row[last], mysql_fetch_lengths(result)[last]);
  mysql_free_result(result);
  return true;
}

ConnectFailure Endpoint::failure_because(Failure failure, const std::string& reason) const {
  return {failure, error_of(failure, name_ + ": " + reason)};
}

ConnectFailure Endpoint::failure_of_handle(MYSQL* handle) const {
  const unsigned int number = mysql_errno(handle);
  Failure failure = failure_of(number);
  // What is lost while it is being made cannot be reached.
  if (failure == Failure::lost || failure == Failure::given_up || failure == Failure::other)
    failure = Failure::unreachable;
  return failure_because(failure, mysql_error(handle) + (" (" + std::to_string(number) + ")"));
}

Link Endpoint::connect(ConnectionKind kind, ConnectFailure& failure) {
  Pause& pause = pauses_[finds_host(kind) ? 0 : 1];
  {
    const std::lock_guard lock(mutex_);
    if (pause.last_failure && (pause.is_tried || std::chrono::steady_clock::now() < pause.next_try)) {
      failure = *pause.last_failure;
      return {};
    }
    // A server that does not answer is to hold up no more than one.
    pause.is_tried = pause.last_failure.has_value();
  }
  Link link = open_any(kind, failure);
  const std::lock_guard lock(mutex_);
  if (link.handle) {
    pause = Pause();
    // Readers go where the writer is.
    if (finds_host(kind)) pauses_.fill(Pause());
    return link;
  }
  ++failures_;
  pause.last_failure = failure;
  pause.is_tried = false;
  pause.length = std::clamp(pause.length * 2, pause_min, pause_max);
  pause.next_try = std::chrono::steady_clock::now() + pause.length;
  return {};
}

bool Endpoint::is_paused() {
  const std::lock_guard lock(mutex_);
  return std::any_of(pauses_.begin(), pauses_.end(), [](const Pause& each) {
    return each.last_failure && std::chrono::steady_clock::now() < each.next_try;
  });
}

Link Endpoint::open_any(ConnectionKind kind, ConnectFailure& failure) {
  const std::size_t last = host();
  if (!finds_host(kind) || !has_several_hosts()) return {open(last, kind, failure), last};
  for (std::size_t i = 0; i < dsn_.hosts.size(); ++i) {
    const std::size_t next = (last + i) % dsn_.hosts.size();
    ConnectFailure why;
    Handle handle = open(next, kind, why);
    if (handle) {
      if (next != last)
        log::warn("database {}: {} is the one to write to now", name_, dsn_.hosts[next].text());
      host_.store(next, std::memory_order_release);
      return {std::move(handle), next};
    }
    why.error.detail += ", at " + dsn_.hosts[next].text();
    // One that answers tells more than one that does not.
    const bool is_silent =
        failure.failure == Failure::unreachable || failure.failure == Failure::unknown_host;
    if (i == 0 || is_silent) failure = std::move(why);
    if (failure.failure == Failure::in_use) break;
  }
  return {};
}

Handle Endpoint::open(std::size_t host, ConnectionKind kind, ConnectFailure& failure) {
  Handle handle(mysql_init(nullptr));
  if (!handle) {
    failure = failure_because(Failure::unreachable, "out of memory");
    return nullptr;
  }
  set_options(handle.get(), dsn_, kind);
  const std::string password(password_.reveal());
  const bool local = !dsn_.socket.empty();
  // Rows that are found count as changed, also when they were the same before.
  const bool connected =
      mysql_real_connect(handle.get(), local ? nullptr : dsn_.hosts[host].name.c_str(), dsn_.user.c_str(),
                         password.c_str(), dsn_.database.empty() ? nullptr : dsn_.database.c_str(),
                         local ? 0 : dsn_.hosts[host].port, local ? dsn_.socket.c_str() : nullptr,
                         CLIENT_FOUND_ROWS) != nullptr;
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
  if (finds_host(kind))
    if (auto problem = check_host(handle)) return problem;
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
  if (kind == ConnectionKind::reader || kind == ConnectionKind::replica)
    statements.emplace_back("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  for (const std::string& statement : statements)
    if (!run_text(handle, statement)) return failure_of_handle(handle);
  if (is_cluster_ && kind != ConnectionKind::replica)
    if (auto problem = catch_up(handle)) return problem;
  if (kind == ConnectionKind::writer && lease() != nullptr)
    if (auto problem = take_lease(handle)) return problem;
  if (kind == ConnectionKind::writer && !run_text(handle, "SET autocommit = 0"))
    return failure_of_handle(handle);
  return std::nullopt;
}

std::optional<ConnectFailure> Endpoint::check_host(MYSQL* handle) {
  const auto value_of = [&](const std::string& statement, std::string& value) {
    value.clear();
    return run_text(handle, statement, &value);
  };
  std::string value;
  // Asked for like this, what a server does not have is no error.
  if (!value_of("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'", value)) return failure_of_handle(handle);
  is_cluster_.store(value == "ON", std::memory_order_release);
  // With nothing to choose from, the first change will tell.
  if (!has_several_hosts()) return std::nullopt;
  if (value == "ON") {
    if (!value_of("SHOW GLOBAL STATUS LIKE 'wsrep_ready'", value)) return failure_of_handle(handle);
    if (value != "ON") return failure_because(Failure::unreachable, "the node is not ready");
  }
  if (!value_of("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', "
                "'innodb_read_only') AND Value <> 'OFF'",
                value))
    return failure_of_handle(handle);
  if (!value.empty()) return failure_because(Failure::read_only, "the server is read-only");
  return std::nullopt;
}

/// A node may not have applied yet what another one has acknowledged.
std::optional<ConnectFailure> Endpoint::catch_up(MYSQL* handle) {
  if (!run_text(handle, "SET SESSION wsrep_sync_wait = 1")) return failure_of_handle(handle);
  if (writers_ == Writers::several) return std::nullopt;
  // From here on, all that is acknowledged is written on this node.
  if (!run_text(handle, "SELECT 1") || !run_text(handle, "SET SESSION wsrep_sync_wait = 0"))
    return failure_of_handle(handle);
  return std::nullopt;
}

std::optional<ConnectFailure> Endpoint::take_lease(MYSQL* handle) {
  switch (lease_.take(handle)) {
    case WriterLease::Taken::yes:
      return std::nullopt;
    case WriterLease::Taken::no:
      return failure_because(Failure::in_use, "another musterd has the writer's lease");
    case WriterLease::Taken::error:
      break;
  }
  return failure_of_handle(handle);
}

}  // namespace muster::mysql
