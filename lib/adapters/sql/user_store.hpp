// SPDX-License-Identifier: Apache-2.0
/// @file Users, their names and credentials in SQL. A name is a row of its own that leads to the user's id,
/// so that it may live elsewhere than the user. Lists by time of creation read one run of ids for each day
/// and status and merge them, so that a page costs the same wherever it begins. Belongs to its connection's
/// thread.
#pragma once

#include "adapters/sql/ledger.hpp"
#include "adapters/sql/query.hpp"
#include "ports/slot_store.hpp"
#include "ports/user_store.hpp"

#include <span>

namespace muster::sql {

class SqlUserStore final : public ports::UserStore {
 public:
  SqlUserStore(Connection& connection, Ledger& ledger) : connection_(connection), ledger_(ledger) {}

  Status create(model::User& user, const std::string& username_canonical,
                const std::optional<model::Credential>& credential) override;
  Status create_all(std::vector<ports::NewUser>& users) override;
  Result<std::optional<model::User>> find(UserId id) override;
  Result<std::vector<UserId>> existing(const std::vector<UserId>& ids) override;
  Result<std::optional<model::User>> find_by_username(const std::string& username_canonical) override;
  Result<std::optional<model::User>> find_by_email(const std::string& email) override;
  /// The username's spelling may change; the name it is unique by stays.
  Status update(model::User& user) override;
  Result<bool> remove(UserId id) override;

  Result<std::optional<model::Credential>> credential(UserId id) override;
  /// Error: not_found (no such user).
  Status set_credential(UserId id, const model::Credential& credential) override;

  Result<model::UserRevocation> revocation(UserId id) override;
  /// Error: not_found (no such user).
  Status set_revocation(UserId id, const model::UserRevocation& revocation) override;

  Result<ports::UserPage> list(const ports::UserFilter& filter, std::optional<UserId> after,
                               std::size_t limit) override;
  Result<std::int64_t> count() override;

  /// Who takes and frees names from here on; null: the rows in this database.
  void claim_names_with(ports::NameClaims* claims) { claims_ = claims; }

 private:
  using NameKind = model::NameKind;

  Result<std::optional<model::User>> find_by_name(NameKind kind, const std::string& value);
  Status claim(NameKind kind, const std::string& value, UserId id);
  Status release(NameKind kind, const std::string& value, UserId id);
  Status move_names(const model::User& user, const std::optional<std::string>& email,
                    const std::optional<std::string>& phone);
  Status claim_all(const model::User& user, const std::string& username_canonical);
  /// All of them or none: false when one is refused, which the slow way tells which.
  Result<bool> create_together(std::span<ports::NewUser> users);
  Status insert_together(std::span<ports::NewUser> users);
  Status claim_together(std::span<const ports::NewUser> users);
  Status insert_row(const model::User& user, const std::string& username_canonical);
  Status write_credential(UserId id, const model::Credential& credential, std::int64_t version);
  Status require(UserId id);

  Result<ports::UserPage> page_of(Query& query, std::size_t limit);
  Result<ports::UserPage> list_created(const ports::UserFilter& filter, UserId after, std::size_t limit);

  Connection& connection_;
  Ledger& ledger_;
  ports::NameClaims* claims_ = nullptr;
};

/// Day of creation and status in one number, by which users are listed.
std::int64_t created_bucket(Time created_at, model::UserStatus status);

}  // namespace muster::sql
