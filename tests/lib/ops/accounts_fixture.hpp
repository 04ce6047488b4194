// SPDX-License-Identifier: Apache-2.0
/// @file Shared by the tests of accounts: registering, logging in and asking whether a token is good.
#pragma once

#include "lib/ops/fixture.hpp"
#include "ops/tokens.hpp"

#include <string>
#include <string_view>

namespace muster::ops::testing {

inline constexpr std::string_view good_password = "plume-lantern-47-quarry";

struct LoggedIn {
  std::string access_token;
  std::string refresh_token;
  SessionId session;
  UserId user;
};

Call anonymous();
/// The caller that this session's access token makes.
Call as_session(const LoggedIn& login);
Call as_local_operator();

/// Registers with the password above.
UserId sign_up(World& world, std::string_view username);
Result<wire::Json> try_log_in(World& world, std::string_view login,
                              std::string_view password = good_password);
LoggedIn log_in(World& world, std::string_view login, std::string_view password = good_password);
LoggedIn logged_in_from(const wire::Json& reply);

Result<wire::Json> try_refresh(World& world, std::string_view refresh_token);
/// "ok" or the error's name.
std::string token_state(World& world, const std::string& access_token);

std::string text_at(const wire::Json& json, std::string_view name);
std::int64_t number_at(const wire::Json& json, std::string_view name);
bool flag_at(const wire::Json& json, std::string_view name);
/// Fields an error names, with commas.
std::string fields_of(const Result<wire::Json>& reply);
std::int64_t audit_records(World& world);
/// Gives a user a new role with this permission, as an operator would.
void permit(World& world, UserId user, const std::string& permission);

}  // namespace muster::ops::testing
