// SPDX-License-Identifier: Apache-2.0
#include "ops/passwords.hpp"

#include "model/password.hpp"
#include "model/username.hpp"
#include "ops/accounts.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/login_throttle.hpp"
#include "ops/role_rules.hpp"
#include "ops/tokens.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

struct KnownAccount {
  model::User user;
  std::optional<model::Credential> credential;
};

Result<KnownAccount> find_account(Context& context, UserId id) {
  std::optional<model::User> user;
  KnownAccount account;
  MUSTER_CHECK_OK(context.store.read(ports::Home::of(id), [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(user, unit.users().find(id));
    MUSTER_TRY(account.credential, unit.users().credential(id));
    return {};
  }));
  if (!user) return fail(ErrorCode::not_found, "there is no user " + id.text());
  account.user = std::move(*user);
  return account;
}

Result<model::Credential> new_credential(Context& context, const model::User& user, const Secret& password) {
  constexpr std::string_view field = "new_password";
  MUSTER_TRY(const Secret prepared, model::prepare_password(password, field));
  const model::PasswordContext known{user.username, user.email, user.display_name};
  MUSTER_CHECK_OK(model::check_password(prepared, known, context.settings()->breached.get(), field));
  MUSTER_TRY(Secret hash, context.hasher.hash(prepared));
  return model::Credential{std::move(hash), context.clock.now()};
}

/// Counted together with wrong passwords at login.
Status check_old_password(Context& context, const Call& call, const KnownAccount& account,
                          const Secret& old_password) {
  MUSTER_TRY(auto attempt, CountedAttempt::begin(context, account.user.id, {}, call.source));
  auto match = ports::PasswordMatch::no;
  MUSTER_TRY(const Secret prepared, model::prepare_password(old_password, "old_password"));
  if (account.credential) {
    MUSTER_TRY(match, context.hasher.verify(prepared, account.credential->hash));
  }
  if (match != ports::PasswordMatch::no) {
    attempt.was_right();
    return {};
  }
  attempt.was_wrong();
  Error error{ErrorCode::permission_denied, "the old password is wrong", {}, {}, {}};
  error.fields.push_back({"old_password", "is wrong"});
  return fail(std::move(error));
}

std::string summary(std::int64_t sessions_ended) {
  return R"({"password":"changed","sessions_ended":)" + std::to_string(sessions_ended) + "}";
}

}  // namespace

Result<ChangeOwnPassword::Reply> ChangeOwnPassword::run(Context& context, Call& call,
                                                        const Request& request) {
  if (call.caller.kind != Caller::Kind::user)
    return fail(ErrorCode::invalid_argument, "an operator on the admin socket has no password to change");
  const UserId id = call.caller.user;
  MUSTER_TRY(const KnownAccount account, find_account(context, id));
  MUSTER_CHECK_OK(check_old_password(context, call, account, request.old_password));
  MUSTER_TRY(const auto credential, new_credential(context, account.user, request.new_password));

  return call.commit<Reply>(
      context, ports::Home::of(id), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const auto stored, unit.users().credential(id));
        if (!stored || stored->changed_at != account.credential->changed_at)
          return fail(ErrorCode::conflict, "the password was changed by somebody else meanwhile");
        MUSTER_CHECK_OK(unit.users().set_credential(id, credential));
        const Time now = credential.changed_at;
        MUSTER_TRY(const auto ended, unit.sessions().revoke_all(id, call.caller.session, now));
        MUSTER_CHECK_OK(revoke_session_tokens(context, unit, ended, now, "the password was changed"));
        change.target = "user:" + id.text();
        change.after = summary(static_cast<std::int64_t>(ended.size()));
        return Changed{true};
      });
}

Result<SetUserPassword::Reply> SetUserPassword::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const KnownAccount account, find_account(context, request.id));
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  const auto check_rights = [&](ports::Unit& unit) {
    return check_no_more_rights(context, unit, call, known, request.id);
  };
  // Now, because hashing is dear, and in the unit again, because the user may come to rights meanwhile.
  MUSTER_CHECK_OK(context.store.read(ports::Home::of(request.id), check_rights));
  MUSTER_TRY(const auto credential, new_credential(context, account.user, request.new_password));

  return call.commit<Reply>(
      context, ports::Home::of(request.id), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const auto user, unit.users().find(request.id));
        if (!user) return fail(ErrorCode::not_found, "there is no user " + request.id.text());
        MUSTER_CHECK_OK(check_rights(unit));
        MUSTER_CHECK_OK(unit.users().set_credential(request.id, credential));
        MUSTER_TRY(const std::int64_t ended, end_everything(context, unit, request.id, credential.changed_at,
                                                            "an operator set the password"));
        unit.after_commit([&throttle = context.login_throttle, account = account_of(request.id, {})] {
          throttle.forget(account);
        });
        change.target = "user:" + request.id.text();
        change.after = summary(ended);
        return Changed{true};
      });
}

}  // namespace muster::ops
