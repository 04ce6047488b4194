// SPDX-License-Identifier: Apache-2.0
#include "ops/revoking.hpp"

#include "base/log.hpp"
#include "ops/accounts.hpp"
#include "ops/context.hpp"
#include "ops/news.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/system_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

constexpr std::size_t sessions_at_a_time = 1000;
/// A sweep's state is "EPOCH:" and the last session seen, or "EPOCH:done".
constexpr std::string_view sweep_done = "done";

/// Appends and, once that is durable, puts in force.
Result<std::int64_t> append(Context& context, ports::Unit& unit,
                            std::variant<model::RevokeAll, UserId, SessionId> target, const Revoking& what) {
  model::Revocation revocation;
  revocation.target = target;
  revocation.issued_before = what.issued_before;
  revocation.revoked_at = context.clock.now();
  revocation.expires_at = revocation.revoked_at + access_token_lifetime_max;
  revocation.reason = what.reason;
  MUSTER_CHECK_OK(unit.revocations().append(revocation));
  unit.after_commit([&tokens = context.tokens, revocation] { tokens.apply(revocation); });
  tell_others_after_commit(context, unit);
  return revocation.epoch;
}

/// The next live sessions, of one user or of all, after `last`, which moves on.
Result<std::vector<model::Session>> next_sessions(ports::Unit& unit, std::optional<UserId> user, Time now,
                                                  std::optional<SessionId>& last) {
  MUSTER_TRY(auto sessions, user ? unit.sessions().list(*user, now, last, sessions_at_a_time)
                                 : unit.sessions().list_all(now, last, sessions_at_a_time));
  if (!sessions.empty()) last = sessions.back().id;
  return sessions;
}

Result<std::int64_t> mark_sessions(ports::Unit& unit, const std::vector<model::Session>& sessions,
                                   const model::UserRevocation& mark, Time now) {
  std::int64_t count = 0;
  for (const model::Session& session : sessions) {
    if (!is_revoked(mark, session)) continue;
    MUSTER_TRY(const bool ended, unit.sessions().revoke(session.id, now));
    count += ended ? 1 : 0;
  }
  return count;
}

/// How far the sweep of one part is.
struct Sweep {
  model::UserRevocation mark;  ///< What the sessions are held against.
  std::optional<std::string> state;

  [[nodiscard]] std::string state_at(std::string_view place) const {
    return std::to_string(mark.revoked_epoch) + ":" + std::string(place);
  }
  [[nodiscard]] bool is_done() const { return mark.revoked_epoch == 0 || state == state_at(sweep_done); }
  [[nodiscard]] std::optional<SessionId> last() const {
    const std::string prefix = state_at("");
    return state && state->starts_with(prefix) ? SessionId::parse(state->substr(prefix.size()))
                                               : std::nullopt;
  }
};

/// How many live sessions a revocation of everything covers.
Result<std::int64_t> count_covered(ports::Unit& unit, Time now, const Revoking& what) {
  if (!what.issued_before) return unit.sessions().count_live(std::nullopt, now);
  std::int64_t count = 0;
  std::optional<SessionId> last;
  for (;;) {
    MUSTER_TRY(const auto sessions, next_sessions(unit, std::nullopt, now, last));
    count += std::count_if(sessions.begin(), sessions.end(), [&](const model::Session& session) {
      return session.issued_at < *what.issued_before;
    });
    if (sessions.size() < sessions_at_a_time) return count;
  }
}

std::string sweep_name(const ports::Home& part) {
  return "session_sweep:" + std::to_string(part.index);
}

Result<Sweep> find_sweep(ports::Unit& unit, const ports::Home& part) {
  Sweep sweep;
  MUSTER_TRY(sweep.mark, unit.revocations().global());
  MUSTER_TRY(sweep.state, unit.meta().get(sweep_name(part)));
  return sweep;
}

