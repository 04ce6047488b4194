// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/migrations.hpp"

#include "base/log.hpp"
#include "model/slot.hpp"

#include <array>
#include <charconv>
#include <span>
#include <sstream>

namespace muster::mysql {
namespace {

// Long keys need the format that MySQL 5.7 made the default.
#define TABLE_END ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

constexpr std::array first_step{
    "CREATE TABLE IF NOT EXISTS slot_state (slot INT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL, "
    "state VARBINARY(16) NOT NULL, seq BIGINT NOT NULL" TABLE_END,
    "INSERT IGNORE INTO slot_state (slot, epoch, state, seq) "
    "SELECT a.n + 16 * b.n + 256 * c.n, 1, 'OWNED', 0 FROM "
    "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT "
    "6 "
    "UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION "
    "SELECT 13 UNION SELECT 14 UNION SELECT 15) AS a, "
    "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT "
    "6 "
    "UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION "
    "SELECT 13 UNION SELECT 14 UNION SELECT 15) AS b, "
    "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT "
    "6 "
    "UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION "
    "SELECT 13 UNION SELECT 14 UNION SELECT 15) AS c",
    "CREATE TABLE IF NOT EXISTS change_log (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, slot INT NOT "
    "NULL, "
    "seq BIGINT NOT NULL, user_id BIGINT NOT NULL, op TINYINT NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS counters (name VARBINARY(64) NOT NULL PRIMARY KEY, value BIGINT NOT "
    "NULL" TABLE_END,
    "INSERT IGNORE INTO counters (name, value) VALUES ('users', 0), ('roles', 0), ('revocation_epoch', 0), "
    "('probe', 0), ('audit', 0)",

    "CREATE TABLE IF NOT EXISTS users (id BIGINT NOT NULL PRIMARY KEY, username VARBINARY(1024) NOT NULL, "
    "username_canonical VARBINARY(1024), email VARBINARY(1024), phone VARBINARY(256), display_name BLOB, "
    "status TINYINT NOT NULL, attributes MEDIUMBLOB NOT NULL, created_at BIGINT NOT NULL, "
    "created_bucket BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL, "
    "KEY users_by_status (status), KEY users_by_created (created_bucket, id, created_at)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS user_names (kind TINYINT NOT NULL, value VARBINARY(1024) NOT NULL, "
    "user_id BIGINT NOT NULL, PRIMARY KEY (kind, value)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS credentials (user_id BIGINT NOT NULL PRIMARY KEY, hash VARBINARY(2048) NOT "
    "NULL, "
    "changed_at BIGINT NOT NULL, version BIGINT NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS user_revocations (user_id BIGINT NOT NULL PRIMARY KEY, "
    "revoked_epoch BIGINT NOT NULL, revoked_before BIGINT, version BIGINT NOT NULL" TABLE_END,

    "CREATE TABLE IF NOT EXISTS sessions (user_id BIGINT NOT NULL, random VARBINARY(32) NOT NULL, "
    "created_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, "
    "ip VARBINARY(128) NOT NULL, user_agent VARBINARY(2048) NOT NULL, refresh_hash VARBINARY(128) NOT NULL, "
    "refresh_previous_hash VARBINARY(128) NOT NULL, issued_at BIGINT NOT NULL, issued_epoch BIGINT NOT NULL, "
    "revoked_at BIGINT, dead_hour BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (user_id, random), "
    "KEY sessions_by_user (user_id, revoked_at, created_at, random), KEY sessions_by_death "
    "(dead_hour)" TABLE_END,

    "CREATE TABLE IF NOT EXISTS roles (name VARBINARY(512) NOT NULL PRIMARY KEY, description BLOB NOT NULL, "
    "built_in TINYINT NOT NULL, version BIGINT NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS role_permissions (role VARBINARY(512) NOT NULL, "
    "permission VARBINARY(1024) NOT NULL, PRIMARY KEY (role, permission)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS role_parents (role VARBINARY(512) NOT NULL, parent VARBINARY(512) NOT NULL, "
    "PRIMARY KEY (role, parent), KEY role_parents_by_parent (parent)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS role_exclusions (role VARBINARY(512) NOT NULL, other VARBINARY(512) NOT "
    "NULL, "
    "PRIMARY KEY (role, other)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS grants (user_id BIGINT NOT NULL, role VARBINARY(512) NOT NULL, "
    "granted_by VARBINARY(512) NOT NULL, granted_at BIGINT NOT NULL, expires_at BIGINT, reason BLOB, "
    "version BIGINT NOT NULL, PRIMARY KEY (user_id, role), KEY grants_by_role (role, user_id), "
    "KEY grants_by_expiry (expires_at)" TABLE_END,

    "CREATE TABLE IF NOT EXISTS revocations (epoch BIGINT NOT NULL PRIMARY KEY, user_id BIGINT NOT NULL, "
    "random VARBINARY(32), issued_before BIGINT, revoked_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, "
    "reason BLOB NOT NULL, KEY revocations_by_expiry (expires_at)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS global_revocation (id INT NOT NULL PRIMARY KEY, revoked_epoch BIGINT NOT "
    "NULL, "
    "revoked_before BIGINT, revoked_at BIGINT NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS signing_keys (id VARBINARY(256) NOT NULL PRIMARY KEY, algorithm TINYINT NOT "
    "NULL, "
    "state TINYINT NOT NULL, created_at BIGINT NOT NULL, activated_at BIGINT, retired_at BIGINT, "
    "expires_at BIGINT, sealed_private BLOB NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS audit (seq BIGINT NOT NULL PRIMARY KEY, time BIGINT NOT NULL, "
    "actor VARBINARY(768) NOT NULL, source VARBINARY(768) NOT NULL, operation VARBINARY(768) NOT NULL, "
    "target VARBINARY(2048) NOT NULL, outcome VARBINARY(256) NOT NULL, trace_id VARBINARY(256) NOT NULL, "
    "before_json LONGBLOB, after_json LONGBLOB, hash VARBINARY(64) NOT NULL, time_high BIGINT NOT NULL, "
    "KEY audit_by_actor (actor), KEY audit_by_operation (operation), KEY audit_by_target (target)" TABLE_END,

    "CREATE TABLE IF NOT EXISTS idempotency (name VARBINARY(1024) NOT NULL PRIMARY KEY, "
    "request_hash BLOB NOT NULL, sealed_reply LONGBLOB NOT NULL, expires_at BIGINT NOT NULL, "
    "KEY idempotency_by_expiry (expires_at)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS jobs (id BIGINT NOT NULL PRIMARY KEY, kind VARBINARY(256) NOT NULL, "
    "state TINYINT NOT NULL, parameters LONGBLOB NOT NULL, done BIGINT NOT NULL, total BIGINT NOT NULL, "
    "message BLOB, result LONGBLOB, created_by VARBINARY(512) NOT NULL, created_at BIGINT NOT NULL, "
    "started_at BIGINT, finished_at BIGINT" TABLE_END,
    "CREATE TABLE IF NOT EXISTS meta (name VARBINARY(512) NOT NULL PRIMARY KEY, value LONGBLOB NOT "
    "NULL" TABLE_END};

constexpr std::array worker_leases{
    "CREATE TABLE IF NOT EXISTS worker_leases (worker INT NOT NULL PRIMARY KEY, owner VARBINARY(512) NOT "
    "NULL, "
    "fence BIGINT NOT NULL, expires_at BIGINT NOT NULL" TABLE_END};
/// A statement that cannot be repeated, and a query that gives 1 when it was run. Programs go on working on
/// the table meanwhile: the server is to refuse an alteration for which it would have to lock them out.
#define ONLINE ", ALGORITHM=INPLACE, LOCK=NONE"
struct Alteration {
  const char* statement;
  const char* is_done;
};

#define COLUMN_IS_THERE(table, column)                                                                       \
  "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '" table \
  "' AND column_name = '" column "'"

constexpr std::array third_alterations{
    Alteration{"ALTER TABLE slot_state ADD COLUMN users BIGINT NOT NULL DEFAULT 0" ONLINE,
               COLUMN_IS_THERE("slot_state", "users")},
    Alteration{
        "ALTER TABLE user_names ADD COLUMN claim BIGINT NOT NULL DEFAULT 0, ADD COLUMN pending_until BIGINT, "
        "ADD KEY user_names_pending (pending_until)" ONLINE,
        COLUMN_IS_THERE("user_names", "claim")}};

constexpr std::array fourth_alterations{
    Alteration{"ALTER TABLE muster_schema ADD COLUMN works_from BIGINT NOT NULL DEFAULT 0" ONLINE,
               COLUMN_IS_THERE("muster_schema", "works_from")}};

#undef COLUMN_IS_THERE
#undef ONLINE

constexpr std::array third_step{
    "CREATE TABLE IF NOT EXISTS name_guards (user_id BIGINT NOT NULL, claim BIGINT NOT NULL, "
    "kind TINYINT NOT NULL, value VARBINARY(1024) NOT NULL, state TINYINT NOT NULL, "
    "PRIMARY KEY (user_id, claim), KEY name_guards_by_state (state, user_id, claim)" TABLE_END,
    "CREATE TABLE IF NOT EXISTS outbox (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "token BIGINT NOT NULL, text LONGBLOB NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS taken (token BIGINT NOT NULL PRIMARY KEY" TABLE_END,
    "CREATE TABLE IF NOT EXISTS shards (id INT NOT NULL PRIMARY KEY, dsn VARBINARY(1024) NOT NULL UNIQUE, "
    "identity VARBINARY(64) NOT NULL, added_at BIGINT NOT NULL" TABLE_END,
    "CREATE TABLE IF NOT EXISTS slot_map (slot INT NOT NULL PRIMARY KEY, shard INT NOT NULL, "
    "epoch BIGINT NOT NULL" TABLE_END,
    "INSERT IGNORE INTO counters (name, value) VALUES ('slot_map', 0)"};

constexpr std::array job_claims{
    "CREATE TABLE IF NOT EXISTS job_claims (job BIGINT NOT NULL PRIMARY KEY, node VARBINARY(64) NOT "
    "NULL" TABLE_END};
constexpr std::array nodes{
    "CREATE TABLE IF NOT EXISTS nodes (id VARBINARY(64) NOT NULL PRIMARY KEY, name VARBINARY(512) NOT NULL, "
    "version VARBINARY(256) NOT NULL, addresses BLOB NOT NULL, started_at BIGINT NOT NULL, "
    "beat_at BIGINT NOT NULL, max_staleness BIGINT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, "
    "draining TINYINT NOT NULL" TABLE_END,
    "INSERT IGNORE INTO counters (name, value) VALUES ('awaited', 0)"};

constexpr std::array name_batches{
    "CREATE TABLE IF NOT EXISTS name_batches (claim BIGINT NOT NULL PRIMARY KEY, name_kind TINYINT NOT NULL, "
    "pending_until BIGINT NOT NULL, names LONGBLOB NOT NULL, KEY name_batches_pending "
    "(pending_until)" TABLE_END};

#undef TABLE_END

/// What is run in its order; every part can be repeated, because MySQL commits after each of them.
struct Migration {
  const char* description;
  std::span<const char* const> statements;
  std::span<const Alteration> alterations;
  bool prepares_slots;  ///< Of the rows that are there.
  /// The number of steps that a program must know to work on a database after this one. 0, of the first ones:
  /// this one too.
  std::int64_t works_from = 0;
};

// Never change a step that was released: add one. What a program of the version before does not expect to
// find (a table, an index, a column with a default) may come at any time, and works_from stays. What it needs
// may go only when that version is no longer supported.
constexpr std::array<Migration, 7> migrations{
    {{"users, sessions, roles, revocations, keys, audit", first_step, {}, false},
     {"leases of worker ids", worker_leases, {}, false},
     {"slots that can be spread over several databases", third_step, third_alterations, true},
     {"which programs can work on which schema", {}, fourth_alterations, false, 4},
     {"which daemon runs which job", job_claims, {}, false, 4},
     {"daemons", nodes, {}, false, 4},
     // Who does not look at batches takes a name for its owner's that may never be.
     {"names that are taken together", name_batches, {}, false, 7}}};

class Migrator {
 public:
  explicit Migrator(Endpoint& endpoint) : endpoint_(endpoint) {}

  Status run() {
    ConnectFailure failure;
    handle_ = endpoint_.connect(ConnectionKind::setup, failure).handle;
    if (!handle_) return fail(std::move(failure.error));
    MUSTER_CHECK_OK(check_server());
    MUSTER_CHECK_OK(wait_for_turn());
    MUSTER_TRY(const std::int64_t version, find_version());
    for (auto step = static_cast<std::size_t>(version); step < migrations.size(); ++step)
      MUSTER_CHECK_OK(apply(step));
    return {};
  }

 private:
  Status execute(const std::string& statement, std::string* value = nullptr) {
    if (run_text(handle_.get(), statement, value)) return {};
    const unsigned int number = mysql_errno(handle_.get());
    return fail(error_of(failure_of(number),
                         mysql_error(handle_.get()) + (" (" + std::to_string(number) + "): ") + statement));
  }

  Result<std::int64_t> number_of(const std::string& statement) {
    std::string text;
    MUSTER_CHECK_OK(execute(statement, &text));
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  Status check_server() {
    constexpr unsigned long oldest = 50'707;
    const char* const version = mysql_get_server_info(handle_.get());
    if (mysql_get_server_version(handle_.get()) < oldest)
      return fail(ErrorCode::conflict, std::string("the server is ") + version +
                                           "; Muster needs MySQL 5.7.7, MariaDB 10.2 or a newer one");
    log::info("database {}: server {}", endpoint_.name(), version);
    MUSTER_TRY(const std::int64_t flushed, number_of("SELECT @@innodb_flush_log_at_trx_commit"));
    if (flushed != 1)
      log::warn(
          "database {}: innodb_flush_log_at_trx_commit is {}: what was acknowledged may be lost when the "
          "server's machine fails; set it to 1",
          endpoint_.name(), flushed);
    return {};
  }

  /// The lock goes with the connection.
  Status wait_for_turn() {
    constexpr int seconds_max = 120;
    for (int i = 0; i < seconds_max; ++i) {
      MUSTER_TRY(const std::int64_t taken,
                 number_of("SELECT GET_LOCK(CONCAT('muster:schema:', MD5(DATABASE())), 1)"));
      if (taken == 1) return {};
    }
    return fail(ErrorCode::unavailable, "another musterd is bringing the schema up to date");
  }

  Result<std::int64_t> find_version() {
    const std::string tables =
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
    MUSTER_TRY(const std::int64_t ours, number_of(tables + " AND table_name = 'muster_schema'"));
    if (ours == 0) {
      MUSTER_TRY(const std::int64_t others, number_of(tables));
      if (others != 0) return fail(ErrorCode::conflict, "is a database of another program; name another one");
      MUSTER_CHECK_OK(
          execute("CREATE TABLE muster_schema (version BIGINT NOT NULL PRIMARY KEY, "
                  "description VARCHAR(255) NOT NULL) ENGINE=InnoDB"));
    }
    MUSTER_TRY(const std::int64_t version, number_of("SELECT COALESCE(MAX(version), 0) FROM muster_schema"));
    if (version <= newest_schema_version()) return version;
    MUSTER_TRY(const std::int64_t works_from,
               number_of("SELECT works_from FROM muster_schema WHERE version = " + std::to_string(version)));
    if (works_from == 0 || works_from > newest_schema_version())
      return fail(ErrorCode::conflict,
                  "has schema version " + std::to_string(version) + ", this program knows up to " +
                      std::to_string(newest_schema_version()) + "; run the newer musterd that wrote it");
    log::info("database {}: schema version {}, which this program, made for {}, can work on",
              endpoint_.name(), version, newest_schema_version());
    return version;
  }

  Status apply(std::size_t step) {
    const Migration& migration = migrations[step];
    for (const char* statement : migration.statements) MUSTER_CHECK_OK(execute(statement));
    for (const Alteration& alteration : migration.alterations) {
      MUSTER_TRY(const std::int64_t done, number_of(alteration.is_done));
      if (done == 0) MUSTER_CHECK_OK(execute(alteration.statement));
    }
    if (migration.prepares_slots) {
      MUSTER_CHECK_OK(count_users_of_slots());
      MUSTER_CHECK_OK(execute("UPDATE user_names SET claim = FLOOR(RAND() * 4e18) + 1 WHERE claim = 0"));
    }
    const std::string version = std::to_string(step + 1);
    const bool says = migration.works_from != 0;
    MUSTER_CHECK_OK(execute("INSERT INTO muster_schema (version, description" +
                            std::string(says ? ", works_from" : "") + ") VALUES (" + version + ", '" +
                            migration.description + "'" +
                            (says ? ", " + std::to_string(migration.works_from) : "") + ")"));
    log::info("database {}: schema version {}", endpoint_.name(), version);
    return {};
  }

  Status count_users_of_slots() {
    std::array<std::int64_t, model::slot_count> users{};
    for (std::string last = "0";;) {
      // No server cuts off what GROUP_CONCAT gives for so few.
      std::string ids;
      MUSTER_CHECK_OK(execute("SELECT GROUP_CONCAT(id ORDER BY id) FROM (SELECT id FROM users WHERE id > " +
                                  last + " ORDER BY id LIMIT 40) AS page",
                              &ids));
      if (ids.empty()) break;
      std::istringstream each(ids);
      while (std::getline(each, last, ','))
        if (const auto id = UserId::parse(last)) ++users[model::slot_of(*id)];
    }
    for (std::size_t slot = 0; slot < users.size(); ++slot)
      if (users[slot] != 0)
        MUSTER_CHECK_OK(execute("UPDATE slot_state SET users = " + std::to_string(users[slot]) +
                                " WHERE slot = " + std::to_string(slot)));
    return {};
  }

  Endpoint& endpoint_;
  Handle handle_;
};

}  // namespace

std::int64_t newest_schema_version() {
  return static_cast<std::int64_t>(migrations.size());
}

Status migrate(Endpoint& endpoint) {
  Status status = Migrator(endpoint).run();
  if (!status) {
    Error error = status.error();
    error.message = endpoint.name() + ": " + error.message;
    return fail(std::move(error));
  }
  return {};
}

}  // namespace muster::mysql
