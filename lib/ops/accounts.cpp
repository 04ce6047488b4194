// SPDX-License-Identifier: Apache-2.0
#include "ops/accounts.hpp"

#include "model/contact.hpp"
#include "ops/invoke.hpp"
#include "ops/news.hpp"
#include "ops/sessions.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

Status append_and_apply(Context& context, ports::Unit& unit, model::Revocation& revocation) {
  MUSTER_CHECK_OK(unit.revocations().append(revocation));
  unit.after_commit([&tokens = context.tokens, revocation] { tokens.apply(revocation); });
  tell_others_after_commit(context, unit);
  return {};
}

model::Revocation revocation_of(Context& context, Time now, const std::string& reason) {
  model::Revocation revocation;
  revocation.revoked_at = now;
  revocation.expires_at = context.tokens.dead_by(now, *context.settings());
  revocation.reason = reason;
  return revocation;
}

}  // namespace

Status require_permission(Context& context, const Call& call, std::string_view permission) {
  return authorize(context, call, OperationInfo{.needs = permission}, std::nullopt);
}

void make_normal(wire::Problems& problems, std::optional<std::string>& email,
                 std::optional<std::string>& phone) {
  if (email) email = value_or_note(problems, model::normal_email(*email));
  if (phone) phone = value_or_note(problems, model::normal_phone(*phone));
}

bool is_revoked(const model::UserRevocation& mark, const model::Session& session) {
  return session.issued_epoch < mark.revoked_epoch &&
         (!mark.revoked_before || session.issued_at < *mark.revoked_before);
}

Result<std::int64_t> end_everything(Context& context, ports::Unit& unit, UserId user, Time now,
                                    const std::string& reason) {
  auto revocation = revocation_of(context, now, reason);
  revocation.target = user;
  MUSTER_CHECK_OK(append_and_apply(context, unit, revocation));
  MUSTER_CHECK_OK(unit.users().set_revocation(user, {revocation.epoch, std::nullopt}));
  MUSTER_TRY(const auto ended, unit.sessions().revoke_all(user, std::nullopt, now));
  return static_cast<std::int64_t>(ended.size());
}

Status revoke_session_tokens(Context& context, ports::Unit& unit, const std::vector<SessionId>& sessions,
                             Time now, const std::string& reason) {
  for (const SessionId& id : sessions) {
    auto revocation = revocation_of(context, now, reason);
    revocation.target = id;
    MUSTER_CHECK_OK(append_and_apply(context, unit, revocation));
  }
  return {};
}

Result<bool> end_one_session(Context& context, const Call& call, ports::Unit& unit, const SessionId& id,
                             const std::string& reason, Change& change) {
  const Time now = context.clock.now();
  MUSTER_TRY(const auto session, unit.sessions().find(id));
  if (!session) return false;
  MUSTER_TRY(const bool ended, unit.sessions().revoke(id, now));
  if (!ended) return false;
  MUSTER_CHECK_OK(revoke_session_tokens(context, unit, {id}, now, reason));
  change.target = "session:" + id.text();
  change.before = wire::encode(view_of(*session, call.caller));
  return true;
}

}  // namespace muster::ops
