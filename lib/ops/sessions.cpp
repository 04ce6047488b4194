// SPDX-License-Identifier: Apache-2.0
#include "ops/sessions.hpp"

#include "ops/accounts.hpp"
#include "ops/context.hpp"
#include "ops/tokens.hpp"
#include "ports/session_store.hpp"

namespace muster::ops {
namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

/// Whose sessions are meant: those of `wanted`, who must be the caller unless the caller has the permission;
/// nobody in particular when an operator names none.
Result<std::optional<UserId>> owner(Context& context, const Call& call, std::optional<UserId> wanted,
                                    std::string_view permission) {
  const bool is_user = call.caller.kind == Caller::Kind::user;
  if (is_user && (!wanted || *wanted == call.caller.user)) return std::optional(call.caller.user);
  MUSTER_CHECK_OK(require_permission(context, call, permission));
  return wanted;
}

Result<std::optional<SessionId>> position(std::string_view kind, const std::optional<std::string>& cursor) {
  if (!cursor) return std::optional<SessionId>();
  MUSTER_TRY(const std::string key, read_cursor(kind, *cursor));
  const auto id = SessionId::parse(key);
  if (!id) return fail(Error::invalid("cursor", "must be the next_cursor of this list"));
  return id;
}

}  // namespace

SessionView view_of(const model::Session& session, const Caller& caller) {
  SessionView view;
  view.id = session.id;
  view.user_id = session.user_id();
  view.created_at = session.created_at;
  view.last_used_at = session.last_used_at;
  view.expires_at = session.expires_at;
  view.ip = unless_empty(session.ip);
  view.user_agent = unless_empty(session.user_agent);
  view.current = caller.kind == Caller::Kind::user && caller.session == session.id;
  return view;
}

Result<ListSessions::Reply> ListSessions::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const auto user, owner(context, call, request.user_id, "read:session"));
  const std::string kind = "sessions/" + (user ? user->text() : "all");
  MUSTER_TRY(const auto after, position(kind, request.cursor));
  const Time now = context.clock.now();
  const std::size_t limit = static_cast<std::size_t>(request.limit) + 1;
  std::vector<model::Session> sessions;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(sessions, user ? unit.sessions().list(*user, now, after, limit)
                              : unit.sessions().list_all(now, after, limit));
    return {};
  }));
  std::vector<SessionView> views;
  views.reserve(sessions.size());
  for (const model::Session& each : sessions) views.push_back(view_of(each, call.caller));
  return make_page(std::move(views), request.limit, kind,
                   [](const SessionView& view) { return view.id.text(); });
}

Result<EndSessions::Reply> EndSessions::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const auto user, owner(context, call, request.user_id, "revoke:token"));
  if (!user) return fail(Error::invalid("user_id", "is required of an operator, who has no sessions"));
  return call.commit<Reply>(context, ports::Home::of(*user),
                            [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                              const Time now = context.clock.now();
                              MUSTER_TRY(const std::int64_t live, unit.sessions().count_live(*user, now));
                              if (live == 0) return Reply{};
                              MUSTER_TRY(const std::int64_t ended,
                                         end_everything(context, unit, *user, now, "logged out everywhere"));
                              change.target = "user:" + user->text();
                              change.count = ended;
                              change.after = R"({"sessions_ended":)" + std::to_string(ended) + "}";
                              return Reply{true, ended};
                            });
}

Result<EndSession::Reply> EndSession::run(Context& context, Call& call, const Request& request) {
  if (const auto allowed = owner(context, call, request.id.user, "revoke:token"); !allowed)
    return fail(allowed.error());
  return call.commit<Reply>(
      context, ports::Home::of(request.id.user), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const bool ended,
                   end_one_session(context, call, unit, request.id, "the session was ended", change));
        return Changed{ended};
      });
}

Result<EndCurrentSession::Reply> EndCurrentSession::run(Context& context, Call& call,
                                                        const Request& /*request*/) {
  if (call.caller.kind != Caller::Kind::user)
    return fail(ErrorCode::invalid_argument, "an operator on the admin socket has no session to end");
  return call.commit<Reply>(
      context, ports::Home::of(call.caller.user), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const bool ended,
                   end_one_session(context, call, unit, call.caller.session, "logged out", change));
        return Changed{ended};
      });
}

}  // namespace muster::ops
