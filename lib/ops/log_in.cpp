// SPDX-License-Identifier: Apache-2.0
#include "ops/log_in.hpp"

#include "model/contact.hpp"
#include "model/password.hpp"
#include "model/username.hpp"
#include "ops/accounts.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/feed.hpp"
#include "ops/login_throttle.hpp"
#include "ops/new_tokens.hpp"
#include "ops/sessions.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <cstring>

namespace muster::ops {
namespace {

constexpr std::size_t user_agent_size_max_bytes = 512;

/// A login name in the form it is looked up and counted by.
struct Login {
  std::string name;
  bool email = false;
  bool well_formed = true;
};

Login read_login(const std::string& login) {
  Login out;
  out.email = login.find('@') != std::string::npos;
  auto canonical = out.email ? model::normal_email(login) : model::canonical_username(login);
  out.well_formed = canonical.has_value();
  out.name = std::move(canonical).value_or(login);
  return out;
}

struct Account {
  std::optional<model::User> user;
  std::optional<model::Credential> credential;
  std::int64_t revoked_epoch = 0;  ///< The latest that is held against all of the user's sessions.
};

/// Reads as much for a user that is not there as for one that is.
Result<Account> find_account(Context& context, const Login& login) {
  Account account;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(account.user, login.email ? unit.users().find_by_email(login.name)
                                         : unit.users().find_by_username(login.name));
    const UserId id = account.user ? account.user->id : UserId{0};
    MUSTER_TRY(account.credential, unit.users().credential(id));
    if (context.feed == nullptr) return {};
    MUSTER_TRY(const auto own, unit.users().revocation(id));
    MUSTER_TRY(const auto global, unit.revocations().global());
    account.revoked_epoch = std::max(own.revoked_epoch, global.revoked_epoch);
    return {};
  }));
  return account;
}

Error wrong_login() {
  return Error{ErrorCode::unauthenticated, "the login name or the password is wrong", {}, {}, {}};
}

/// Whether the password was right and is to be hashed anew. Takes the same time for a user that is not there.
Result<bool> check_login(Context& context, const Call& call, const Login& login, const Account& account,
                         const Secret& password) {
  const auto user = account.user ? std::optional(account.user->id) : std::nullopt;
  MUSTER_TRY(auto attempt, CountedAttempt::begin(context, user, login.name, call.source));
  auto match = ports::PasswordMatch::no;
  if (login.well_formed && account.user && account.credential) {
    MUSTER_TRY(match, context.hasher.verify(password, account.credential->hash));
  } else {
    context.hasher.verify_nothing(password);
  }
  if (match == ports::PasswordMatch::no) {
    attempt.was_wrong();
    return fail(wrong_login());
  }
  attempt.was_right();
  if (account.user->status == model::UserStatus::disabled)
    return fail(ErrorCode::account_disabled, "the account is disabled");
  return match == ports::PasswordMatch::yes_outdated;
}

model::Session new_session(Context& context, const Call& call, UserId user, std::int64_t epoch, Time begun) {
  model::Session session;
  session.id.user = user;
  const std::string random = context.entropy.bytes(SessionId::random_size_bytes);
  std::memcpy(session.id.random.data(), random.data(), SessionId::random_size_bytes);
  session.created_at = session.last_used_at = session.issued_at = begun;
  session.expires_at = session.created_at + context.settings()->token_refresh_ttl;
  session.ip = call.source;
  session.user_agent = call.user_agent.substr(0, user_agent_size_max_bytes);
  session.issued_epoch = epoch;
  return session;
}

/// The account may have changed while the password was being hashed.
Status check_still_so(ports::Unit& unit, const Account& account) {
  MUSTER_TRY(const auto user, unit.users().find(account.user->id));
  if (!user) return fail(wrong_login());
  if (user->status == model::UserStatus::disabled)
    return fail(ErrorCode::account_disabled, "the account is disabled");
  MUSTER_TRY(const auto credential, unit.users().credential(account.user->id));
  // A concurrent login may have hashed the same password anew: that leaves the time of change alone.
  if (!credential || credential->changed_at != account.credential->changed_at) return fail(wrong_login());
  return {};
}

/// A revocation may have overtaken the login: its session would be dead from birth, and seem alive.
Status check_not_revoked(ports::Unit& unit, const model::Session& session) {
  MUSTER_TRY(const auto own, unit.users().revocation(session.id.user));
  MUSTER_TRY(const auto global, unit.revocations().global());
  if (!is_revoked(own, session) && !is_revoked(global, session)) return {};
  return fail(Error{ErrorCode::unavailable,
                    "all sessions were ended while you logged in; log in again",
                    {},
                    {},
                    std::chrono::seconds(1)});
}

/// Ends the oldest sessions when there is no room for one more.
Status make_room(Context& context, ports::Unit& unit, UserId user, Time now) {
  constexpr std::size_t ended_at_once_max = 16;
  const std::size_t sessions_max = std::max<std::size_t>(1, context.settings()->sessions_per_user_max);
  MUSTER_TRY(const std::int64_t live, unit.sessions().count_live(user, now));
  if (live < static_cast<std::int64_t>(sessions_max)) return {};
  MUSTER_TRY(const auto sessions,
             unit.sessions().list(user, now, std::nullopt, sessions_max + ended_at_once_max));
  std::vector<SessionId> ended;
  for (std::size_t i = sessions_max - 1; i < sessions.size(); ++i) {
    MUSTER_TRY(const bool revoked, unit.sessions().revoke(sessions[i].id, now));
    if (revoked) ended.push_back(sessions[i].id);
  }
  return revoke_session_tokens(context, unit, ended, now, "a newer session took its place");
}

}  // namespace

Result<LogIn::Reply> LogIn::run(Context& context, Call& call, const Request& request) {
  // Before the account is read: what is revoked from here on revokes this session too.
  std::int64_t epoch = context.tokens.epoch();
  const Time begun = context.clock.now();
  MUSTER_TRY(const Secret password, model::prepare_password(request.password));
  const Login login = read_login(request.login);
  MUSTER_TRY(Account account, find_account(context, login));
  if (account.revoked_epoch > epoch) {
    // Another daemon revoked it a moment ago: without its news this session would be dead from birth.
    MUSTER_CHECK_OK(context.feed->poll());
    epoch = context.tokens.epoch();
    MUSTER_TRY(account, find_account(context, login));
  }
  MUSTER_TRY(const bool outdated, check_login(context, call, login, account, password));

  std::optional<Secret> better_hash;
  if (outdated) {
    MUSTER_TRY(better_hash.emplace(), context.hasher.hash(password));
  }
  model::Session session = new_session(context, call, account.user->id, epoch, begun);
  MUSTER_TRY(const TokenPair pair, new_tokens(context, session, *account.user));

  return call.commit<Reply>(context, ports::Home::of(account.user->id),
                            [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                              MUSTER_CHECK_OK(check_still_so(unit, account));
                              MUSTER_CHECK_OK(check_not_revoked(unit, session));
                              if (better_hash) {
                                const model::Credential renewed{*better_hash, account.credential->changed_at};
                                MUSTER_CHECK_OK(unit.users().set_credential(account.user->id, renewed));
                              }
                              MUSTER_CHECK_OK(make_room(context, unit, account.user->id, session.created_at));
                              MUSTER_CHECK_OK(unit.sessions().create(session));
                              change.target = "session:" + session.id.text();
                              change.after = wire::encode(view_of(session, call.caller));
                              change.planned_target = "session of user:" + account.user->id.text();
                              return pair;
                            });
}

}  // namespace muster::ops
