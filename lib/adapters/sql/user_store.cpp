// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/user_store.hpp"

#include "adapters/sql/several.hpp"
#include "adapters/sql/user_row.hpp"

#include <sodium.h>

namespace muster::sql {
namespace {

Error taken(const char* field) {
  return Error{ErrorCode::already_exists,
               std::string(field) + ": is already taken",
               {},
               {{field, "is already taken"}},
               {}};
}

/// Each name has a claim of its own, also where nobody asks for it as long as there is one database.
std::int64_t new_claim() {
  std::uint64_t bits = 0;
  randombytes_buf(&bits, sizeof bits);
  return static_cast<std::int64_t>(bits >> 2U) + 1;
}

/// Only a name that differs from the username as written needs a place of its own.
std::optional<std::string> canonical_column(const std::string& username, const std::string& canonical) {
  return username == canonical ? std::nullopt : std::optional(canonical);
}

void bind_user(Query& query, const model::User& user, const std::string& username_canonical) {
  query.integer(user.id.value).text(user.username);
  if (user.username == username_canonical)
    query.null();
  else
    query.text(username_canonical);
  query.text(user.email).text(user.phone).text(user.display_name);
  query.integer(static_cast<std::int64_t>(user.status)).text(user.attributes.text).time(user.created_at);
  query.integer(created_bucket(user.created_at, user.status)).time(user.updated_at).integer(user.version);
}

void bind_credential(Query& query, UserId id, const model::Credential& credential, std::int64_t version) {
  query.integer(id.value).blob(credential.hash.reveal()).time(credential.changed_at).integer(version);
}

/// Whether an error is of one user alone, and nothing but that user is in doubt.
bool concerns_user(const Error& error) {
  return error.code == ErrorCode::already_exists || error.code == ErrorCode::too_large;
}

}  // namespace

std::int64_t created_bucket(Time created_at, model::UserStatus status) {
  return std::chrono::floor<std::chrono::days>(created_at).time_since_epoch().count() * 2 +
         static_cast<std::int64_t>(status);
}

model::User read_user(Query& query) {
  model::User user;
  user.id.value = query.get_integer();
  user.username = query.get_bytes();
  user.email = query.get_optional_bytes();
  user.phone = query.get_optional_bytes();
  user.display_name = query.get_optional_bytes();
  user.status = static_cast<model::UserStatus>(query.get_integer());
  user.attributes.text = query.get_bytes();
  user.created_at = query.get_time();
  user.updated_at = query.get_time();
  user.version = query.get_integer();
  return user;
}

Status SqlUserStore::claim(NameKind kind, const std::string& value, UserId id) {
  if (claims_ != nullptr) return claims_->claim({kind, value}, id);
  Query insert(connection_, Sql::name_insert);
  insert.integer(static_cast<std::int64_t>(kind)).text(value).integer(id.value);
  const auto done = insert.integer(new_claim()).run();
  if (done) return {};
  if (done.error().code != ErrorCode::already_exists) return fail(done.error());
  switch (kind) {
    case NameKind::username:
      return fail(taken("username"));
    case NameKind::email:
      return fail(taken("email"));
    case NameKind::phone:
      return fail(taken("phone"));
  }
  return fail(taken("name"));
}

Status SqlUserStore::release(NameKind kind, const std::string& value, UserId id) {
  if (claims_ != nullptr) return claims_->release({kind, value}, id);
  Query query(connection_, Sql::name_delete);
  return run(query.integer(static_cast<std::int64_t>(kind)).text(value));
}

Status SqlUserStore::claim_all(const model::User& user, const std::string& username_canonical) {
  MUSTER_CHECK_OK(claim(NameKind::username, username_canonical, user.id));
  if (user.email) {
    if (Status status = claim(NameKind::email, *user.email, user.id); !status) {
      MUSTER_CHECK_OK(release(NameKind::username, username_canonical, user.id));
      return status;
    }
  }
  if (user.phone) {
    if (Status status = claim(NameKind::phone, *user.phone, user.id); !status) {
      MUSTER_CHECK_OK(release(NameKind::username, username_canonical, user.id));
      if (user.email) MUSTER_CHECK_OK(release(NameKind::email, *user.email, user.id));
      return status;
    }
  }
  return {};
}

Status SqlUserStore::insert_row(const model::User& user, const std::string& username_canonical) {
  Query insert(connection_, Sql::user_insert);
  bind_user(insert, user, username_canonical);
  const auto done = insert.run();
  if (!done && done.error().code == ErrorCode::already_exists) return fail(taken("id"));
  if (!done) return fail(done.error());
  return {};
}

Status SqlUserStore::create(model::User& user, const std::string& username_canonical,
                            const std::optional<model::Credential>& credential) {
  MUSTER_TRY(user.version, ledger_.touch(user.id, 1));
  // Nothing of a refused user stays, also when the caller goes on with the same unit.
  if (Status status = insert_row(user, username_canonical); !status) {
    ledger_.add_users(user.id, -1);
    return status;
  }
  if (Status status = claim_all(user, username_canonical); !status) {
    Query undo(connection_, Sql::user_delete);
    MUSTER_CHECK_OK(undo.integer(user.id.value).run());
    ledger_.add_users(user.id, -1);
    return status;
  }
  if (credential) MUSTER_CHECK_OK(write_credential(user.id, *credential, user.version));
  return ledger_.log(user.id, Change::user);
}

Status SqlUserStore::create_all(std::vector<ports::NewUser>& users) {
  // If one is refused, those near to it are tried apart from the rest.
  MUSTER_TRY(const bool are_done, create_together(users));
  if (are_done) return {};
  for (std::span<ports::NewUser> rest = users; !rest.empty();) {
    const auto together = rest.first(std::min(rest.size(), rows_max));
    rest = rest.subspan(together.size());
    MUSTER_TRY(const bool is_done, create_together(together));
    if (is_done) continue;
    for (ports::NewUser& each : together) {
      each.outcome = create(each.user, each.username_canonical, each.credential);
      if (!each.outcome && !concerns_user(each.outcome.error())) return each.outcome;
    }
  }
  return {};
}

Result<bool> SqlUserStore::create_together(std::span<ports::NewUser> users) {
  if (users.size() < 2) return false;
  const Ledger::Mark mark = ledger_.mark();
  MUSTER_CHECK_OK(connection_.savepoint());
  if (const Status status = insert_together(users); !status) {
    MUSTER_CHECK_OK(connection_.undo());
    ledger_.undo_to(mark);
    if (concerns_user(status.error())) return false;
    return fail(status.error());
  }
  MUSTER_CHECK_OK(connection_.release());
  return true;
}

Status SqlUserStore::insert_together(std::span<ports::NewUser> users) {
  std::vector<SlotUse> uses;
  for (const ports::NewUser& each : users) uses.push_back({model::slot_of(each.user.id), each.user.id});
  MUSTER_CHECK_OK(ledger_.touch_all(uses, 1));
  std::vector<const ports::NewUser*> with_credential;
  for (ports::NewUser& each : users) {
    each.user.version = ledger_.seq_of(model::slot_of(each.user.id));
    each.outcome = {};
    if (each.credential) with_credential.push_back(&each);
  }
  MUSTER_CHECK_OK(insert_several(connection_, Sql::user_insert, std::span<const ports::NewUser>(users),
                                 [](Query& query, const ports::NewUser& each) {
                                   bind_user(query, each.user, each.username_canonical);
                                 }));
  MUSTER_CHECK_OK(insert_several(
      connection_, Sql::credential_put, std::span<const ports::NewUser* const>(with_credential),
      [](Query& query, const ports::NewUser* each) {
        bind_credential(query, each->user.id, *each->credential, each->user.version);
      }));
  MUSTER_CHECK_OK(claim_together(users));
  for (const SlotUse& each : uses) MUSTER_CHECK_OK(ledger_.log(each.slot, each.user, Change::user));
  return {};
}

Status SqlUserStore::claim_together(std::span<const ports::NewUser> users) {
  std::vector<ports::NameOfUser> names;
  for (const ports::NewUser& each : users) ports::append_names(names, each.user, each.username_canonical);
  if (claims_ != nullptr) return claims_->claim_all(names);
  return insert_several(connection_, Sql::name_insert, std::span<const ports::NameOfUser>(names),
                        [](Query& query, const ports::NameOfUser& each) {
                          query.integer(static_cast<std::int64_t>(each.name.kind)).text(each.name.value);
                          query.integer(each.user.value).integer(new_claim());
                        });
}

Result<std::optional<model::User>> SqlUserStore::find(UserId id) {
  Query query(connection_, Sql::user_find);
  query.integer(id.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::User>{};
  return std::optional(read_user(query));
}

Result<std::vector<UserId>> SqlUserStore::existing(const std::vector<UserId>& ids) {
  std::vector<UserId> there;
  MUSTER_CHECK_OK(ask_for_several(
      connection_, Sql::user_ids, std::span<const UserId>(ids), [](Query&) {},
      [](Query& query, UserId id) { query.integer(id.value); },
      [&](Query& row) { there.push_back({row.get_integer()}); }));
  return there;
}

Result<std::optional<model::User>> SqlUserStore::find_by_name(NameKind kind, const std::string& value) {
  Query query(connection_, Sql::name_find);
  query.integer(static_cast<std::int64_t>(kind)).text(value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::User>{};
  return find(UserId{query.get_integer()});
}

Result<std::optional<model::User>> SqlUserStore::find_by_username(const std::string& username_canonical) {
  return find_by_name(NameKind::username, username_canonical);
}

Result<std::optional<model::User>> SqlUserStore::find_by_email(const std::string& email) {
  return find_by_name(NameKind::email, email);
}

Status SqlUserStore::move_names(const model::User& user, const std::optional<std::string>& email,
                                const std::optional<std::string>& phone) {
  const bool takes_email = user.email && user.email != email;
  const bool takes_phone = user.phone && user.phone != phone;
  if (takes_email) MUSTER_CHECK_OK(claim(NameKind::email, *user.email, user.id));
  if (takes_phone) {
    if (Status status = claim(NameKind::phone, *user.phone, user.id); !status) {
      if (takes_email) MUSTER_CHECK_OK(release(NameKind::email, *user.email, user.id));
      return status;
    }
  }
  // What was had is given up only when nothing can be refused any more.
  if (email && user.email != email) MUSTER_CHECK_OK(release(NameKind::email, *email, user.id));
  if (phone && user.phone != phone) MUSTER_CHECK_OK(release(NameKind::phone, *phone, user.id));
  return {};
}

Status SqlUserStore::update(model::User& user) {
  std::string canonical;
  std::optional<std::string> email;
  std::optional<std::string> phone;
  Time created_at;
  {
    Query query(connection_, Sql::user_names_of);
    query.integer(user.id.value);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::not_found, "no such user");
    canonical = query.get_bytes();
    email = query.get_optional_bytes();
    phone = query.get_optional_bytes();
    created_at = query.get_time();
  }
  MUSTER_TRY(user.version, ledger_.touch(user.id));
  MUSTER_CHECK_OK(move_names(user, email, phone));
  const auto column = canonical_column(user.username, canonical);
  Query query(connection_, Sql::user_update);
  query.text(user.username).text(column).text(user.email).text(user.phone).text(user.display_name);
  query.integer(static_cast<std::int64_t>(user.status)).text(user.attributes.text);
  query.integer(created_bucket(created_at, user.status)).time(user.updated_at).integer(user.version);
  MUSTER_CHECK_OK(query.integer(user.id.value).run());
  return ledger_.log(user.id, Change::user);
}

Result<bool> SqlUserStore::remove(UserId id) {
  std::string canonical;
  std::optional<std::string> email;
  std::optional<std::string> phone;
  {
    Query query(connection_, Sql::user_names_of);
    query.integer(id.value);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return false;
    canonical = query.get_bytes();
    email = query.get_optional_bytes();
    phone = query.get_optional_bytes();
  }
  MUSTER_CHECK_OK(ledger_.touch(id, -1));
  MUSTER_CHECK_OK(release(NameKind::username, canonical, id));
  if (email) MUSTER_CHECK_OK(release(NameKind::email, *email, id));
  if (phone) MUSTER_CHECK_OK(release(NameKind::phone, *phone, id));
  for (const Sql name : {Sql::credential_delete, Sql::user_revocation_delete, Sql::session_delete_user,
                         Sql::grant_delete_user, Sql::user_delete}) {
    Query query(connection_, name);
    MUSTER_CHECK_OK(query.integer(id.value).run());
  }
  MUSTER_CHECK_OK(ledger_.log(id, Change::user_removed));
  return true;
}

Status SqlUserStore::require(UserId id) {
  Query query(connection_, Sql::user_exists);
  query.integer(id.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return fail(ErrorCode::not_found, "no such user");
  return {};
}

Result<std::optional<model::Credential>> SqlUserStore::credential(UserId id) {
  Query query(connection_, Sql::credential_find);
  query.integer(id.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::Credential>{};
  Secret hash{query.get_bytes()};
  return std::optional(model::Credential{std::move(hash), query.get_time()});
}

Status SqlUserStore::write_credential(UserId id, const model::Credential& credential, std::int64_t version) {
  Query query(connection_, Sql::credential_put);
  bind_credential(query, id, credential, version);
  return run(query);
}

Status SqlUserStore::set_credential(UserId id, const model::Credential& credential) {
  MUSTER_CHECK_OK(require(id));
  MUSTER_TRY(const std::int64_t version, ledger_.touch(id));
  MUSTER_CHECK_OK(write_credential(id, credential, version));
  return ledger_.log(id, Change::credential);
}

Result<model::UserRevocation> SqlUserStore::revocation(UserId id) {
  Query query(connection_, Sql::user_revocation_find);
  query.integer(id.value);
  MUSTER_TRY(const bool found, query.next());
  model::UserRevocation out;
  if (!found) return out;
  out.revoked_epoch = query.get_integer();
  out.revoked_before = query.get_optional_time();
  return out;
}

Status SqlUserStore::set_revocation(UserId id, const model::UserRevocation& revocation) {
  MUSTER_CHECK_OK(require(id));
  MUSTER_TRY(const std::int64_t version, ledger_.touch(id));
  Query query(connection_, Sql::user_revocation_put);
  query.integer(id.value).integer(revocation.revoked_epoch).time(revocation.revoked_before).integer(version);
  MUSTER_CHECK_OK(query.run());
  return ledger_.log(id, Change::revocation);
}

Result<std::int64_t> SqlUserStore::count() {
  Query query(connection_, Sql::slot_sum_users);
  MUSTER_CHECK_OK(query.next());
  return query.get_integer() + ledger_.users_added();
}

}  // namespace muster::sql
