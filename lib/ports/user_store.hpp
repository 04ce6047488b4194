// SPDX-License-Identifier: Apache-2.0
/// @file Finds and stores users and their credentials. Names are unique by their canonical form, email and
/// phone by their normal form (model/username.hpp, model/contact.hpp); callers give both forms where needed.
/// Every change bumps the version to the slot's next sequence number and is noted in the slot's change log.
#pragma once

#include "base/result.hpp"
#include "model/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

struct UserFilter {
  std::optional<std::string> username;  ///< Canonical form, exact.
  std::optional<std::string> email;     ///< Normal form, exact.
  std::optional<std::string> phone;
  std::optional<model::UserStatus> status;
  std::optional<Time> created_after;   ///< Exclusive.
  std::optional<Time> created_before;  ///< Exclusive.
};

struct UserPage {
  std::vector<model::User> items;  ///< In the order of their ids.
  bool more = false;
};

/// One of several users to be created, and what came of it.
struct NewUser {
  model::User user;
  std::string username_canonical;
  std::optional<model::Credential> credential;
  Status outcome;
};

class UserStore {
 public:
  virtual ~UserStore() = default;

  /// Sets user.version. Error: already_exists with the field (username, email, phone or id); then nothing of
  /// the user stays, also when the caller goes on with the same unit.
  virtual Status create(model::User& user, const std::string& username_canonical,
                        const std::optional<model::Credential>& credential) = 0;
  /// Creates each, in their order, as create() does, but in few steps. What is wrong with one alone
  /// (already_exists, too_large) is its outcome; any other error ends it, and the unit is not to be kept.
  virtual Status create_all(std::vector<NewUser>& users) = 0;
  virtual Result<std::optional<model::User>> find(UserId id) = 0;
  /// Those of them that are there.
  virtual Result<std::vector<UserId>> existing(const std::vector<UserId>& ids) = 0;
  virtual Result<std::optional<model::User>> find_by_username(const std::string& username_canonical) = 0;
  virtual Result<std::optional<model::User>> find_by_email(const std::string& email) = 0;
  /// Stores every field but id and created_at; sets user.version. Errors: not_found, already_exists (email,
  /// phone).
  virtual Status update(model::User& user) = 0;
  /// Removes the user and all that hangs on it: names, credential, sessions, grants. False: there was none.
  virtual Result<bool> remove(UserId id) = 0;

  virtual Result<std::optional<model::Credential>> credential(UserId id) = 0;
  virtual Status set_credential(UserId id, const model::Credential& credential) = 0;

  virtual Result<model::UserRevocation> revocation(UserId id) = 0;
  virtual Status set_revocation(UserId id, const model::UserRevocation& revocation) = 0;

  /// At most `limit` users with an id above `after`. Costs the same wherever it begins, also when it is
  /// filtered.
  virtual Result<UserPage> list(const UserFilter& filter, std::optional<UserId> after, std::size_t limit) = 0;
  /// Kept as a counter; no scan.
  virtual Result<std::int64_t> count() = 0;
};

}  // namespace muster::ports
