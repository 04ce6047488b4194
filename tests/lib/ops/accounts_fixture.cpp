// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/accounts_fixture.hpp"

#include "ops/create_role.hpp"
#include "ops/create_user.hpp"
#include "ops/grant_role.hpp"
#include "ops/log_in.hpp"
#include "ports/security_store.hpp"
#include "wire/error_table.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {

Call anonymous() {
  Call call;
  call.source = "198.51.100.7";
  call.user_agent = "test/1";
  return call;
}

Call as_session(const LoggedIn& login) {
  Call call = anonymous();
  call.caller = {Caller::Kind::user, login.user, login.session};
  return call;
}

Call as_local_operator() {
  Call call;
  call.caller.kind = Caller::Kind::operator_local;
  call.source = "unix";
  return call;
}

UserId sign_up(World& world, std::string_view username) {
  Call call = anonymous();
  const auto reply = must(world.run<CreateUser>(
      call, json_of(R"({"username":%,"password":%})", std::string(username), std::string(good_password))));
  return *UserId::parse(text_at(reply, "id"));
}

Result<wire::Json> try_log_in(World& world, std::string_view login, std::string_view password) {
  Call call = anonymous();
  return world.run<LogIn>(call,
                          json_of(R"({"login":%,"password":%})", std::string(login), std::string(password)));
}

LoggedIn logged_in_from(const wire::Json& reply) {
  LoggedIn out;
  out.access_token = text_at(reply, "access_token");
  out.refresh_token = text_at(reply, "refresh_token");
  out.session = *SessionId::parse(text_at(reply, "session_id"));
  out.user = out.session.user;
  return out;
}

LoggedIn log_in(World& world, std::string_view login, std::string_view password) {
  return logged_in_from(must(try_log_in(world, login, password)));
}

Result<wire::Json> try_refresh(World& world, std::string_view refresh_token) {
  Call call = anonymous();
  return world.run<RefreshSession>(call, json_of(R"({"refresh_token":%})", std::string(refresh_token)));
}

std::string token_state(World& world, const std::string& access_token) {
  const auto claims = world.context().tokens.verify(access_token, *world.context().settings());
  return claims ? "ok" : std::string(wire::entry_of(claims.error().code).name);
}

std::string text_at(const wire::Json& json, std::string_view name) {
  const auto& value = json.at(name);
  return value.is_string() ? std::string(value.get_string()) : wire::to_text(value);
}

std::int64_t number_at(const wire::Json& json, std::string_view name) {
  return json.at(name).to_number<std::int64_t>();
}

bool flag_at(const wire::Json& json, std::string_view name) {
  return json.at(name).as_bool();
}

std::string fields_of(const Result<wire::Json>& reply) {
  std::string out;
  if (reply) return out;
  for (const FieldError& each : reply.error().fields) {
    if (!out.empty()) out += ',';
    out += each.field;
  }
  return out;
}

std::int64_t audit_records(World& world) {
  std::int64_t seq = 0;
  const auto status = world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto head, unit.audit().head());
    seq = head.first;
    return {};
  });
  REQUIRE(status);
  return seq;
}

void permit(World& world, UserId user, const std::string& permission) {
  std::string role = "may-" + permission;
  for (char& c : role)
    if (c == ':' || c == '*') c = '.';
  must(world.run<CreateRole>(json_of(R"({"name":%,"permissions":[%]})", role, permission)));
  must(world.run<GrantRole>(json_of(R"({"id":%,"role":%})", user.text(), role)));
}

}  // namespace muster::ops::testing
