// SPDX-License-Identifier: Apache-2.0
/// The busiest endpoint of all, so it goes by hand what operations do by declaration.
#include "daemon/answers.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/metrics.hpp"
#include "ops/authorizer.hpp"
#include "wire/error_table.hpp"

#include <optional>

namespace muster::daemon {
namespace {

constexpr std::string_view operation_name = "verify_token";
constexpr std::string_view granted = R"({"code":0,"message":"ok","data":null})";

class Timer {
 public:
  explicit Timer(Metrics& metrics) : metrics_(metrics), started_(std::chrono::steady_clock::now()) {}
  void finish(std::string_view outcome) {
    metrics_.record(operation_name, outcome, std::chrono::steady_clock::now() - started_);
  }

 private:
  Metrics& metrics_;
  std::chrono::steady_clock::time_point started_;
};

Next refuse_measured(Exchange& exchange, Timer& timer, const Error& error) {
  timer.finish(wire::entry_of(error.code).name);
  return refuse(exchange, error);
}

/// Whether the user has every permission that the query names. Nothing: this thread may not find out.
std::optional<Status> check_permissions(Services& services, Exchange& exchange) {
  // Below the path, the query is the one of the request that a proxy asks about.
  if (exchange.request.query.empty() || exchange.request.path != exchange.route->path) return Status{};
  const auto pairs = http::parse_query(exchange.request.query);
  if (!pairs) return Status(fail(ErrorCode::invalid_argument, "the query has a malformed escape"));
  ops::Authorizer& authorizer = services.context.authorizer;
  const UserId user = exchange.call.caller.user;
  for (const auto& [name, permission] : *pairs) {
    if (name != "permission")
      return Status(fail(Error::invalid(name, "is not a query parameter of this endpoint")));
    auto allowed = authorizer.allows_from_memory(user, permission);
    if (!allowed && !exchange.may_block) return std::nullopt;
    if (!allowed) allowed = authorizer.allows(user, permission);
    if (!*allowed) return Status(fail(allowed->error()));
    if (!**allowed)
      return Status(fail(ErrorCode::permission_denied, "the permission " + permission + " is needed"));
  }
  return Status{};
}

}  // namespace

Next answer_verify(Services& services, Exchange& exchange) {
  Timer timer(services.metrics);
  const ops::Caller& caller = exchange.call.caller;
  if (caller.kind != ops::Caller::Kind::user)
    return refuse_measured(exchange, timer,
                           Error{ErrorCode::unauthenticated, "a valid access token is needed", {}, {}, {}});
  ops::Authorizer& authorizer = services.context.authorizer;
  auto holdings = authorizer.holdings_from_memory(caller.user);
  if (!holdings) {
    if (!exchange.may_block) return Next::wait;
    auto read = authorizer.holdings(caller.user);
    if (!read) return refuse_measured(exchange, timer, read.error());
    holdings = *read;
  }
  if (!holdings->exists)
    return refuse_measured(
        exchange, timer,
        Error{ErrorCode::unauthenticated, "the token's user is not there any more", {}, {}, {}});
  const auto permitted = check_permissions(services, exchange);
  if (!permitted) return Next::wait;
  if (!*permitted) return refuse_measured(exchange, timer, permitted->error());

  std::string roles;
  const Time now = services.context.clock.now();
  for (const model::Grant& grant : holdings->grants) {
    if (!grant.in_force(now)) continue;
    if (!roles.empty()) roles += ',';
    roles += grant.role;
  }
  http::Headers& headers = exchange.response.headers;
  headers.add("X-Muster-User-Id", caller.user.text());
  headers.add("X-Muster-Session-Id", caller.session.text());
  headers.add("X-Muster-Roles", std::move(roles));
  exchange.response.body = granted;
  timer.finish("ok");
  return Next::answer;
}

}  // namespace muster::daemon
