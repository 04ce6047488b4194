// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/role_store.hpp"

#include <algorithm>
#include <set>

namespace muster::sql {
namespace {

model::Grant read_grant(Query& query) {
  model::Grant grant;
  grant.role = query.get_bytes();
  grant.granted_by = query.get_bytes();
  grant.granted_at = query.get_time();
  grant.expires_at = query.get_optional_time();
  grant.reason = query.get_optional_bytes();
  return grant;
}

}  // namespace

Result<std::vector<model::Grant>> SqlGrantStore::list(UserId user) {
  std::vector<model::Grant> grants;
  Query query(connection_, Sql::grant_of_user);
  query.integer(user.value);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return grants;
    grants.push_back(read_grant(query));
  }
}

Status SqlGrantStore::put(UserId user, const model::Grant& grant) {
  {
    Query query(connection_, Sql::user_exists);
    query.integer(user.value);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::not_found, "no such user");
  }
  MUSTER_TRY(const std::int64_t version, ledger_.touch(user));
  Query query(connection_, Sql::grant_put);
  query.integer(user.value)
      .text(grant.role)
      .text(grant.granted_by)
      .time(grant.granted_at)
      .time(grant.expires_at);
  MUSTER_CHECK_OK(query.text(grant.reason).integer(version).run());
  return ledger_.log(user, Change::grant);
}

Result<bool> SqlGrantStore::remove(UserId user, const std::string& role) {
  {
    Query query(connection_, Sql::grant_exists);
    query.integer(user.value).text(role);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return false;
  }
  MUSTER_CHECK_OK(ledger_.touch(user));
  Query query(connection_, Sql::grant_delete);
  MUSTER_CHECK_OK(query.integer(user.value).text(role).run());
  MUSTER_CHECK_OK(ledger_.log(user, Change::grant_removed));
  return true;
}

Result<std::vector<ports::Member>> SqlGrantStore::members(const std::string& role,
                                                          std::optional<UserId> after, std::size_t limit) {
  std::vector<ports::Member> members;
  Query query(connection_, Sql::grant_members);
  query.text(role).integer(after ? after->value : 0).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return members;
    const UserId user{query.get_integer()};
    members.push_back({user, read_grant(query)});
  }
}

Result<std::int64_t> SqlGrantStore::count_members(const std::string& role) {
  Query query(connection_, Sql::grant_count);
  query.text(role);
  MUSTER_CHECK_OK(query.next());
  return query.get_integer();
}

Result<std::int64_t> SqlGrantStore::count_all(const std::vector<std::string>& roles) {
  std::int64_t total = 0;
  for (const std::string& role : roles) {
    MUSTER_TRY(const std::int64_t members, count_members(role));
    total += members;
  }
  return total;
}

Result<bool> SqlGrantStore::holds_any(UserId user, const std::vector<std::string>& roles, Time now) {
  MUSTER_TRY(const auto grants, list(user));
  return std::any_of(grants.begin(), grants.end(), [&](const model::Grant& grant) {
    return grant.in_force(now) && std::find(roles.begin(), roles.end(), grant.role) != roles.end();
  });
}

Result<std::vector<UserId>> SqlGrantStore::holders_of_both(const std::vector<std::string>& some,
                                                           const std::vector<std::string>& others, Time now,
                                                           std::size_t limit) {
  // From the side with fewer members, each is looked up on the other.
  MUSTER_TRY(const std::int64_t some_members, count_all(some));
  MUSTER_TRY(const std::int64_t other_members, count_all(others));
  const auto& fewer = some_members <= other_members ? some : others;
  const auto& rest = some_members <= other_members ? others : some;
  constexpr std::size_t members_at_a_time = 500;
  std::set<UserId> holders;
  for (const std::string& role : fewer) {
    std::optional<UserId> after;
    for (;;) {
      MUSTER_TRY(const auto page, members(role, after, members_at_a_time));
      for (const ports::Member& member : page) {
        after = member.user;
        if (!member.grant.in_force(now)) continue;
        MUSTER_TRY(const bool both, holds_any(member.user, rest, now));
        if (both) holders.insert(member.user);
        if (holders.size() == limit) return std::vector<UserId>(holders.begin(), holders.end());
      }
      if (page.size() < members_at_a_time) break;
    }
  }
  return std::vector<UserId>(holders.begin(), holders.end());
}

Result<std::vector<UserId>> SqlGrantStore::purge(Time before, std::size_t limit) {
  std::vector<std::pair<UserId, std::string>> lapsed;
  {
    Query query(connection_, Sql::grant_purge_find);
    query.time(before).integer(static_cast<std::int64_t>(limit));
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      const UserId user{query.get_integer()};
      lapsed.emplace_back(user, query.get_bytes());
    }
  }
  std::vector<UserId> users;
  for (const auto& [user, role] : lapsed) {
    MUSTER_CHECK_OK(remove(user, role));
    users.push_back(user);
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

}  // namespace muster::sql