/// Marks the part's next sessions, then notes how far it is: a crash in between repeats a few. True: there
/// are more.
Result<bool> sweep_part(Context& context, const ports::Home& part) {
  Sweep sweep;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(sweep, find_sweep(unit, part));
    return {};
  }));
  if (sweep.is_done()) return false;
  std::optional<SessionId> last;
  bool more = false;
  const Status marked = context.store.write(part, [&](ports::Unit& unit) -> Status {
    last = sweep.last();
    const Time now = context.clock.now();
    MUSTER_TRY(const auto sessions, next_sessions(unit, std::nullopt, now, last));
    MUSTER_CHECK_OK(mark_sessions(unit, sessions, sweep.mark, now));
    more = sessions.size() == sessions_at_a_time;
    return {};
  });
  if (!marked) return fail(marked.error());
  MUSTER_CHECK_OK(context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const Sweep stored, find_sweep(unit, part));
    // A later revocation of everything, or somebody else's sweep, has overtaken this one.
    if (stored.mark.revoked_epoch != sweep.mark.revoked_epoch || stored.state != sweep.state) return {};
    return unit.meta().put(sweep_name(part), sweep.state_at(more ? last->text() : std::string(sweep_done)));
  }));
  return more;
}

}  // namespace

Result<bool> for_each_part(Context& context, const std::function<Result<bool>(const ports::Home&)>& step) {
  bool more = false;
  Status first;
  for (const ports::Home& part : context.store.parts()) {
    const auto done = step(part);
    if (done) more = more || *done;
    if (!done && first) first = fail(done.error());
  }
  if (!first) return fail(first.error());
  return more;
}

Result<Revoked> revoke_session(Context& context, ports::Unit& unit, const SessionId& session,
                               const Revoking& what) {
  MUSTER_TRY(const auto found, unit.sessions().find(session));
  if (!found) return fail(ErrorCode::not_found, "there is no session " + session.text());
  const Time now = context.clock.now();
  Revoked out;
  MUSTER_TRY(out.epoch, append(context, unit, session, what));
  if (now >= found->expires_at) return out;
  MUSTER_TRY(out.sessions, mark_sessions(unit, {*found}, {out.epoch, what.issued_before}, now));
  return out;
}

Result<Revoked> revoke_user(Context& context, ports::Unit& unit, UserId user, const Revoking& what) {
  MUSTER_TRY(const auto found, unit.users().find(user));
  if (!found) return fail(ErrorCode::not_found, "there is no user " + user.text());
  const Time now = context.clock.now();
  Revoked out;
  MUSTER_TRY(out.epoch, append(context, unit, user, what));
  model::UserRevocation mark{out.epoch, what.issued_before};
  if (mark.revoked_before) {
    MUSTER_TRY(const auto old, unit.users().revocation(user));
    // The user's one mark may become no weaker. What a bounded revocation covers beside an unbounded one is
    // marked in the sessions themselves.
    if (old.revoked_epoch > 0)
      mark = old.revoked_before
                 ? model::UserRevocation{out.epoch, std::max(*old.revoked_before, *what.issued_before)}
                 : old;
  }
  MUSTER_CHECK_OK(unit.users().set_revocation(user, mark));
  std::optional<SessionId> last;
  for (;;) {
    MUSTER_TRY(const auto sessions, next_sessions(unit, user, now, last));
    // A marked session is no longer of the list: what was not marked is what the next part begins after.
    MUSTER_TRY(const std::int64_t ended, mark_sessions(unit, sessions, {out.epoch, what.issued_before}, now));
    out.sessions += ended;
    if (sessions.size() < sessions_at_a_time) return out;
  }
}

Result<Revoked> revoke_everything(Context& context, ports::Unit& unit, const Revoking& what) {
  const Time now = context.clock.now();
  Revoked out;
  MUSTER_TRY(out.epoch, append(context, unit, model::RevokeAll{}, what));
  const auto counted = count_covered(unit, now, what);
  // Sessions that cannot be counted now are no reason to let any live on.
  if (!counted && counted.error().code != ErrorCode::unavailable) return fail(counted.error());
  if (!counted) log::warn("sessions to revoke could not be counted: {}", counted.error().detail);
  out.sessions = counted.value_or(0);
  return out;
}

Result<bool> sweep_sessions(Context& context) {
  return for_each_part(context, [&](const ports::Home& part) { return sweep_part(context, part); });
}

}  // namespace muster::ops
