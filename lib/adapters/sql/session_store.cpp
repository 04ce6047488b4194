// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/session_store.hpp"

#include "adapters/sql/session_id.hpp"

#include <algorithm>

namespace muster::sql {
namespace {

std::int64_t hour_of(Time time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

model::Session read_session(Query& query) {
  model::Session session;
  const UserId user{query.get_integer()};
  session.id = session_id(user, query.get_bytes());
  session.created_at = query.get_time();
  session.last_used_at = query.get_time();
  session.expires_at = query.get_time();
  session.ip = query.get_bytes();
  session.user_agent = query.get_bytes();
  session.refresh_hash = query.get_bytes();
  session.refresh_previous_hash = query.get_bytes();
  session.issued_at = query.get_time();
  session.issued_epoch = query.get_integer();
  session.revoked_at = query.get_optional_time();
  return session;
}

}  // namespace

Status SqlSessionStore::create(const model::Session& session) {
  MUSTER_TRY(const std::int64_t version, ledger_.touch(session.user_id()));
  Query insert(connection_, Sql::session_insert);
  insert.integer(session.id.user.value).blob(bytes_of(session.id)).time(session.created_at);
  insert.time(session.last_used_at).time(session.expires_at).text(session.ip).text(session.user_agent);
  insert.blob(session.refresh_hash).blob(session.refresh_previous_hash).time(session.issued_at);
  insert.integer(session.issued_epoch).time(session.revoked_at);
  insert.integer(hour_of(session.revoked_at.value_or(session.expires_at))).integer(version);
  const auto done = insert.run();
  if (!done && done.error().code == ErrorCode::already_exists)
    return fail(ErrorCode::already_exists, "there is such a session already");
  if (!done) return fail(done.error());
  return ledger_.log(session.user_id(), Change::session);
}

Result<std::optional<model::Session>> SqlSessionStore::find(const SessionId& id) {
  Query query(connection_, Sql::session_find);
  query.integer(id.user.value).blob(bytes_of(id));
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::Session>{};
  return std::optional(read_session(query));
}

Result<bool> SqlSessionStore::rotate(const model::Session& session, const std::string& expected_hash) {
  MUSTER_TRY(const std::int64_t version, ledger_.touch(session.user_id()));
  const std::int64_t hour = hour_of(session.expires_at);
  std::int64_t changed = 0;
  {
    // In most cases the hour stays, and then no index is touched.
    Query query(connection_, Sql::session_rotate);
    query.blob(session.refresh_hash)
        .time(session.last_used_at)
        .time(session.expires_at)
        .time(session.issued_at);
    query.integer(session.issued_epoch).integer(version);
    query.integer(session.id.user.value).blob(bytes_of(session.id)).blob(expected_hash).integer(hour);
    MUSTER_TRY(changed, query.run());
  }
  if (changed == 0) {
    Query query(connection_, Sql::session_rotate_hour);
    query.blob(session.refresh_hash)
        .time(session.last_used_at)
        .time(session.expires_at)
        .time(session.issued_at);
    query.integer(session.issued_epoch).integer(version).integer(hour);
    query.integer(session.id.user.value).blob(bytes_of(session.id)).blob(expected_hash);
    MUSTER_TRY(changed, query.run());
  }
  if (changed == 0) return false;
  MUSTER_CHECK_OK(ledger_.log(session.user_id(), Change::session));
  return true;
}

Result<bool> SqlSessionStore::mark_revoked(const SessionId& id, Time now) {
  MUSTER_TRY(const std::int64_t version, ledger_.touch(id.user));
  Query query(connection_, Sql::session_revoke);
  query.time(now).integer(hour_of(now)).integer(version).integer(id.user.value).blob(bytes_of(id));
  MUSTER_TRY(const std::int64_t changed, query.run());
  if (changed == 0) return false;
  MUSTER_CHECK_OK(ledger_.log(id.user, Change::session));
  return true;
}

Result<bool> SqlSessionStore::revoke(const SessionId& id, Time now) {
  MUSTER_TRY(const auto session, find(id));
  if (!session || session->revoked_at) return false;
  return mark_revoked(id, now);
}

Result<std::vector<SessionId>> SqlSessionStore::revoke_all(UserId user, std::optional<SessionId> except,
                                                           Time now) {
  std::vector<SessionId> ids;
  {
    Query query(connection_, Sql::session_live_of_user);
    query.integer(user.value).time(now);
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      const SessionId id = session_id(user, query.get_bytes());
      if (id != except) ids.push_back(id);
    }
  }
  for (const SessionId& id : ids) MUSTER_CHECK_OK(mark_revoked(id, now));
  return ids;
}

Result<std::vector<model::Session>> SqlSessionStore::read_all(Query& query) {
  std::vector<model::Session> sessions;
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return sessions;
    sessions.push_back(read_session(query));
  }
}

Result<std::vector<model::Session>> SqlSessionStore::list(UserId user, Time now,
                                                          std::optional<SessionId> after, std::size_t limit) {
  if (!after) {
    Query query(connection_, Sql::session_first);
    query.integer(user.value).time(now).integer(static_cast<std::int64_t>(limit));
    return read_all(query);
  }
  MUSTER_TRY(const auto start, find(*after));
  if (!start || start->user_id() != user) return fail(Error::invalid("cursor", "is no longer of this list"));
  Query query(connection_, Sql::session_after);
  query.integer(user.value).time(now).time(start->created_at).time(start->created_at);
  query.blob(bytes_of(*after));
  query.integer(static_cast<std::int64_t>(limit));
  return read_all(query);
}

Result<std::vector<model::Session>> SqlSessionStore::list_all(Time now, std::optional<SessionId> after,
                                                              std::size_t limit) {
  Query query(connection_, Sql::session_all);
  const std::int64_t user = after ? after->user.value : 0;
  query.integer(user).integer(user).blob(after ? bytes_of(*after) : std::string_view());
  query.time(now).integer(static_cast<std::int64_t>(limit));
  return read_all(query);
}

Result<std::int64_t> SqlSessionStore::count_live(std::optional<UserId> user, Time now) {
  std::int64_t total = 0;
  const auto add = [&total](Query& query) -> Status {
    MUSTER_CHECK_OK(query.next());
    total += query.get_integer();
    return {};
  };
  if (user) {
    Query query(connection_, Sql::session_count_user);
    MUSTER_CHECK_OK(add(query.integer(user->value).time(now)));
    return total;
  }
  Query later(connection_, Sql::session_count_sure);
  MUSTER_CHECK_OK(add(later.integer(hour_of(now))));
  Query this_hour(connection_, Sql::session_count_hour);
  MUSTER_CHECK_OK(add(this_hour.integer(hour_of(now)).time(now)));
  return total;
}

Result<std::size_t> SqlSessionStore::purge(Time before, std::size_t limit) {
  std::vector<SessionId> ids;
  {
    Query query(connection_, Sql::session_purge_find);
    query.integer(hour_of(before)).time(before).time(before).integer(static_cast<std::int64_t>(limit));
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      const UserId user{query.get_integer()};
      ids.push_back(session_id(user, query.get_bytes()));
    }
  }
  for (const SessionId& id : ids) {
    MUSTER_CHECK_OK(ledger_.touch(id.user));
    Query query(connection_, Sql::session_delete);
    MUSTER_CHECK_OK(query.integer(id.user.value).blob(bytes_of(id)).run());
    MUSTER_CHECK_OK(ledger_.log(id.user, Change::session_removed));
  }
  return ids.size();
}

}  // namespace muster::sql
