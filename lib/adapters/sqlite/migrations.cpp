// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/migrations.hpp"

#include "base/log.hpp"
#include "model/slot.hpp"

#include <array>
#include <charconv>

namespace muster::sqlite {
namespace {

struct Migration {
  const char* description;
  const char* statements;
  Status (*rest)(SqliteConnection&) = nullptr;  ///< What SQL cannot say.
  /// The number of steps that a program must know to work on a file after this one. 0, of the first ones:
  /// this one too.
  std::int64_t works_from = 0;
};

/// The number of users of each slot.
Status count_users_of_slots(SqliteConnection& connection) {
  MUSTER_TRY(const auto ids, connection.values_of("SELECT id FROM users"));
  std::array<std::int64_t, model::slot_count> users{};
  for (const std::string& text : ids)
    if (const auto id = UserId::parse(text)) ++users[model::slot_of(*id)];
  for (std::size_t slot = 0; slot < users.size(); ++slot)
    if (users[slot] != 0)
      MUSTER_CHECK_OK(connection.execute("UPDATE slot_state SET users = " + std::to_string(users[slot]) +
                                         " WHERE slot = " + std::to_string(slot)));
  return {};
}

// Never change a step that was released: add one. What a program of the version before does not expect to
// find (a table, an index, a column with a default) may come at any time, and works_from stays. What it needs
// may go only when that version is no longer supported.
constexpr std::array<Migration, 7> migrations{{
    {"users, sessions, roles, revocations, keys, audit",
     R"sql(
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, description TEXT NOT NULL);

CREATE TABLE slot_state (
  slot INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, state TEXT NOT NULL, seq INTEGER NOT NULL);
INSERT INTO slot_state (slot, epoch, state, seq)
  WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot < 4095)
  SELECT slot, 1, 'OWNED', 0 FROM slots;
CREATE TABLE change_log (
  id INTEGER PRIMARY KEY, slot INTEGER NOT NULL, seq INTEGER NOT NULL, user_id INTEGER NOT NULL, op INTEGER NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('users', 0), ('roles', 0), ('revocation_epoch', 0), ('probe', 0);

CREATE TABLE users (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL, username_canonical TEXT, email TEXT, phone TEXT, display_name TEXT,
  status INTEGER NOT NULL, attributes TEXT NOT NULL, created_at INTEGER NOT NULL, created_bucket INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE INDEX users_by_status ON users (status);
CREATE INDEX users_by_created ON users (created_bucket, id, created_at);
CREATE TABLE user_names (
  kind INTEGER NOT NULL, value TEXT NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE credentials (
  user_id INTEGER PRIMARY KEY, hash BLOB NOT NULL, changed_at INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE TABLE user_revocations (
  user_id INTEGER PRIMARY KEY, revoked_epoch INTEGER NOT NULL, revoked_before INTEGER, version INTEGER NOT NULL);

CREATE TABLE sessions (
  user_id INTEGER NOT NULL, random BLOB NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, ip TEXT NOT NULL, user_agent TEXT NOT NULL, refresh_hash BLOB NOT NULL,
  refresh_previous_hash BLOB NOT NULL, issued_at INTEGER NOT NULL, issued_epoch INTEGER NOT NULL, revoked_at INTEGER,
  dead_hour INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (user_id, random)) WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id, revoked_at, created_at, random);
CREATE INDEX sessions_by_death ON sessions (dead_hour);

CREATE TABLE roles (
  name TEXT PRIMARY KEY, description TEXT NOT NULL, built_in INTEGER NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE role_permissions (
  role TEXT NOT NULL, permission TEXT NOT NULL, PRIMARY KEY (role, permission)) WITHOUT ROWID;
CREATE TABLE role_parents (role TEXT NOT NULL, parent TEXT NOT NULL, PRIMARY KEY (role, parent)) WITHOUT ROWID;
CREATE INDEX role_parents_by_parent ON role_parents (parent);
CREATE TABLE role_exclusions (role TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (role, other)) WITHOUT ROWID;
CREATE TABLE grants (
  user_id INTEGER NOT NULL, role TEXT NOT NULL, granted_by TEXT NOT NULL, granted_at INTEGER NOT NULL,
  expires_at INTEGER, reason TEXT, version INTEGER NOT NULL, PRIMARY KEY (user_id, role)) WITHOUT ROWID;
CREATE INDEX grants_by_role ON grants (role, user_id);
CREATE INDEX grants_by_expiry ON grants (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE revocations (
  epoch INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, random BLOB, issued_before INTEGER, revoked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
CREATE TABLE global_revocation (
  id INTEGER PRIMARY KEY, revoked_epoch INTEGER NOT NULL, revoked_before INTEGER, revoked_at INTEGER NOT NULL);
CREATE TABLE signing_keys (
  id TEXT PRIMARY KEY, algorithm INTEGER NOT NULL, state INTEGER NOT NULL, created_at INTEGER NOT NULL,
  activated_at INTEGER, retired_at INTEGER, expires_at INTEGER, sealed_private BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL, source TEXT NOT NULL, operation TEXT NOT NULL,
  target TEXT NOT NULL, outcome TEXT NOT NULL, trace_id TEXT NOT NULL, before_json TEXT, after_json TEXT,
  hash BLOB NOT NULL, time_high INTEGER NOT NULL);
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_operation ON audit (operation);
CREATE INDEX audit_by_target ON audit (target);

CREATE TABLE idempotency (
  name TEXT PRIMARY KEY, request_hash BLOB NOT NULL, sealed_reply BLOB NOT NULL, expires_at INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state INTEGER NOT NULL, parameters TEXT NOT NULL, done INTEGER NOT NULL,
  total INTEGER NOT NULL, message TEXT, result TEXT, created_by TEXT NOT NULL, created_at INTEGER NOT NULL,
  started_at INTEGER, finished_at INTEGER);
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)sql"},
    {"leases of worker ids",
     R"sql(
CREATE TABLE worker_leases (
  worker INTEGER PRIMARY KEY, owner TEXT NOT NULL, fence INTEGER NOT NULL, expires_at INTEGER NOT NULL);
)sql"},
    {"slots that can be spread over several databases",
     R"sql(
ALTER TABLE slot_state ADD COLUMN users INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_names ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_names ADD COLUMN pending_until INTEGER;
UPDATE user_names SET claim = (random() & 4611686018427387903) + 1;
CREATE INDEX user_names_pending ON user_names (pending_until) WHERE pending_until IS NOT NULL;
CREATE TABLE name_guards (
  user_id INTEGER NOT NULL, claim INTEGER NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL, state INTEGER NOT NULL,
  PRIMARY KEY (user_id, claim)) WITHOUT ROWID;
CREATE INDEX name_guards_by_state ON name_guards (state, user_id, claim);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, token INTEGER NOT NULL, text BLOB NOT NULL);
CREATE TABLE taken (token INTEGER PRIMARY KEY);
CREATE TABLE shards (
  id INTEGER PRIMARY KEY, dsn TEXT NOT NULL UNIQUE, identity TEXT NOT NULL, added_at INTEGER NOT NULL);
CREATE TABLE slot_map (slot INTEGER PRIMARY KEY, shard INTEGER NOT NULL, epoch INTEGER NOT NULL);
INSERT INTO counters (name, value) VALUES ('slot_map', 0);
)sql",
     count_users_of_slots},
    {"which programs can work on which schema",
     "ALTER TABLE schema_version ADD COLUMN works_from INTEGER NOT NULL DEFAULT 0;", nullptr, 4},
    {"which daemon runs which job", "CREATE TABLE job_claims (job INTEGER PRIMARY KEY, node TEXT NOT NULL);",
     nullptr, 4},
    {"daemons",
     R"sql(
CREATE TABLE nodes (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, addresses TEXT NOT NULL, started_at INTEGER NOT NULL,
  beat_at INTEGER NOT NULL, max_staleness INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  draining INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('awaited', 0);
)sql",
     nullptr, 4},
    // Who does not look at batches takes a name for its owner's that may never be.
    {"names that are taken together",
     R"sql(
CREATE TABLE name_batches (
  claim INTEGER PRIMARY KEY, name_kind INTEGER NOT NULL, pending_until INTEGER NOT NULL, names BLOB NOT NULL);
CREATE INDEX name_batches_pending ON name_batches (pending_until);
)sql",
     nullptr, 7},
}};

Result<std::int64_t> number_of(SqliteConnection& connection, const std::string& statement) {
  MUSTER_TRY(const std::string text, connection.value_of(statement));
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Status apply(SqliteConnection& connection, std::size_t step) {
  const std::string version = std::to_string(step + 1);
  const Migration& migration = migrations[step];
  MUSTER_CHECK_OK(connection.begin());
  Status status = connection.execute(migration.statements);
  if (status && migration.rest != nullptr) status = migration.rest(connection);
  const bool says = migration.works_from != 0;
  if (status)
    status = connection.execute("INSERT INTO schema_version (version, description" +
                                std::string(says ? ", works_from" : "") + ") VALUES (" + version + ", '" +
                                migration.description + "'" +
                                (says ? ", " + std::to_string(migration.works_from) : "") +
                                "); PRAGMA application_id = " + std::to_string(application_id) +
                                "; PRAGMA user_version = " + version);
  if (status) status = connection.commit();
  if (!status) connection.rollback();
  return status;
}

}  // namespace

std::int64_t newest_schema_version() {
  return static_cast<std::int64_t>(migrations.size());
}

Result<std::int64_t> check_schema(SqliteConnection& connection) {
  MUSTER_TRY(const std::int64_t id, number_of(connection, "PRAGMA application_id"));
  MUSTER_TRY(const std::int64_t version, number_of(connection, "PRAGMA user_version"));
  MUSTER_TRY(const std::int64_t tables, number_of(connection, "SELECT COUNT(*) FROM sqlite_schema"));
  if (id == 0 && version == 0 && tables == 0) return 0;
  if (id != application_id)
    return fail(ErrorCode::conflict,
                connection.path() + ": is a SQLite database of another program; name another file");
  if (version <= newest_schema_version()) return version;
  const auto works_from =
      number_of(connection, "SELECT COALESCE(MAX(works_from), 0) FROM schema_version WHERE version = " +
                                std::to_string(version));
  if (!works_from || *works_from == 0 || *works_from > newest_schema_version())
    return fail(ErrorCode::conflict, connection.path() + ": has schema version " + std::to_string(version) +
                                         ", this program knows up to " +
                                         std::to_string(newest_schema_version()) +
                                         "; run the newer musterd that wrote it");
  return version;
}

Status migrate(SqliteConnection& connection) {
  MUSTER_TRY(const std::int64_t version, check_schema(connection));
  for (auto step = static_cast<std::size_t>(version); step < migrations.size(); ++step) {
    MUSTER_CHECK_OK(apply(connection, step));
    log::info("database {}: schema version {}", connection.path(), step + 1);
  }
  return {};
}

}  // namespace muster::sqlite
