// SPDX-License-Identifier: Apache-2.0
#include "ops/revoke_tokens.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/node_registry.hpp"
#include "ops/revoking.hpp"
#include "ops/role_rules.hpp"
#include "ops/tokens.hpp"
#include "ports/role_store.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace muster::ops {
namespace {

using Request = RevokeTokens::Request;
using Reply = RevokeTokens::Reply;

constexpr std::size_t members_at_a_time = 500;
/// The revocations by role that are running, or ended a short while ago.
constexpr const char* open_name = "role_revocations";
constexpr std::size_t open_max = 64;
/// Longer than the caller takes from the record to the answer.
constexpr std::chrono::minutes recorded_kept{10};

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

/// How far a walk through the members of sorted roles is.
struct Place {
  std::string role;
  std::optional<UserId> user;

  static constexpr auto fields() {
    return std::tuple{field("role", &Place::role, ""), field("user", &Place::user, "")};
  }
};

/// A revocation by role has more holders than one unit can take: it is stored before the first of them is
/// touched, with the call it came with, so that it is finished and recorded whatever happens.
struct RoleRevocation {
  std::string id;
  std::string request;
  std::string actor;
  std::string source;
  std::string trace_id;
  std::optional<std::string> idempotency_key;
  Place place;
  std::optional<Place>
      next;  ///< Where the holders end that are being revoked now; their sessions are counted.
  std::int64_t epoch = 0;
  std::int64_t sessions = 0;
  bool ended = false;
  std::optional<Time> recorded_at;

  static constexpr auto fields() {
    using Self = RoleRevocation;
    return std::tuple{field("id", &Self::id, ""),
                      field("request", &Self::request, ""),
                      field("actor", &Self::actor, ""),
                      field("source", &Self::source, ""),
                      field("trace_id", &Self::trace_id, ""),
                      field("idempotency_key", &Self::idempotency_key, ""),
                      field("place", &Self::place, ""),
                      field("next", &Self::next, ""),
                      field("epoch", &Self::epoch, ""),
                      field("sessions", &Self::sessions, ""),
                      field("ended", &Self::ended, ""),
                      field("recorded_at", &Self::recorded_at, "")};
  }
};

struct Open {
  std::vector<RoleRevocation> items;

