// SPDX-License-Identifier: Apache-2.0
/// @file Roles in SQL, and in the users' slots who holds them. Any change to a role gives a new version of
/// all of them; the roles it shows on get that version. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/ledger.hpp"
#include "adapters/sql/query.hpp"
#include "ports/role_store.hpp"

namespace muster::sql {

class SqlGrantStore final : public ports::GrantStore {
 public:
  SqlGrantStore(Connection& connection, Ledger& ledger) : connection_(connection), ledger_(ledger) {}

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
  Result<std::int64_t> count_all(const std::vector<std::string>& roles);
  Result<bool> holds_any(UserId user, const std::vector<std::string>& roles, Time now);

  Connection& connection_;
  Ledger& ledger_;
};

class SqlRoleStore final : public ports::RoleStore {
 public:
  SqlRoleStore(Connection& connection, SqlGrantStore& grants) : connection_(connection), grants_(grants) {}

  Result<std::vector<model::Role>> all() override;
  Result<std::optional<model::Role>> find(const std::string& name) override;
  Status create(model::Role& role) override;
  Status update(model::Role& role) override;
  Result<bool> remove(const std::string& name) override;
  Result<std::int64_t> version() override;
  Status hold() override;

 private:
  Result<std::vector<std::string>> related(Sql query, const std::string& name);
  Status change(Sql statement, const std::string& name);
  Status write_parts(const model::Role& role);
  Status set_version(const std::string& name, std::int64_t version);
  Status exclude(const model::Role& role, const std::vector<std::string>& before);

  Connection& connection_;
  SqlGrantStore& grants_;
};

}  // namespace muster::sql
