// SPDX-License-Identifier: Apache-2.0
/// @file Lists and ends sessions.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "model/session.hpp"
#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

/// A session as it is shown.
struct SessionView {
  SessionId id;
  UserId user_id;
  Time created_at;
  Time last_used_at;
  Time expires_at;
  std::optional<std::string> ip;
  std::optional<std::string> user_agent;
  bool current = false;

  static constexpr auto fields() {
    return std::tuple{field("id", &SessionView::id, "The session's id"),
                      field("user_id", &SessionView::user_id, "Whose it is"),
                      field("created_at", &SessionView::created_at, "When it began"),
                      field("last_used_at", &SessionView::last_used_at, "When it was last refreshed"),
                      field("expires_at", &SessionView::expires_at, "When it ends unless refreshed"),
                      field("ip", &SessionView::ip, "Where it began"),
                      field("user_agent", &SessionView::user_agent, "The program it began with"),
                      field("current", &SessionView::current, "Whether it is the caller's own")};
  }
};

SessionView view_of(const model::Session& session, const Caller& caller);

struct ListSessions {
  struct Request {
    std::optional<UserId> user_id;
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("user_id", &Request::user_id, "Another user's sessions; needs read:session"),
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<SessionView>;

  static constexpr OperationInfo info{
      .name = "list_sessions",
      .summary = "List live sessions",
      .method = "GET",
      .path = "/v1/sessions",
      .command = "session list",
      .help = "The caller's own, newest first; on the admin socket everybody's, by user."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct EndSessions {
  struct Request {
    std::optional<UserId> user_id;

    static constexpr auto fields() {
      return std::tuple{field("user_id", &Request::user_id, "Another user's sessions; needs revoke:token")};
    }
  };
  struct Reply {
    bool changed = false;
    std::int64_t sessions = 0;

    static constexpr auto fields() {
      return std::tuple{field("changed", &Reply::changed, "Whether any session was ended"),
                        field("sessions", &Reply::sessions, "How many sessions were ended")};
    }
  };

  static constexpr OperationInfo info{
      .name = "end_sessions", .summary = "Log out everywhere", .method = "DELETE", .path = "/v1/sessions"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct EndSession {
  struct Request {
    SessionId id;

    static constexpr auto fields() { return std::tuple{field("id", &Request::id, "The session's id")}; }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "end_session",
                                      .summary = "End a session and revoke its tokens",
                                      .method = "DELETE",
                                      .path = "/v1/sessions/{id}",
                                      .command = "session revoke",
                                      .destructive = true,
                                      .help = "One's own, or with revoke:token anybody's."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct EndCurrentSession {
  using Request = Empty;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "end_current_session",
                                      .summary = "Log out of this session",
                                      .method = "DELETE",
                                      .path = "/v1/sessions/current"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
