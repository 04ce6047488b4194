// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/routed_users.hpp"

#include "model/username.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace muster::sharded {
namespace {

using ports::Unit;

/// Whether the user has that name now: a lookup row may be of one who never got it, or gave it up.
bool has_name(const model::User& user, const ports::Name& name) {
  switch (name.kind) {
    case model::NameKind::username: {
      const auto canonical = model::canonical_username(user.username);
      return canonical && *canonical == name.value;
    }
    case model::NameKind::email:
      return user.email == name.value;
    case model::NameKind::phone:
      return user.phone == name.value;
  }
  return false;
}

bool matches(const model::User& user, const ports::UserFilter& filter) {
  return (!filter.email || user.email == filter.email) && (!filter.phone || user.phone == filter.phone) &&
         (!filter.status || user.status == *filter.status) &&
         (!filter.created_after || user.created_at > *filter.created_after) &&
         (!filter.created_before || user.created_at < *filter.created_before);
}

/// The first `limit` of several sorted lists.
template <class Item, class Less>
std::vector<Item> merge(std::vector<std::vector<Item>> lists, std::size_t limit, const Less& less) {
  std::vector<Item> all;
  for (std::vector<Item>& each : lists)
    all.insert(all.end(), std::make_move_iterator(each.begin()), std::make_move_iterator(each.end()));
  std::sort(all.begin(), all.end(), less);
  if (all.size() > limit) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
  return all;
}

/// Pages of parts as one page. Behind the end of a part's page that has more, nothing is known of that part.
ports::UserPage merge(std::vector<ports::UserPage> pages, std::size_t limit) {
  ports::UserPage out;
  std::optional<UserId> known_to;
  for (ports::UserPage& page : pages) {
    if (page.more && !page.items.empty())
      known_to = known_to ? std::min(*known_to, page.items.back().id) : page.items.back().id;
    out.items.insert(out.items.end(), std::make_move_iterator(page.items.begin()),
                     std::make_move_iterator(page.items.end()));
  }
  std::sort(out.items.begin(), out.items.end(),
            [](const model::User& a, const model::User& b) { return a.id < b.id; });
  out.more = known_to.has_value();
  if (known_to)
    out.items.erase(std::upper_bound(out.items.begin(), out.items.end(), *known_to,
                                     [](UserId id, const model::User& user) { return id < user.id; }),
                    out.items.end());
  if (out.items.size() > limit) {
    out.items.erase(out.items.begin() + static_cast<std::ptrdiff_t>(limit), out.items.end());
    out.more = true;
  }
  return out;
}

}  // namespace

Status RoutedUsers::create(model::User& user, const std::string& username_canonical,
                           const std::optional<model::Credential>& credential) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(user.id)));
  std::vector<ports::NameOfUser> names;
  ports::append_names(names, user, username_canonical);
  MUSTER_TRY(const bool runs_again, ask_for_names(names));
  // What this run would write will be written by the next.
  if (runs_again) return {};
  return routing_.local.users().create(user, username_canonical, credential);
}

Status RoutedUsers::create_all(std::vector<ports::NewUser>& users) {
  std::vector<ports::NameOfUser> names;
  for (const ports::NewUser& each : users) {
    MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(each.user.id)));
    ports::append_names(names, each.user, each.username_canonical);
  }
  MUSTER_TRY(const bool runs_again, ask_for_names(names));
  if (!runs_again) return routing_.local.users().create_all(users);
  for (ports::NewUser& each : users) each.outcome = {};
  return {};
}

Result<bool> RoutedUsers::ask_for_names(const std::vector<ports::NameOfUser>& names) {
  Attempt& attempt = *routing_.attempt;
  // A later step of the unit may miss the users and end it early. So only the first run goes without them;
  // one that still has to ask goes on as if it had the names.
  if (!attempt.answers.empty()) return false;
  std::vector<UserId> users;
  for (const ports::NameOfUser& each : names)
    if (users.empty() || users.back() != each.user) users.push_back(each.user);
  // Who is there already is refused before names are asked for.
  MUSTER_TRY(const auto there, routing_.local.users().existing(users));
  const std::set<UserId> existing(there.begin(), there.end());
  bool asked = false;
  for (const ports::NameOfUser& each : names) {
    if (existing.contains(each.user)) continue;
    attempt.wish({each.name, each.user});
    asked = true;
  }
  return asked;
}

