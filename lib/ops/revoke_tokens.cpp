// SPDX-License-Identifier: Apache-2.0
#include "ops/revoke_tokens.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/revoking.hpp"
#include "ops/role_rules.hpp"
#include "ops/tokens.hpp"
#include "ports/role_store.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"

#include <chrono>

namespace muster::ops {
namespace {

using Request = RevokeTokens::Request;
using Reply = RevokeTokens::Reply;

constexpr std::size_t members_at_a_time = 500;

/// What the audit log keeps of it.
struct Record {
  std::int64_t epoch = 0;
  std::int64_t sessions = 0;
  std::optional<Time> issued_before;
  std::optional<std::string> reason;

  static constexpr auto fields() {
    return std::tuple{field("epoch", &Record::epoch, ""), field("sessions", &Record::sessions, ""),
                      field("issued_before", &Record::issued_before, ""),
                      field("reason", &Record::reason, "")};
  }
};

Status check(Context& context, const Request& request) {
  const int targets = (request.session_id ? 1 : 0) + (request.user_id ? 1 : 0) + (request.role ? 1 : 0) +
                      (request.all ? 1 : 0);
  if (targets != 1)
    return fail(ErrorCode::invalid_argument, "give exactly one of session_id, user_id, role and all");
  if (request.issued_before && *request.issued_before > context.clock.now())
    return fail(Error::invalid("issued_before", "must not be in the future"));
  return {};
}

Revoking what_of(const Request& request) {
  return {request.issued_before, request.reason.value_or("")};
}

void note(Change& change, const Request& request, std::string target, const Reply& reply) {
  change.target = std::move(target);
  change.count = reply.sessions;
  change.after = wire::encode(Record{reply.epoch, reply.sessions, request.issued_before, request.reason});
}

Result<Reply> revoke_one_target(Context& context, Call& call, const Request& request) {
  return call.commit<Reply>(context, [&](ports::Unit& unit, Change& change) -> Result<Reply> {
    const Revoking what = what_of(request);
    MUSTER_TRY(const Revoked done, request.session_id
                                       ? revoke_session(context, unit, *request.session_id, what)
                                   : request.user_id ? revoke_user(context, unit, *request.user_id, what)
                                                     : revoke_everything(context, unit, what));
    Reply reply;
    reply.epoch = done.epoch;
    reply.sessions = done.sessions;
    note(change, request,
         request.session_id ? "session:" + request.session_id->text()
         : request.user_id  ? "user:" + request.user_id->text()
                            : "all",
         reply);
    return reply;
  });
}

/// Calls visit(user) for the members of the roles after (`at`, `after`) until `count` were visited; moves
/// both on. True: there are more.
template <class Visit>
Result<bool> next_members(ports::Unit& unit, const std::vector<std::string>& roles, Time now, std::size_t& at,
                          std::optional<UserId>& after, const Visit& visit) {
  while (at < roles.size()) {
    MUSTER_TRY(const auto members, unit.grants().members(roles[at], after, members_at_a_time));
    for (const ports::Member& member : members) {
      after = member.user;
      if (member.grant.in_force(now)) MUSTER_CHECK_OK(visit(member.user));
    }
    if (members.size() == members_at_a_time) return true;
    ++at;
    after.reset();
  }
  return false;
}

Result<std::vector<std::string>> roles_that_come_to(ports::Unit& unit, const RolesNow& known,
                                                    const std::string& role) {
  MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
  if (roles->graph().find(role) == nullptr) return fail(no_such_role(role));
  return roles->graph().holders(role);
}

/// How many live sessions the holders of the role have: what a dry run promises, and what a plan is made for.
Result<std::int64_t> count_sessions(Context& context, const RolesNow& known, const std::string& role) {
  std::int64_t sessions = 0;
  const Time now = context.clock.now();
  const Status counted = context.store.read([&](ports::Unit& unit) -> Status {
    sessions = 0;
    MUSTER_TRY(const auto roles, roles_that_come_to(unit, known, role));
    std::vector<UserId> users;
    std::size_t at = 0;
    std::optional<UserId> after;
    for (bool more = true; more;) {
      MUSTER_TRY(more, next_members(unit, roles, now, at, after, [&](UserId user) -> Status {
                   users.push_back(user);
                   return {};
                 }));
    }
    std::sort(users.begin(), users.end());
    users.erase(std::unique(users.begin(), users.end()), users.end());
    for (const UserId user : users) {
      MUSTER_TRY(const std::int64_t live, unit.sessions().count_live(user, now));
      sessions += live;
    }
    return {};
  });
  if (!counted) return fail(counted.error());
  return sessions;
}

/// Revokes the holders of the role in units of bounded size.
Result<Reply> revoke_holders(Context& context, const RolesNow& known, const Request& request) {
  const Time now = context.clock.now();
  Reply reply;
  std::size_t at = 0;
  std::optional<UserId> after;
  bool more = true;
  while (more) {
    // A unit may be run again: what it adds up counts when it is done.
    std::size_t next_at = at;
    std::optional<UserId> next_after = after;
    Revoked sum;
    const Status done = context.store.write([&](ports::Unit& unit) -> Status {
      next_at = at;
      next_after = after;
      sum = {};
      MUSTER_TRY(const auto roles, roles_that_come_to(unit, known, *request.role));
      MUSTER_TRY(more, next_members(unit, roles, now, next_at, next_after, [&](UserId user) -> Status {
                   MUSTER_TRY(const Revoked each, revoke_user(context, unit, user, what_of(request)));
                   sum.epoch = each.epoch;
                   sum.sessions += each.sessions;
                   return {};
                 }));
      return {};
    });
    if (!done) return fail(done.error());
    at = next_at;
    after = next_after;
    reply.epoch = std::max(reply.epoch, sum.epoch);
    reply.sessions += sum.sessions;
  }
  if (reply.epoch == 0) reply.epoch = context.tokens.epoch();
  return reply;
}

Result<Reply> revoke_role(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  MUSTER_TRY(const std::int64_t promised, count_sessions(context, known, *request.role));
  const std::string target = "role:" + *request.role;
  const auto record = [&](const Reply& reply) {
    return call.commit<Reply>(context, [&](ports::Unit& /*unit*/, Change& change) -> Result<Reply> {
      note(change, request, target, reply);
      change.count = promised;
      return reply;
    });
  };
  // The holders may be more than one unit can take, so the plan and the idempotency key are looked at before
  // the first of them is touched, and the one record of all is written after the last.
  const bool only_planned = call.dry_run;
  call.dry_run = true;
  Reply expected;
  expected.sessions = promised;
  auto planned = record(expected);
  call.dry_run = only_planned;
  if (!planned || only_planned || call.replayed_reply) return planned;
  call.plan_reply.reset();
  MUSTER_TRY(const Reply reply, revoke_holders(context, known, request));
  return record(reply);
}

}  // namespace

Result<RevokeTokens::Reply> RevokeTokens::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(check(context, request));
  const auto started = std::chrono::steady_clock::now();
  MUSTER_TRY(Reply reply,
             request.role ? revoke_role(context, call, request) : revoke_one_target(context, call, request));
  if (request.wait) {
    // It is in force here before the commit returns, and there is no other daemon.
    reply.nodes = 1;
    reply.slowest_node = context.settings()->node_name;
    reply.slowest_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  }
  return reply;
}

}  // namespace muster::ops
