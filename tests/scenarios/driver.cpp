// SPDX-License-Identifier: Apache-2.0
#include "scenarios/driver.hpp"

#include "base/check.hpp"
#include "wire/error_table.hpp"

#include <array>

namespace muster::test {

const Action& action_named(std::string_view name) {
  using http::Method;
  static const std::array actions{
      Action{"create_user", Method::post, "/v1/users", "user create --username {username}"},
      Action{"get_user", Method::get, "/v1/users/{id}", "user get {id}"},
      Action{"disable_user", Method::patch, "/v1/users/{id}", "user disable {id}"},
      Action{"enable_user", Method::patch, "/v1/users/{id}", "user enable {id}"},
      Action{"delete_user", Method::del, "/v1/users/{id}", "user delete {id} --yes"},
      Action{"log_in", Method::post, "/v1/sessions", ""},
      Action{"refresh_session", Method::post, "/v1/sessions/refresh", ""},
      Action{"list_sessions", Method::get, "/v1/sessions", "session list"},
      Action{"end_session", Method::del, "/v1/sessions/{id}", "session revoke {id} --yes"},
      Action{"verify_token", Method::get, "/v1/auth/verify", ""},
      Action{"create_role", Method::post, "/v1/roles", "role create {name}"},
      Action{"inherit_role", Method::put, "/v1/roles/{role}/parents/{parent}",
             "role inherit {role} {parent}"},
      Action{"exclude_role", Method::put, "/v1/roles/{role}/exclusions/{other}", ""},
      Action{"allow_permission", Method::put, "/v1/roles/{role}/permissions/{code}",
             "role allow {role} {code}"},
      Action{"disallow_permission", Method::del, "/v1/roles/{role}/permissions/{code}",
             "role disallow {role} {code}"},
      Action{"grant_role", Method::put, "/v1/users/{id}/roles/{role}", "role grant {role} {id}"},
      Action{"revoke_role", Method::del, "/v1/users/{id}/roles/{role}", "role revoke {role} {id}"},
      Action{"check_permission", Method::post, "/v1/authz/check", ""},
      Action{"explain_permission", Method::get, "/v1/authz/explain", "role explain {user_id} {permission}"},
      Action{"revoke_tokens", Method::post, "/v1/admin/revocations", "token revoke --yes"},
      Action{"list_audit", Method::get, "/v1/admin/audit", "audit list"},
      Action{"verify_audit", Method::get, "/v1/admin/audit/verify", "audit verify"},
  };
  for (const Action& each : actions)
    if (each.name == name) return each;
  MUSTER_CHECK(false);
}

bool failed_as(const Outcome& outcome, std::string_view error) {
  if (outcome.name != "exit") return outcome.name == error;
  const auto* entry = wire::entry_named(error);
  return entry != nullptr && outcome.status == static_cast<unsigned>(entry->exit);
}

std::unique_ptr<Driver> make_driver(const std::string& kind) {
  constexpr Shards none{0};
  constexpr Shards three{3};
  if (kind == "operations") return make_operations_driver(none);
  if (kind == "operations over shards") return make_operations_driver(three);
  if (kind == "http") return make_http_driver(none);
  if (kind == "http over shards") return make_http_driver(three);
  MUSTER_CHECK(kind == "cli");
  return make_cli_driver();
}

}  // namespace muster::test