  static constexpr auto fields() { return std::tuple{field("items", &Open::items, "")}; }
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
  const ports::Home home = request.session_id ? ports::Home::of(request.session_id->user)
                           : request.user_id  ? ports::Home::of(*request.user_id)
                                              : ports::Home::catalog();
  auto revoked = call.commit<Reply>(context, home, [&](ports::Unit& unit, Change& change) -> Result<Reply> {
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
  // What is left of the sweep, housekeeping goes on with.
  if (revoked && request.all && !call.dry_run)
    if (const auto swept = sweep_sessions(context); !swept)
      log::warn("sessions that were revoked are not marked yet: {}", swept.error().message);
  return revoked;
}

/// Calls visit(user) for the next members of the roles, which are sorted, after the place, which moves on.
/// True: there are more.
template <class Visit>
Result<bool> next_members(ports::Unit& unit, const std::vector<std::string>& roles, Time now, Place& place,
                          const Visit& visit) {
  for (;;) {
    const auto role = std::lower_bound(roles.begin(), roles.end(), place.role);
    if (role == roles.end()) return false;
    if (*role != place.role) place = {*role, std::nullopt};
    MUSTER_TRY(const auto members, unit.grants().members(place.role, place.user, members_at_a_time));
    for (const ports::Member& member : members) {
      place.user = member.user;
      if (member.grant.in_force(now)) MUSTER_CHECK_OK(visit(member.user));
    }
    if (members.size() == members_at_a_time) return true;
    // Sorts behind this role and before every other: no name has a space.
    place = {place.role + ' ', std::nullopt};
  }
}

Result<std::vector<std::string>> roles_that_come_to(ports::Unit& unit, const RolesNow& known,
                                                    const std::string& role) {
  MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
  if (roles->graph().find(role) == nullptr) return fail(no_such_role(role));
  auto holders = roles->graph().holders(role);
  std::sort(holders.begin(), holders.end());
  return holders;
}

/// How many live sessions the holders of the role have: what a dry run promises, and what a plan is made for.
Result<std::int64_t> count_sessions(Context& context, const RolesNow& known, const std::string& role) {
  std::int64_t sessions = 0;
  const Time now = context.clock.now();
  const Status counted = context.store.read([&](ports::Unit& unit) -> Status {
    sessions = 0;
    MUSTER_TRY(const auto roles, roles_that_come_to(unit, known, role));
    std::vector<UserId> users;
    Place place;
    for (bool more = true; more;) {
      MUSTER_TRY(more, next_members(unit, roles, now, place, [&](UserId user) -> Status {
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

Result<Open> open_revocations(ports::Unit& unit) {
  MUSTER_TRY(const auto text, unit.meta().get(open_name));
  if (!text) return Open{};
  MUSTER_TRY(const auto json, wire::parse_json(*text));
  return wire::decode<Open>(json);
}

Status keep(ports::Unit& unit, const Open& open) {
  return unit.meta().put(open_name, wire::encode(open));
}

RoleRevocation* find(Open& open, const std::string& id) {
  for (RoleRevocation& each : open.items)
    if (each.id == id) return &each;
  return nullptr;
}

Result<Request> request_of(const RoleRevocation& revocation) {
  MUSTER_TRY(const auto json, wire::parse_json(revocation.request));
  return wire::decode<Request>(json);
}

Reply reply_of(Context& context, const RoleRevocation& revocation) {
  Reply reply;
  reply.epoch = revocation.epoch == 0 ? context.tokens.epoch() : revocation.epoch;
  reply.sessions = revocation.sessions;
  return reply;
}

/// Before the first holder is touched: from here on it will be finished, whatever happens.
Result<std::string> begin(Context& context, const Call& call) {
  RoleRevocation revocation;
  revocation.id = hex_encode(context.entropy.bytes(16));
  revocation.request = call.request_text;
  revocation.actor = call.caller.actor();
  revocation.source = call.source;
  revocation.trace_id = call.trace_id;
  revocation.idempotency_key = call.idempotency_key;
  const Status kept = context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(Open open, open_revocations(unit));
    if (open.items.size() >= open_max)
      return fail(Error{ErrorCode::overloaded,
                        "too many revocations by role are running; try again",
                        {},
                        {},
                        std::chrono::seconds{5}});
    open.items.push_back(revocation);
    return keep(unit, open);
  });
  if (!kept) return fail(kept.error());
  return revocation.id;
}

/// The next holders, how many sessions of theirs will end, and how far the walk is behind them.
struct Holders {
  std::vector<UserId> users;
  std::int64_t sessions = 0;
  Place place;
  bool more = false;
};

Result<std::int64_t> count_ending(ports::Unit& unit, UserId user, const Request& request, Time now) {
  if (!request.issued_before) return unit.sessions().count_live(user, now);
  constexpr std::size_t sessions_at_a_time = 1000;
  std::int64_t ending = 0;
  std::optional<SessionId> last;
  for (;;) {
    MUSTER_TRY(const auto sessions, unit.sessions().list(user, now, last, sessions_at_a_time));
    ending += std::count_if(sessions.begin(), sessions.end(), [&](const model::Session& each) {
      return each.issued_at < *request.issued_before;
    });
    if (sessions.size() < sessions_at_a_time) return ending;
    last = sessions.back().id;
  }
}

Result<Holders> next_holders(ports::Unit& unit, const RolesNow& known, const RoleRevocation& revocation,
                             const Request& request, Time now) {
  Holders next;
  next.place = revocation.place;
  const auto roles = roles_that_come_to(unit, known, *request.role);
  // A role that was deleted meanwhile has no holders left.
  if (!roles && roles.error().code == ErrorCode::not_found) return next;
  if (!roles) return fail(roles.error());
  MUSTER_TRY(next.more, next_members(unit, *roles, now, next.place, [&](UserId user) -> Status {
               // Who holds several of the roles comes several times.
               if (std::find(next.users.begin(), next.users.end(), user) != next.users.end()) return {};
               next.users.push_back(user);
               MUSTER_TRY(const std::int64_t ending, count_ending(unit, user, request, now));
               next.sessions += ending;
               return {};
             }));
  return next;
}

/// Revokes them, the users of each part in one unit; the last epoch.
Result<std::int64_t> revoke_holders(Context& context, const std::vector<UserId>& users,
                                    const Revoking& what) {
  std::int64_t last = 0;
  for (const ports::Home& part : context.store.parts()) {
    std::vector<UserId> here;
    std::copy_if(users.begin(), users.end(), std::back_inserter(here),
                 [&](UserId user) { return context.store.part_of(user) == part; });
    if (here.empty()) continue;
    const auto revoke = [&](ports::Unit& unit) -> Status {
      for (const UserId user : here) {
        const auto each = revoke_user(context, unit, user, what);
        if (!each && each.error().code != ErrorCode::not_found) return fail(each.error());
        if (each) last = std::max(last, each->epoch);
      }
      return {};
    };
    MUSTER_CHECK_OK(context.store.write(part, revoke));
  }
  return last;
}

/// Changes the stored revocation if it is still where it was found: somebody else may be at it, and have come
/// further.
Status change_stored(Context& context, const RoleRevocation& found,
                     const std::function<void(RoleRevocation&)>& edit) {
  return context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(Open open, open_revocations(unit));
    RoleRevocation* const stored = find(open, found.id);
    if (stored == nullptr || stored->place.role != found.place.role || stored->place.user != found.place.user)
      return {};
    edit(*stored);
    return keep(unit, open);
  });
}

/// Revokes the next holders, a bounded number. What will end is noted first, so that it is counted once when
/// they are revoked again after a crash. True: there are more.
Result<bool> revoke_next(Context& context, const RolesNow& known, const std::string& id) {
  Holders next;
  std::optional<RoleRevocation> found;
  Request request;
  const Status looked = context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(Open open, open_revocations(unit));
    const RoleRevocation* const stored = find(open, id);
    if (stored == nullptr || stored->ended) return {};
    found = *stored;
    MUSTER_TRY(request, request_of(*stored));
    MUSTER_TRY(next, next_holders(unit, known, *stored, request, context.clock.now()));
    return {};
  });
  if (!looked) return fail(looked.error());
  if (!found) return false;
  MUSTER_CHECK_OK(change_stored(context, *found, [&](RoleRevocation& stored) {
    if (!stored.next) stored.sessions += next.sessions;
    stored.next = next.place;
  }));
  MUSTER_TRY(const std::int64_t epoch, revoke_holders(context, next.users, what_of(request)));
  MUSTER_CHECK_OK(change_stored(context, *found, [&](RoleRevocation& stored) {
    stored.place = next.place;
    stored.next.reset();
    stored.epoch = std::max(stored.epoch, epoch);
    stored.ended = !next.more;
  }));
  return next.more;
}

/// The one record of all, and the remembered reply. Whoever comes second finds it recorded.
Result<Reply> record(Context& context, Call& call, const Request& request, const std::string& id,
                     std::optional<std::int64_t> promised) {
  return call.commit<Reply>(context, ports::Home::catalog(),
                            [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                              MUSTER_TRY(Open open, open_revocations(unit));
                              RoleRevocation* revocation = find(open, id);
                              if (revocation == nullptr)
                                return fail(ErrorCode::not_found, "the revocation by role was recorded");
                              const Reply reply = reply_of(context, *revocation);
                              note(change, request, "role:" + *request.role, reply);
                              change.count = promised.value_or(reply.sessions);
                              change.audited = !revocation->recorded_at;
                              if (change.audited) revocation->recorded_at = context.clock.now();
                              MUSTER_CHECK_OK(keep(unit, open));
                              return reply;
                            });
}

/// When its caller was answered, or is gone.
Status forget(Context& context, const std::string& id) {
  return context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(Open open, open_revocations(unit));
    std::erase_if(open.items, [&](const RoleRevocation& each) { return each.id == id; });
    return keep(unit, open);
  });
}

Call call_of(const RoleRevocation& revocation) {
  constexpr std::string_view local = "os:";
  Call call;
  call.caller.kind = Caller::Kind::system;
  if (const auto user = UserId::parse(revocation.actor)) {
    call.caller.kind = Caller::Kind::user;
    call.caller.user = *user;
  } else if (revocation.actor.starts_with(local)) {
    call.caller.kind = Caller::Kind::operator_local;
    const char* end = revocation.actor.data() + revocation.actor.size();
    std::from_chars(revocation.actor.data() + local.size(), end, call.caller.user_id_os);
  }
  call.operation = RevokeTokens::info.name;
  call.source = revocation.source;
  call.trace_id = revocation.trace_id;
  call.idempotency_key = revocation.idempotency_key;
  call.request_text = revocation.request;
  return call;
}

Status finish(Context& context, const RoleRevocation& revocation) {
  if (revocation.recorded_at)
    return context.clock.now() - *revocation.recorded_at < recorded_kept ? Status{}
                                                                         : forget(context, revocation.id);
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  MUSTER_TRY(const Request request, request_of(revocation));
  for (bool more = true; more;) {
    MUSTER_TRY(more, revoke_next(context, known, revocation.id));
  }
  Call call = call_of(revocation);
  const auto recorded = record(context, call, request, revocation.id, std::nullopt);
  // Its caller may have been quicker than we.
  return recorded || recorded.error().code == ErrorCode::not_found ? Status{} : fail(recorded.error());
}

Result<Reply> revoke_role(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  MUSTER_TRY(const std::int64_t promised, count_sessions(context, known, *request.role));
  // The plan and the idempotency key are looked at before the first holder is touched.
  const bool only_planned = call.dry_run;
  call.dry_run = true;
  auto planned = call.commit<Reply>(context, ports::Home::catalog(),
                                    [&](ports::Unit& /*unit*/, Change& change) -> Result<Reply> {
                                      note(change, request, "role:" + *request.role, {});
                                      change.count = promised;
                                      return Reply{};
                                    });
  call.dry_run = only_planned;
  if (!planned || only_planned || call.replayed_reply) return planned;
  call.plan_reply.reset();
  MUSTER_TRY(const std::string id, begin(context, call));
  for (bool more = true; more;) {
    MUSTER_TRY(more, revoke_next(context, known, id));
  }
  auto reply = record(context, call, request, id, promised);
  // What is not forgotten now is so later.
  if (reply) (void)forget(context, id);
  return reply;
}

}  // namespace

Result<RevokeTokens::Reply> RevokeTokens::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(check(context, request));
  const auto started = std::chrono::steady_clock::now();
  MUSTER_TRY(Reply reply,
             request.role ? revoke_role(context, call, request) : revoke_one_target(context, call, request));
  if (request.wait && context.nodes != nullptr && !call.dry_run) {
    MUSTER_TRY(const Acknowledged acknowledged, context.nodes->await(reply.epoch));
    reply.nodes = acknowledged.nodes;
    reply.slowest_node = acknowledged.slowest_node;
    reply.slowest_ms = std::chrono::duration<double, std::milli>(acknowledged.slowest).count();
  } else if (request.wait) {
    // It is in force here before the commit returns, and there is no other daemon.
    reply.nodes = 1;
    reply.slowest_node = context.settings()->node_name;
    reply.slowest_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  }
  return reply;
}

Status finish_role_revocations(Context& context) {
  Open open;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(open, open_revocations(unit));
    return {};
  }));
  Status first;
  for (const RoleRevocation& each : open.items)
    if (auto finished = finish(context, each); !finished && first) first = std::move(finished);
  return first;
}

}  // namespace muster::ops
