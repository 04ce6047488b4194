// SPDX-License-Identifier: Apache-2.0
#include "daemon/answers.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/request_input.hpp"
#include "ops/oauth.hpp"

namespace muster::daemon {

Next answer_introspection(Services& services, Exchange& exchange) {
  if (!exchange.may_block) return Next::wait;
  if (exchange.call.caller.kind == ops::Caller::Kind::anonymous)
    return refuse(exchange,
                  Error{ErrorCode::unauthenticated, "a token with introspect:token is needed", {}, {}, {}});
  auto token = form_value(exchange, "token");
  if (!token) return refuse(exchange, token.error());
  const auto found = ops::introspect_token(services.context, exchange.call, Secret(std::move(*token)));
  if (!found) return refuse(exchange, found.error());
  exchange.response.body = found->json();
  exchange.response.headers.add("Cache-Control", "no-store");
  return Next::answer;
}

Next answer_token_revocation(Services& services, Exchange& exchange) {
  if (!exchange.may_block) return Next::wait;
  auto token = form_value(exchange, "token");
  if (!token) return refuse(exchange, token.error());
  if (const auto status = ops::revoke_token(services.context, exchange.call, Secret(std::move(*token)));
      !status)
    return refuse(exchange, status.error());
  exchange.response.headers.add("Cache-Control", "no-store");
  exchange.response.content_type = {};
  return Next::answer;
}

}  // namespace muster::daemon
