// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/statements.hpp"

#include "base/check.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace muster::sql {
namespace {

#define USER_COLUMNS \
  "id, username, email, phone, display_name, status, attributes, created_at, updated_at, version"
#define SESSION_COLUMNS                                                                   \
  "user_id, random, created_at, last_used_at, expires_at, ip, user_agent, refresh_hash, " \
  "refresh_previous_hash, issued_at, issued_epoch, revoked_at"
#define GRANT_COLUMNS "role, granted_by, granted_at, expires_at, reason"
#define AUDIT_COLUMNS \
  "seq, time, actor, source, operation, target, outcome, trace_id, before_json, after_json, hash, time_high"
#define JOB_COLUMNS                                                                                 \
  "id, kind, state, parameters, done, total, message, result, created_by, created_at, started_at, " \
  "finished_at"

/// Pending by itself or with its batch.
#define NAME_ROW                                                                                    \
  "user_id, user_names.claim, COALESCE(user_names.pending_until, name_batches.pending_until) FROM " \
  "user_names "                                                                                     \
  "LEFT JOIN name_batches ON name_batches.claim = user_names.claim"
#define NODE_COLUMNS "id, name, version, addresses, started_at, beat_at, max_staleness, epoch, seq, draining"

constexpr std::array<StatementText, static_cast<std::size_t>(Sql::count)> statements{{
    {Sql::user_insert,
     "INSERT INTO users (id, username, username_canonical, email, phone, display_name, status, attributes, "
     "created_at, created_bucket, updated_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
     "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::user_find, "SELECT " USER_COLUMNS " FROM users WHERE id = ?"},
    {Sql::user_names_of,
     "SELECT COALESCE(username_canonical, username), email, phone, created_at, version FROM users "
     "WHERE id = ?"},
    {Sql::user_named_page,
     "SELECT COALESCE(username_canonical, username), email, phone, id, version FROM users WHERE id > ? "
     "ORDER BY id LIMIT ?"},
    {Sql::user_exists, "SELECT 1 FROM users WHERE id = ?"},
    {Sql::user_ids, "SELECT id FROM users WHERE id IN (?)", "?"},
    {Sql::user_update,
     "UPDATE users SET username = ?, username_canonical = ?, email = ?, phone = ?, display_name = ?, status "
     "= ?, "
     "attributes = ?, created_bucket = ?, updated_at = ?, version = ? WHERE id = ?"},
    {Sql::user_delete, "DELETE FROM users WHERE id = ?"},
    {Sql::user_page, "SELECT " USER_COLUMNS " FROM users WHERE id > ? ORDER BY id LIMIT ?"},
    {Sql::user_page_status,
     "SELECT " USER_COLUMNS " FROM users WHERE status = ? AND id > ? ORDER BY id LIMIT ?"},
    {Sql::user_bucket_next,
     "SELECT created_bucket FROM users WHERE created_bucket > ? ORDER BY created_bucket LIMIT 1"},
    {Sql::user_bucket_page,
     "SELECT id, created_at FROM users WHERE created_bucket = ? AND id > ? ORDER BY id LIMIT ?"},
    {Sql::name_insert, "INSERT INTO user_names (kind, value, user_id, claim) VALUES (?, ?, ?, ?)",
     "(?, ?, ?, ?)"},
    {Sql::name_find, "SELECT user_id FROM user_names WHERE kind = ? AND value = ?"},
    {Sql::name_delete, "DELETE FROM user_names WHERE kind = ? AND value = ?"},
    {Sql::name_row, "SELECT " NAME_ROW " WHERE kind = ? AND value = ?"},
    {Sql::name_rows, "SELECT value, " NAME_ROW " WHERE kind = ? AND value IN (?)", "?"},
    {Sql::name_put,
     "REPLACE INTO user_names (kind, value, user_id, claim, pending_until) VALUES (?, ?, ?, ?, ?)",
     "(?, ?, ?, ?, ?)"},
    {Sql::name_activate, "UPDATE user_names SET pending_until = NULL WHERE kind = ? AND value IN (?)", "?"},
    {Sql::name_pending,
     "SELECT kind, value, user_id, claim, pending_until FROM user_names WHERE pending_until < ? "
     "ORDER BY pending_until LIMIT ?"},
    {Sql::name_page, "SELECT kind, value, " NAME_ROW " WHERE kind = ? AND value > ? ORDER BY value LIMIT ?"},
    {Sql::batch_put, "INSERT INTO name_batches (claim, name_kind, pending_until, names) VALUES (?, ?, ?, ?)",
     "(?, ?, ?, ?)"},
    {Sql::batch_find, "SELECT name_kind, pending_until, names FROM name_batches WHERE claim = ?"},
    {Sql::batch_delete, "DELETE FROM name_batches WHERE claim IN (?)", "?"},
    {Sql::batch_due, "SELECT claim FROM name_batches WHERE pending_until < ? ORDER BY pending_until LIMIT ?"},
    {Sql::guard_find, "SELECT state FROM name_guards WHERE user_id = ? AND claim = ?"},
    {Sql::guard_of_users, "SELECT user_id, claim, kind, value, state FROM name_guards WHERE user_id IN (?)",
     "?"},
    {Sql::guard_put, "REPLACE INTO name_guards (user_id, claim, kind, value, state) VALUES (?, ?, ?, ?, ?)",
     "(?, ?, ?, ?, ?)"},
    {Sql::guard_delete, "DELETE FROM name_guards WHERE (user_id = ? AND claim = ?)",
     "(user_id = ? AND claim = ?)", " OR "},
    {Sql::guard_page,
     "SELECT user_id, claim, kind, value FROM name_guards WHERE state = ? AND user_id >= ? AND "
     "(user_id > ? OR claim > ?) ORDER BY user_id, claim LIMIT ?"},
    {Sql::outbox_insert, "INSERT INTO outbox (token, text) VALUES (?, ?)"},
    {Sql::outbox_page, "SELECT id, token, text FROM outbox WHERE id > 0 ORDER BY id LIMIT ?"},
    {Sql::outbox_delete, "DELETE FROM outbox WHERE id = ?"},
    {Sql::taken_find, "SELECT 1 FROM taken WHERE token = ?"},
    {Sql::taken_insert, "INSERT INTO taken (token) VALUES (?)"},
    {Sql::taken_delete, "DELETE FROM taken WHERE token = ?"},
    {Sql::taken_page, "SELECT token FROM taken WHERE token >= ? ORDER BY token LIMIT ?"},
    {Sql::slot_all, "SELECT slot, epoch, state, seq, users FROM slot_state ORDER BY slot"},
    {Sql::slot_find, "SELECT epoch, state, seq FROM slot_state WHERE slot = ?"},
    {Sql::slot_set_owner, "UPDATE slot_state SET state = ?, epoch = ? WHERE slot BETWEEN ? AND ?"},
    {Sql::slot_fence,
     "UPDATE slot_state SET seq = seq + 1, users = users + ? WHERE epoch = ? AND state = ? AND slot IN (?)",
     "?"},
    {Sql::slot_places, "SELECT slot, epoch, state, seq FROM slot_state WHERE slot IN (?)", "?"},
    {Sql::slot_add_users, "UPDATE slot_state SET users = users + ? WHERE slot IN (?)", "?"},
    {Sql::slot_sum_users, "SELECT CAST(SUM(users) AS SIGNED) FROM slot_state"},
    {Sql::slot_sum_seq, "SELECT CAST(SUM(seq) AS SIGNED) FROM slot_state"},
    {Sql::shard_all, "SELECT id, dsn, identity, added_at FROM shards ORDER BY id"},
    {Sql::shard_put, "REPLACE INTO shards (id, dsn, identity, added_at) VALUES (?, ?, ?, ?)"},
    {Sql::slot_map_all, "SELECT slot, shard, epoch FROM slot_map ORDER BY slot"},
    {Sql::slot_map_put, "REPLACE INTO slot_map (slot, shard, epoch) VALUES (?, ?, ?)"},
    {Sql::credential_find, "SELECT hash, changed_at FROM credentials WHERE user_id = ?"},
    {Sql::credential_put, "REPLACE INTO credentials (user_id, hash, changed_at, version) VALUES (?, ?, ?, ?)",
     "(?, ?, ?, ?)"},
    {Sql::credential_delete, "DELETE FROM credentials WHERE user_id = ?"},
    {Sql::user_revocation_find,
     "SELECT revoked_epoch, revoked_before FROM user_revocations WHERE user_id = ?"},
    {Sql::user_revocation_put,
     "REPLACE INTO user_revocations (user_id, revoked_epoch, revoked_before, version) VALUES (?, ?, ?, ?)"},
    {Sql::user_revocation_delete, "DELETE FROM user_revocations WHERE user_id = ?"},

    {Sql::session_insert, "INSERT INTO sessions (" SESSION_COLUMNS
                          ", dead_hour, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::session_find, "SELECT " SESSION_COLUMNS " FROM sessions WHERE user_id = ? AND random = ?"},
    {Sql::session_rotate,
     "UPDATE sessions SET refresh_previous_hash = refresh_hash, refresh_hash = ?, last_used_at = ?, "
     "expires_at = ?, "
     "issued_at = ?, issued_epoch = ?, version = ? "
     "WHERE user_id = ? AND random = ? AND refresh_hash = ? AND revoked_at IS NULL AND dead_hour = ?"},
    {Sql::session_rotate_hour,
     "UPDATE sessions SET refresh_previous_hash = refresh_hash, refresh_hash = ?, last_used_at = ?, "
     "expires_at = ?, "
     "issued_at = ?, issued_epoch = ?, version = ?, dead_hour = ? "
     "WHERE user_id = ? AND random = ? AND refresh_hash = ? AND revoked_at IS NULL"},
    {Sql::session_revoke,
     "UPDATE sessions SET revoked_at = ?, dead_hour = ?, version = ? "
     "WHERE user_id = ? AND random = ? AND revoked_at IS NULL"},
    {Sql::session_live_of_user,
     "SELECT random FROM sessions WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?"},
    {Sql::session_first,
     "SELECT " SESSION_COLUMNS " FROM sessions WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ? "
     "ORDER BY created_at DESC, random DESC LIMIT ?"},
    {Sql::session_after,
     "SELECT " SESSION_COLUMNS " FROM sessions WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ? "
     "AND created_at <= ? AND (created_at < ? OR random < ?) ORDER BY created_at DESC, random DESC LIMIT ?"},
    {Sql::session_all, "SELECT " SESSION_COLUMNS " FROM sessions WHERE user_id >= ? AND (user_id > ? OR "
                       "random > ?) AND revoked_at IS NULL AND expires_at > ? "
                       "ORDER BY user_id, random LIMIT ?"},
    {Sql::session_count_user,
     "SELECT COUNT(*) FROM sessions WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ?"},
    {Sql::session_count_sure, "SELECT COUNT(*) FROM sessions WHERE dead_hour > ?"},
    {Sql::session_count_hour,
     "SELECT COUNT(*) FROM sessions WHERE dead_hour = ? AND revoked_at IS NULL AND expires_at > ?"},
    {Sql::session_purge_find,
     "SELECT user_id, random FROM sessions WHERE dead_hour <= ? AND (expires_at < ? OR revoked_at < ?) LIMIT "
     "?"},
    {Sql::session_delete, "DELETE FROM sessions WHERE user_id = ? AND random = ?"},
    {Sql::session_delete_user, "DELETE FROM sessions WHERE user_id = ?"},

    {Sql::role_insert, "INSERT INTO roles (name, description, built_in, version) VALUES (?, ?, ?, ?)"},
    {Sql::role_find, "SELECT name, description, built_in, version FROM roles WHERE name = ?"},
    {Sql::role_update, "UPDATE roles SET description = ?, version = ? WHERE name = ?"},
    {Sql::role_set_version, "UPDATE roles SET version = ? WHERE name = ?"},
    {Sql::role_delete, "DELETE FROM roles WHERE name = ?"},
    {Sql::role_all, "SELECT name, description, built_in, version FROM roles ORDER BY name"},
    {Sql::role_permission_insert, "INSERT INTO role_permissions (role, permission) VALUES (?, ?)"},
    {Sql::role_permission_delete, "DELETE FROM role_permissions WHERE role = ?"},
    {Sql::role_permission_find, "SELECT permission FROM role_permissions WHERE role = ? ORDER BY permission"},
    {Sql::role_permission_all, "SELECT role, permission FROM role_permissions ORDER BY role, permission"},
    {Sql::role_parent_insert, "INSERT INTO role_parents (role, parent) VALUES (?, ?)"},
    {Sql::role_parent_delete, "DELETE FROM role_parents WHERE role = ?"},
    {Sql::role_parent_find, "SELECT parent FROM role_parents WHERE role = ? ORDER BY parent"},
    {Sql::role_parent_all, "SELECT role, parent FROM role_parents ORDER BY role, parent"},
    {Sql::role_child_find, "SELECT role FROM role_parents WHERE parent = ? ORDER BY role"},
    {Sql::role_child_delete, "DELETE FROM role_parents WHERE parent = ?"},
    {Sql::role_exclusion_insert, "REPLACE INTO role_exclusions (role, other) VALUES (?, ?)"},
    {Sql::role_exclusion_delete, "DELETE FROM role_exclusions WHERE role = ?"},
    {Sql::role_exclusion_delete_other, "DELETE FROM role_exclusions WHERE role = ? AND other = ?"},
    {Sql::role_exclusion_find, "SELECT other FROM role_exclusions WHERE role = ? ORDER BY other"},
    {Sql::role_exclusion_all, "SELECT role, other FROM role_exclusions ORDER BY role, other"},

    {Sql::grant_put,
     "REPLACE INTO grants (user_id, " GRANT_COLUMNS ", version) VALUES (?, ?, ?, ?, ?, ?, ?)"},
    {Sql::grant_of_user, "SELECT " GRANT_COLUMNS " FROM grants WHERE user_id = ? ORDER BY role"},
    {Sql::grant_exists, "SELECT 1 FROM grants WHERE user_id = ? AND role = ?"},
    {Sql::grant_delete, "DELETE FROM grants WHERE user_id = ? AND role = ?"},
    {Sql::grant_delete_user, "DELETE FROM grants WHERE user_id = ?"},
    {Sql::grant_members,
     "SELECT user_id, " GRANT_COLUMNS " FROM grants WHERE role = ? AND user_id > ? ORDER BY user_id LIMIT ?"},
    {Sql::grant_count, "SELECT COUNT(*) FROM grants WHERE role = ?"},
    {Sql::grant_purge_find,
     "SELECT user_id, role FROM grants WHERE expires_at < ? ORDER BY expires_at LIMIT ?"},

    {Sql::revocation_insert,
     "INSERT INTO revocations (epoch, user_id, random, issued_before, revoked_at, expires_at, reason) "
     "VALUES (?, ?, ?, ?, ?, ?, ?)"},
    {Sql::revocation_list,
     "SELECT epoch, user_id, random, issued_before, revoked_at, expires_at, reason FROM revocations "
     "WHERE epoch > ? AND expires_at > ? ORDER BY epoch LIMIT ?"},
    {Sql::revocation_purge_find,
     "SELECT epoch FROM revocations WHERE expires_at < ? ORDER BY expires_at LIMIT ?"},
    {Sql::revocation_delete, "DELETE FROM revocations WHERE epoch = ?"},
    {Sql::global_revocation_find,
     "SELECT revoked_epoch, revoked_before, revoked_at FROM global_revocation WHERE id = 1"},
    {Sql::global_revocation_put,
     "REPLACE INTO global_revocation (id, revoked_epoch, revoked_before, revoked_at) VALUES (1, ?, ?, ?)"},

    {Sql::key_all,
     "SELECT id, algorithm, state, created_at, activated_at, retired_at, expires_at, sealed_private "
     "FROM signing_keys ORDER BY created_at, id"},
    {Sql::key_insert,
     "INSERT INTO signing_keys (id, algorithm, state, created_at, activated_at, retired_at, expires_at, "
     "sealed_private) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::key_update,
     "UPDATE signing_keys SET state = ?, activated_at = ?, retired_at = ?, expires_at = ? WHERE id = ?"},
    {Sql::key_delete, "DELETE FROM signing_keys WHERE id = ?"},

    {Sql::audit_insert, "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::audit_head, "SELECT seq, hash, time_high FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)"},
    {Sql::audit_list, "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"},
    {Sql::audit_list_actor,
     "SELECT " AUDIT_COLUMNS " FROM audit WHERE actor = ? AND seq > ? ORDER BY seq LIMIT ?"},
    {Sql::audit_list_operation,
     "SELECT " AUDIT_COLUMNS " FROM audit WHERE operation = ? AND seq > ? ORDER BY seq LIMIT ?"},
    {Sql::audit_list_target,
     "SELECT " AUDIT_COLUMNS " FROM audit WHERE target = ? AND seq > ? ORDER BY seq LIMIT ?"},
    {Sql::audit_time_high, "SELECT time_high FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1"},

    {Sql::idempotency_find, "SELECT request_hash, sealed_reply, expires_at FROM idempotency WHERE name = ?"},
    {Sql::idempotency_put,
     "REPLACE INTO idempotency (name, request_hash, sealed_reply, expires_at) VALUES (?, ?, ?, ?)"},
    {Sql::idempotency_purge_find,
     "SELECT name FROM idempotency WHERE expires_at < ? ORDER BY expires_at LIMIT ?"},
    {Sql::idempotency_delete, "DELETE FROM idempotency WHERE name = ?"},

    {Sql::job_insert, "INSERT INTO jobs (" JOB_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::job_find, "SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?"},
    {Sql::job_update,
     "UPDATE jobs SET state = ?, parameters = ?, done = ?, total = ?, message = ?, result = ?, started_at = "
     "?, "
     "finished_at = ? WHERE id = ?"},
    {Sql::job_list, "SELECT " JOB_COLUMNS " FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?"},
    {Sql::job_claims, "SELECT job, node FROM job_claims ORDER BY job"},
    {Sql::job_claim_find, "SELECT node FROM job_claims WHERE job = ?"},
    {Sql::job_claim_put, "REPLACE INTO job_claims (job, node) VALUES (?, ?)"},
    {Sql::job_claim_delete, "DELETE FROM job_claims WHERE job = ?"},

    {Sql::meta_find, "SELECT value FROM meta WHERE name = ?"},
    {Sql::meta_put, "REPLACE INTO meta (name, value) VALUES (?, ?)"},
    {Sql::lease_all, "SELECT worker, owner, fence, expires_at FROM worker_leases ORDER BY worker"},
    {Sql::lease_insert, "INSERT INTO worker_leases (worker, owner, fence, expires_at) VALUES (?, ?, ?, ?)"},
    {Sql::lease_replace,
     "UPDATE worker_leases SET owner = ?, fence = ?, expires_at = ? WHERE worker = ? AND fence = ?"},

    {Sql::news_head,
     "SELECT value, (SELECT value FROM counters WHERE name = ?), (SELECT value FROM counters WHERE name = "
     "?), "
     "(SELECT COALESCE(MAX(seq), 0) FROM audit) FROM counters WHERE name = ?"},
    {Sql::news_list, "SELECT seq, operation, target FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"},
    {Sql::node_all, "SELECT " NODE_COLUMNS " FROM nodes ORDER BY id"},
    {Sql::node_put, "REPLACE INTO nodes (" NODE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {Sql::node_beat, "UPDATE nodes SET beat_at = ?, addresses = ?, epoch = ?, seq = ? WHERE id = ?"},
    {Sql::node_drain, "UPDATE nodes SET draining = ? WHERE id = ?"},
    {Sql::node_delete, "DELETE FROM nodes WHERE id = ?"},

    {Sql::counter_find, "SELECT value FROM counters WHERE name = ?"},

    {Sql::change_log_insert, "INSERT INTO change_log (slot, seq, user_id, op) VALUES (?, ?, ?, ?)",
     "(?, ?, ?, ?)"},
    {Sql::change_log_page,
     "SELECT id, slot, seq, user_id, op FROM change_log WHERE id > ? ORDER BY id LIMIT ?"},
    {Sql::change_log_newest, "SELECT MAX(id) FROM change_log"},
    {Sql::change_log_oldest, "SELECT MIN(id) FROM change_log"},
    {Sql::change_log_trim, "DELETE FROM change_log WHERE id <= ?"},
}};

#undef USER_COLUMNS
#undef SESSION_COLUMNS
#undef GRANT_COLUMNS
#undef AUDIT_COLUMNS
#undef JOB_COLUMNS

constexpr bool in_order() {
  for (std::size_t i = 0; i < statements.size(); ++i)
    if (static_cast<std::size_t>(statements[i].name) != i) return false;
  return true;
}
static_assert(in_order(), "statements must stand in the order of Sql, none missing");

std::string make_text(const StatementText& of, std::size_t rows) {
  std::string text = of.text;
  const std::string_view row = of.row;
  const std::size_t end = text.rfind(row) + row.size();
  std::string further;
  for (std::size_t i = 1; i < rows; ++i) further.append(of.between).append(row);
  return text.insert(end, further);
}

using Texts = std::map<std::pair<Sql, std::size_t>, std::string>;

Texts make_texts() {
  Texts texts;
  for (const StatementText& each : statements)
    for (const std::size_t rows : row_counts)
      if (each.row != nullptr && rows > 1) texts.emplace(std::pair(each.name, rows), make_text(each, rows));
  return texts;
}

}  // namespace

std::span<const StatementText> all_statements() {
  return statements;
}

const char* text_of(Sql name, std::size_t rows) {
  static const Texts texts = make_texts();
  if (rows == 1) return statements[static_cast<std::size_t>(name)].text;
  const auto found = texts.find({name, rows});
  MUSTER_CHECK(found != texts.end());
  return found->second.c_str();
}

}  // namespace muster::sql
