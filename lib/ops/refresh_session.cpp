// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "ops/accounts.hpp"
#include "ops/feed.hpp"
#include "ops/live_session.hpp"
#include "ops/log_in.hpp"
#include "ops/new_tokens.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "wire/error_table.hpp"

namespace muster::ops {
namespace {

Error lost_race() {
  return Error{ErrorCode::refresh_reused, "the refresh token is not the live one", {}, {}, {}};
}

Status audit_reuse(ports::Unit& unit, const Call& call, const SessionId& id, Time now) {
  model::AuditRecord record;
  record.time = now;
  record.actor = call.caller.actor();
  record.source = call.source;
  record.operation = call.operation;
  record.target = "session:" + id.text();
  record.outcome = wire::entry_of(ErrorCode::refresh_reused).name;
  record.trace_id = call.trace_id;
  return unit.audit().append(record);
}

/// Somebody has a token that is not the live one: the session ends, whoever is the thief. Returns the error
/// to answer with.
Result<Error> end_reused(Context& context, const Call& call, const SessionId& id, const std::string& hash) {
  const Time now = context.clock.now();
  std::optional<Error> answer;
  bool ended = false;
  const auto status = context.store.write(ports::Home::of(id.user), [&](ports::Unit& unit) -> Status {
    ended = false;
    MUSTER_TRY(const LiveSession found, find_live_session(unit, id, hash, now));
    answer = found.refused;
    if (!answer || answer->code != ErrorCode::refresh_reused) return {};
    MUSTER_TRY(ended, unit.sessions().revoke(id, now));
    if (!ended) return {};
    MUSTER_CHECK_OK(revoke_session_tokens(context, unit, {id}, now, "a refresh token was used again"));
    return audit_reuse(unit, call, id, now);
  });
  if (!status) return fail(status.error());
  if (!answer) return fail(ErrorCode::unavailable, "the session is being changed; try again");
  if (ended)
    log::warn("a refresh token was used again; session {} of user {} was ended", id.text(), id.user.text());
  return *answer;
}

}  // namespace

Result<RefreshSession::Reply> RefreshSession::run(Context& context, Call& call, const Request& request) {
  const auto id = context.tokens.session_of_refresh_token(request.refresh_token);
  if (!id) return fail(ErrorCode::unauthenticated, "the refresh token is not valid");
  // Before anything is read: what is revoked from here on revokes the new tokens too.
  std::int64_t epoch = context.tokens.epoch();
  const Time now = context.clock.now();
  const std::string hash = context.sealer.digest(request.refresh_token.reveal());

  MUSTER_TRY(LiveSession found, look_at_refresh_token(context, *id, request.refresh_token));
  if (context.feed != nullptr && !found.refused && found.known_epoch > epoch) {
    // Another daemon revoked something a moment ago: without its news the new tokens would be dead from
    // birth.
    MUSTER_CHECK_OK(context.feed->poll());
    epoch = context.tokens.epoch();
    MUSTER_TRY(found, look_at_refresh_token(context, *id, request.refresh_token));
  }
  const bool reused = found.refused && found.refused->code == ErrorCode::refresh_reused;
  if (found.refused && !reused) return fail(std::move(*found.refused));

  TokenPair pair;
  if (!reused) {
    found.session.last_used_at = found.session.issued_at = now;
    found.session.expires_at = now + context.settings()->token_refresh_ttl;
    found.session.issued_epoch = epoch;
    MUSTER_TRY(pair, new_tokens(context, found.session, found.user));
  }
  // A repeated call with an Idempotency-Key comes with a used token and gets the first answer again, so it is
  // commit() that must be asked before reuse is believed.
  Result<Reply> outcome = fail(lost_race());
  if (!reused || call.idempotency_key)
    outcome = call.commit<Reply>(
        context, ports::Home::of(id->user), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
          if (reused) return fail(lost_race());
          MUSTER_TRY(const bool rotated, unit.sessions().rotate(found.session, hash));
          if (!rotated) return fail(lost_race());
          change.target = "session:" + id->text();
          change.audited = false;
          return pair;
        });
  if (outcome || outcome.error().code != ErrorCode::refresh_reused) return outcome;
  MUSTER_TRY(Error answer, end_reused(context, call, *id, hash));
  return fail(std::move(answer));
}

}  // namespace muster::ops