Result<std::vector<UserId>> RoutedUsers::existing(const std::vector<UserId>& ids) {
  std::map<Database*, std::vector<UserId>> by_database;
  for (const UserId id : ids) by_database[&routing_.layout.owner_of(id)].push_back(id);
  std::vector<UserId> there;
  for (const auto& [database, here] : by_database) {
    MUSTER_TRY(const auto some, routing_.on(*database, [&, &asked = here](Unit& unit) {
      return unit.users().existing(asked);
    }));
    there.insert(there.end(), some.begin(), some.end());
  }
  return there;
}

Result<std::optional<model::User>> RoutedUsers::find(UserId id) {
  return routing_.on(id, [id](Unit& unit) { return unit.users().find(id); });
}

Result<std::optional<model::User>> RoutedUsers::find_by(const ports::Name& name) {
  MUSTER_TRY(const auto row, routing_.on(name, [&](Unit& unit) { return unit.slots().name(name); }));
  if (!row) return std::optional<model::User>{};
  MUSTER_TRY(auto user, find(row->user));
  if (!user || !has_name(*user, name)) return std::optional<model::User>{};
  return user;
}

Result<std::optional<model::User>> RoutedUsers::find_by_username(const std::string& username_canonical) {
  return find_by({model::NameKind::username, username_canonical});
}

Result<std::optional<model::User>> RoutedUsers::find_by_email(const std::string& email) {
  return find_by({model::NameKind::email, email});
}

Status RoutedUsers::update(model::User& user) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(user.id)));
  return routing_.local.users().update(user);
}

Result<bool> RoutedUsers::remove(UserId id) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(id)));
  return routing_.local.users().remove(id);
}

Result<std::optional<model::Credential>> RoutedUsers::credential(UserId id) {
  return routing_.on(id, [id](Unit& unit) { return unit.users().credential(id); });
}

Status RoutedUsers::set_credential(UserId id, const model::Credential& credential) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(id)));
  return routing_.local.users().set_credential(id, credential);
}

Result<model::UserRevocation> RoutedUsers::revocation(UserId id) {
  return routing_.on(id, [id](Unit& unit) { return unit.users().revocation(id); });
}

Status RoutedUsers::set_revocation(UserId id, const model::UserRevocation& revocation) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(id)));
  return routing_.local.users().set_revocation(id, revocation);
}

Result<ports::UserPage> RoutedUsers::list_named(const ports::Name& name, const ports::UserFilter& filter,
                                                std::optional<UserId> after) {
  ports::UserPage page;
  MUSTER_TRY(auto user, find_by(name));
  if (user && (!after || user->id > *after) && matches(*user, filter)) page.items.push_back(std::move(*user));
  return page;
}

Result<ports::UserPage> RoutedUsers::list(const ports::UserFilter& filter, std::optional<UserId> after,
                                          std::size_t limit) {
  if (filter.username) return list_named({model::NameKind::username, *filter.username}, filter, after);
  if (filter.email) return list_named({model::NameKind::email, *filter.email}, filter, after);
  if (filter.phone) return list_named({model::NameKind::phone, *filter.phone}, filter, after);
  if (routing_.is_of_part()) return routing_.local.users().list(filter, after, limit);
  MUSTER_TRY(auto pages,
             routing_.on_parts([&](Unit& unit) { return unit.users().list(filter, after, limit); }));
  return merge(std::move(pages), limit);
}

Result<std::int64_t> RoutedUsers::count() {
  MUSTER_TRY(const auto counts, routing_.on_parts([](Unit& unit) { return unit.users().count(); }));
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Status RoutedSessions::create(const model::Session& session) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(session.id.user)));
  return routing_.local.sessions().create(session);
}

