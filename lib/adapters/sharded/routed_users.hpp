// SPDX-License-Identifier: Apache-2.0
/// @file The stores of a unit of the whole store: what concerns one user is asked where that user is, what
/// names none of all parts or, in a part's unit, of that one. Belongs to its unit's thread.
#pragma once

#include "adapters/sharded/routing.hpp"
#include "ports/role_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

namespace muster::sharded {

class RoutedUsers final : public ports::UserStore {
 public:
  explicit RoutedUsers(Routing& routing) : routing_(routing) {}

  Status create(model::User& user, const std::string& username_canonical,
                const std::optional<model::Credential>& credential) override;
  Status create_all(std::vector<ports::NewUser>& users) override;
  Result<std::vector<UserId>> existing(const std::vector<UserId>& ids) override;
  Result<std::optional<model::User>> find(UserId id) override;
  Result<std::optional<model::User>> find_by_username(const std::string& username_canonical) override;
  Result<std::optional<model::User>> find_by_email(const std::string& email) override;
  Status update(model::User& user) override;
  Result<bool> remove(UserId id) override;
  Result<std::optional<model::Credential>> credential(UserId id) override;
  Status set_credential(UserId id, const model::Credential& credential) override;
  Result<model::UserRevocation> revocation(UserId id) override;
  Status set_revocation(UserId id, const model::UserRevocation& revocation) override;
  Result<ports::UserPage> list(const ports::UserFilter& filter, std::optional<UserId> after,
                               std::size_t limit) override;
  Result<std::int64_t> count() override;

 private:
  /// Asks for the names of which it is not known yet who gets them; whether there are such.
  Result<bool> ask_for_names(const std::vector<ports::NameOfUser>& names);
  Result<std::optional<model::User>> find_by(const ports::Name& name);
  Result<ports::UserPage> list_named(const ports::Name& name, const ports::UserFilter& filter,
                                     std::optional<UserId> after);

  Routing& routing_;
};

class RoutedSessions final : public ports::SessionStore {
 public:
  explicit RoutedSessions(Routing& routing) : routing_(routing) {}

  Status create(const model::Session& session) override;
  Result<std::optional<model::Session>> find(const SessionId& id) override;
  Result<bool> rotate(const model::Session& session, const std::string& expected_hash) override;
  Result<bool> revoke(const SessionId& id, Time now) override;
  Result<std::vector<SessionId>> revoke_all(UserId user, std::optional<SessionId> except, Time now) override;
  Result<std::vector<model::Session>> list(UserId user, Time now, std::optional<SessionId> after,
                                           std::size_t limit) override;
  Result<std::vector<model::Session>> list_all(Time now, std::optional<SessionId> after,
                                               std::size_t limit) override;
  Result<std::int64_t> count_live(std::optional<UserId> user, Time now) override;
  Result<std::size_t> purge(Time before, std::size_t limit) override;

 private:
  Routing& routing_;
};

class RoutedGrants final : public ports::GrantStore {
 public:
  explicit RoutedGrants(Routing& routing) : routing_(routing) {}

  Result<std::vector<model::Grant>> list(UserId user) override;
  Status put(UserId user, const model::Grant& grant) override;
  Result<bool> remove(UserId user, const std::string& role) override;
  Result<std::vector<ports::Member>> members(const std::string& role, std::optional<UserId> after,
                                             std::size_t limit) override;
  Result<std::int64_t> count_members(const std::string& role) override;
  Result<std::vector<UserId>> holders_of_both(const std::vector<std::string>& some,
                                              const std::vector<std::string>& others, Time now,
                                              std::size_t limit) override;
  Result<std::vector<UserId>> purge(Time before, std::size_t limit) override;

 private:
  Routing& routing_;
};

}  // namespace muster::sharded
