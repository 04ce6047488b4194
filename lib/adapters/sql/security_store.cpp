// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/security_store.hpp"

#include "adapters/sql/session_id.hpp"

#include <algorithm>

namespace muster::sql {
namespace {

constexpr const char* epoch_counter = "revocation_epoch";

model::Revocation read_revocation(Query& query) {
  model::Revocation revocation;
  revocation.epoch = query.get_integer();
  const std::int64_t user = query.get_integer();
  const auto random = query.get_optional_bytes();
  if (random) {
    revocation.target = session_id(UserId{user}, *random);
  } else if (user != 0) {
    revocation.target = UserId{user};
  }
  revocation.issued_before = query.get_optional_time();
  revocation.revoked_at = query.get_time();
  revocation.expires_at = query.get_time();
  revocation.reason = query.get_bytes();
  return revocation;
}

}  // namespace

Status SqlRevocationStore::append(model::Revocation& revocation) {
  MUSTER_TRY(revocation.epoch, connection_.add_to_counter(epoch_counter, 1));
  Query insert(connection_, Sql::revocation_insert);
  insert.integer(revocation.epoch);
  if (const auto* session = std::get_if<SessionId>(&revocation.target))
    insert.integer(session->user.value).blob(bytes_of(*session));
  else if (const auto* user = std::get_if<UserId>(&revocation.target))
    insert.integer(user->value).null();
  else
    insert.integer(0).null();
  insert.time(revocation.issued_before).time(revocation.revoked_at).time(revocation.expires_at);
  MUSTER_CHECK_OK(insert.text(revocation.reason).run());
  if (std::holds_alternative<model::RevokeAll>(revocation.target)) return merge_global(revocation);
  return {};
}

Result<std::int64_t> SqlRevocationStore::epoch() {
  Query query(connection_, Sql::counter_find);
  query.text(epoch_counter);
  MUSTER_TRY(const bool found, query.next());
  return found ? query.get_integer() : 0;
}

Result<std::vector<model::Revocation>> SqlRevocationStore::list(std::int64_t after, Time now,
                                                                std::size_t limit) {
  std::vector<model::Revocation> out;
  Query query(connection_, Sql::revocation_list);
  query.integer(after).time(now).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return out;
    out.push_back(read_revocation(query));
  }
}

Result<std::optional<SqlRevocationStore::Global>> SqlRevocationStore::find_global() {
  Query query(connection_, Sql::global_revocation_find);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<Global>{};
  Global global;
  global.revocation.revoked_epoch = query.get_integer();
  global.revocation.revoked_before = query.get_optional_time();
  global.revoked_at = query.get_time();
  return std::optional(global);
}

Status SqlRevocationStore::merge_global(const model::Revocation& revocation) {
  MUSTER_TRY(const auto old, find_global());
  std::optional<Time> before = revocation.issued_before;
  if (before && old) {
    // One pair of epoch and time must also cover what was revoked before: everything of an older epoch was
    // issued by the second in which that revocation was made. This may revoke a little more, never less.
    const Time covered = old->revocation.revoked_before.value_or(old->revoked_at + std::chrono::seconds(1));
    before = std::max(*before, covered);
  }
  Query put(connection_, Sql::global_revocation_put);
  return run(put.integer(revocation.epoch).time(before).time(revocation.revoked_at));
}

Result<model::UserRevocation> SqlRevocationStore::global() {
  MUSTER_TRY(const auto global, find_global());
  return global ? global->revocation : model::UserRevocation{};
}

Result<std::size_t> SqlRevocationStore::purge(Time before, std::size_t limit) {
  std::vector<std::int64_t> epochs;
  {
    Query query(connection_, Sql::revocation_purge_find);
    query.time(before).integer(static_cast<std::int64_t>(limit));
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      epochs.push_back(query.get_integer());
    }
  }
  for (const std::int64_t epoch : epochs) {
    Query query(connection_, Sql::revocation_delete);
    MUSTER_CHECK_OK(query.integer(epoch).run());
  }
  return epochs.size();
}

Result<std::vector<model::SealedSigningKey>> SqlKeyStore::list() {
  std::vector<model::SealedSigningKey> keys;
  Query query(connection_, Sql::key_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return keys;
    model::SealedSigningKey sealed;
    sealed.key.id = query.get_bytes();
    sealed.key.algorithm = static_cast<model::SigningAlgorithm>(query.get_integer());
    sealed.key.state = static_cast<model::KeyState>(query.get_integer());
    sealed.key.created_at = query.get_time();
    sealed.key.activated_at = query.get_optional_time();
    sealed.key.retired_at = query.get_optional_time();
    sealed.key.expires_at = query.get_optional_time();
    sealed.sealed_private = query.get_bytes();
    keys.push_back(std::move(sealed));
  }
}

Status SqlKeyStore::insert(const model::SealedSigningKey& key) {
  Query insert(connection_, Sql::key_insert);
  insert.text(key.key.id).integer(static_cast<std::int64_t>(key.key.algorithm));
  insert.integer(static_cast<std::int64_t>(key.key.state))
      .time(key.key.created_at)
      .time(key.key.activated_at);
  insert.time(key.key.retired_at).time(key.key.expires_at).blob(key.sealed_private);
  return run(insert);
}

Status SqlKeyStore::update(const model::SigningKey& key) {
  Query query(connection_, Sql::key_update);
  query.integer(static_cast<std::int64_t>(key.state)).time(key.activated_at).time(key.retired_at);
  MUSTER_TRY(const std::int64_t changed, query.time(key.expires_at).text(key.id).run());
  if (changed == 0) return fail(ErrorCode::not_found, "no such key");
  return {};
}

Result<bool> SqlKeyStore::remove(const std::string& id) {
  Query query(connection_, Sql::key_delete);
  MUSTER_TRY(const std::int64_t changed, query.text(id).run());
  return changed > 0;
}

}  // namespace muster::sql
