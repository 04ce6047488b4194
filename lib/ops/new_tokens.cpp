// SPDX-License-Identifier: Apache-2.0
#include "ops/new_tokens.hpp"

#include "ops/authorizer.hpp"
#include "ops/tokens.hpp"

#include <chrono>

namespace muster::ops {

Result<TokenPair> new_tokens(Context& context, model::Session& session, const model::User& user) {
  const auto settings = context.settings();
  MUSTER_TRY(const auto holdings, context.authorizer.holdings(user.id));
  const auto roles = Authorizer::role_names(*holdings, session.issued_at);
  MUSTER_TRY(auto issued, context.tokens.issue(session.id, roles, *settings, session.issued_epoch));

  TokenPair pair;
  pair.access_token = std::move(issued.access_token);
  pair.expires_in = std::chrono::floor<std::chrono::seconds>(settings->token_access_ttl).count();
  pair.refresh_token = context.tokens.new_refresh_token(session.id);
  pair.refresh_expires_in = std::chrono::floor<std::chrono::seconds>(settings->token_refresh_ttl).count();
  pair.session_id = session.id;
  pair.user = user;
  session.refresh_hash = context.sealer.digest(pair.refresh_token.reveal());
  return pair;
}

}  // namespace muster::ops