Result<std::optional<model::Session>> RoutedSessions::find(const SessionId& id) {
  return routing_.on(id.user, [&](Unit& unit) { return unit.sessions().find(id); });
}

Result<bool> RoutedSessions::rotate(const model::Session& session, const std::string& expected_hash) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(session.id.user)));
  return routing_.local.sessions().rotate(session, expected_hash);
}

Result<bool> RoutedSessions::revoke(const SessionId& id, Time now) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(id.user)));
  return routing_.local.sessions().revoke(id, now);
}

Result<std::vector<SessionId>> RoutedSessions::revoke_all(UserId user, std::optional<SessionId> except,
                                                          Time now) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(user)));
  return routing_.local.sessions().revoke_all(user, except, now);
}

Result<std::vector<model::Session>> RoutedSessions::list(UserId user, Time now,
                                                         std::optional<SessionId> after, std::size_t limit) {
  return routing_.on(user, [&](Unit& unit) { return unit.sessions().list(user, now, after, limit); });
}

Result<std::vector<model::Session>> RoutedSessions::list_all(Time now, std::optional<SessionId> after,
                                                             std::size_t limit) {
  const auto query = [&](Unit& unit) { return unit.sessions().list_all(now, after, limit); };
  if (routing_.is_of_part()) return query(routing_.local);
  MUSTER_TRY(auto lists, routing_.on_parts(query));
  return merge(std::move(lists), limit,
               [](const model::Session& a, const model::Session& b) { return a.id < b.id; });
}

Result<std::int64_t> RoutedSessions::count_live(std::optional<UserId> user, Time now) {
  const auto query = [&](Unit& unit) { return unit.sessions().count_live(user, now); };
  if (user) return routing_.on(*user, query);
  if (routing_.is_of_part()) return query(routing_.local);
  MUSTER_TRY(const auto counts, routing_.on_parts(query));
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Result<std::size_t> RoutedSessions::purge(Time before, std::size_t limit) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.here));
  return routing_.local.sessions().purge(before, limit);
}

Result<std::vector<model::Grant>> RoutedGrants::list(UserId user) {
  return routing_.on(user, [user](Unit& unit) { return unit.grants().list(user); });
}

Status RoutedGrants::put(UserId user, const model::Grant& grant) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(user)));
  return routing_.local.grants().put(user, grant);
}

Result<bool> RoutedGrants::remove(UserId user, const std::string& role) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.layout.owner_of(user)));
  return routing_.local.grants().remove(user, role);
}

Result<std::vector<ports::Member>> RoutedGrants::members(const std::string& role, std::optional<UserId> after,
                                                         std::size_t limit) {
  const auto query = [&](Unit& unit) { return unit.grants().members(role, after, limit); };
  if (routing_.is_of_part()) return query(routing_.local);
  MUSTER_TRY(auto lists, routing_.on_parts(query));
  return merge(std::move(lists), limit,
               [](const ports::Member& a, const ports::Member& b) { return a.user < b.user; });
}

Result<std::int64_t> RoutedGrants::count_members(const std::string& role) {
  const auto query = [&](Unit& unit) { return unit.grants().count_members(role); };
  if (routing_.is_of_part()) return query(routing_.local);
  MUSTER_TRY(const auto counts, routing_.on_parts(query));
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

Result<std::vector<UserId>> RoutedGrants::holders_of_both(const std::vector<std::string>& some,
                                                          const std::vector<std::string>& others, Time now,
                                                          std::size_t limit) {
  const auto query = [&](Unit& unit) { return unit.grants().holders_of_both(some, others, now, limit); };
  if (routing_.is_of_part()) return query(routing_.local);
  MUSTER_TRY(auto lists, routing_.on_parts(query));
  return merge(std::move(lists), limit, std::less<>());
}

Result<std::vector<UserId>> RoutedGrants::purge(Time before, std::size_t limit) {
  MUSTER_CHECK_OK(routing_.check_writable(routing_.here));
  return routing_.local.grants().purge(before, limit);
}

}  // namespace muster::sharded
