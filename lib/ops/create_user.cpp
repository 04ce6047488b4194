// SPDX-License-Identifier: Apache-2.0
#include "ops/create_user.hpp"

#include "model/password.hpp"
#include "model/username.hpp"
#include "ops/accounts.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/user_changes.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

struct Prepared {
  model::User user;
  std::string username_canonical;
  Secret password;
};

/// Everything that can be wrong is told at once.
Result<Prepared> prepare(const Context& context, const CreateUser::Request& request) {
  wire::Problems problems;
  Prepared out;
  out.user.username = request.username;
  out.user.email = request.email;
  out.user.phone = request.phone;
  out.user.display_name = request.display_name;
  if (request.attributes) out.user.attributes = *request.attributes;
  make_normal(problems, out.user.email, out.user.phone);
  if (auto canonical = value_or_note(problems, model::canonical_username(request.username)))
    out.username_canonical = std::move(*canonical);
  if (auto password = value_or_note(problems, model::prepare_password(request.password))) {
    const model::PasswordContext known{request.username, request.email, request.display_name};
    if (const auto good = model::check_password(*password, known, context.settings()->breached.get()); !good)
      for (const FieldError& each : good.error().fields) problems.add(each.field, each.message);
    out.password = std::move(*password);
  }
  if (!problems.empty()) return fail(problems.error());
  return out;
}

}  // namespace

Result<CreateUser::Reply> CreateUser::run(Context& context, Call& call, const Request& request) {
  if (!context.settings()->self_registration)
    MUSTER_CHECK_OK(require_permission(context, call, "create:user"));
  if (request.id) MUSTER_CHECK_OK(require_permission(context, call, "import:user"));

  MUSTER_TRY(Prepared prepared, prepare(context, request));
  model::User& user = prepared.user;
  auto home = ports::Home::of(request.id.value_or(UserId{}));
  if (!request.id) {
    MUSTER_TRY(home.user_id, context.ids.next());
    // Whoever repeats a request creates the user of the first time, if that is not there.
    MUSTER_TRY(home, call.settle_home(context, home));
  }
  user.id = home.user_id;
  MUSTER_TRY(Secret hash, context.hasher.hash(prepared.password));
  user.created_at = user.updated_at = context.clock.now();
  const model::Credential credential{std::move(hash), user.created_at};

  return call.commit<Reply>(context, home, [&](ports::Unit& unit, Change& change) -> Result<Reply> {
    MUSTER_CHECK_OK(unit.users().create(user, prepared.username_canonical, credential));
    forget_after_commit(context, unit, user.id);
    note_names(context, unit, ports::names_of(user, prepared.username_canonical));
    change.target = "user:" + user.id.text();
    change.after = wire::encode(user);
    if (!request.id) change.planned_target = "user:" + prepared.username_canonical;
    return user;
  });
}

}  // namespace muster::ops
