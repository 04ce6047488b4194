// SPDX-License-Identifier: Apache-2.0
#include "ops/invoke.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "ops/authorizer.hpp"
#include "ops/news.hpp"
#include "ports/security_store.hpp"
#include "ports/system_store.hpp"
#include "wire/error_table.hpp"

#include <boost/json.hpp>

namespace muster::ops {
namespace {

constexpr std::chrono::hours idempotency_lifetime{24};

/// Marks the end of a dry run: the transaction is undone, the call succeeds.
Error undo_dry_run() {
  return Error{ErrorCode::internal, "dry run", {}, {}, {}};
}

/// Answers what can be told from the call alone; nothing when the caller's permissions must be looked at.
std::optional<Status> authorize_by_kind(const Call& call, const OperationInfo& info,
                                        std::optional<UserId> subject) {
  using Kind = Caller::Kind;
  if (info.needs == nobody_needs_anything) return Status{};
  if (call.caller.kind == Kind::anonymous)
    return Status(fail(ErrorCode::unauthenticated, "a valid access token is needed"));
  if (call.caller.kind == Kind::operator_local || call.caller.kind == Kind::system) return Status{};
  if (info.needs.empty()) return Status{};
  if (info.own_allowed && subject == call.caller.user) return Status{};
  return std::nullopt;
}

Status verdict(bool allowed, const OperationInfo& info) {
  if (allowed) return {};
  return fail(ErrorCode::permission_denied, "the permission " + std::string(info.needs) + " is needed");
}

}  // namespace

std::string Caller::actor() const {
  switch (kind) {
    case Kind::user:
      return user.text();
    case Kind::operator_local:
      return "os:" + std::to_string(user_id_os);
    case Kind::system:
      return "system";
    case Kind::anonymous:
      break;
  }
  return "anonymous";
}

Status authorize(Context& context, const Call& call, const OperationInfo& info,
                 std::optional<UserId> subject) {
  if (auto known = authorize_by_kind(call, info, subject)) return *known;
  auto allowed = context.authorizer.allows(call.caller.user, info.needs);
  // A caller that was deleted while its token lived has no permission at all.
  if (!allowed && allowed.error().code == ErrorCode::not_found) return verdict(false, info);
  if (!allowed) return fail(std::move(allowed).error());
  return verdict(*allowed, info);
}

std::optional<Status> authorize_from_memory(Context& context, const Call& call, const OperationInfo& info,
                                            std::optional<UserId> subject) {
  if (auto known = authorize_by_kind(call, info, subject)) return known;
  const auto allowed = context.authorizer.allows_from_memory(call.caller.user, info.needs);
  if (!allowed || !*allowed) return std::nullopt;
  return verdict(**allowed, info);
}

std::optional<UserId> subject_in(const wire::Json& json, std::string_view member) {
  const auto* object = json.if_object();
  const auto* value = object == nullptr ? nullptr : object->if_contains(member);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return UserId::parse(std::string_view(value->get_string()));
}

std::optional<std::int64_t> version_in(std::string_view text) {
  const auto json = wire::parse_json(text);
  const auto* object = json ? json->if_object() : nullptr;
  const auto* version = object == nullptr ? nullptr : object->if_contains("version");
  return version != nullptr && version->is_int64() ? std::optional(version->get_int64()) : std::nullopt;
}

void Measure::finish(const Error* error) {
  const auto took = std::chrono::steady_clock::now() - started_;
  context_.meter.record(operation_, error == nullptr ? "ok" : wire::entry_of(error->code).name, took);
  if (error == nullptr) return;
  if (error->code == ErrorCode::internal || error->code == ErrorCode::unavailable)
    log::error_now_and_then(std::string(operation_) + " failed: " + error->message +
                            (error->detail.empty() ? "" : ": " + error->detail));
  else if (error->code == ErrorCode::permission_denied)
    log::info("{} refused: {}", operation_, error->message);
}

Status Call::check_version(std::int64_t current) const {
  if (!if_match || *if_match == current) return {};
  return fail(ErrorCode::precondition_failed, "If-Match names version " + std::to_string(*if_match) +
                                                  ", but the current one is " + std::to_string(current));
}

std::string Call::scoped_key() const {
  return idempotency_key ? caller.actor() + ":" + operation + ":" + *idempotency_key : std::string();
}

Result<ports::Home> Call::settle_home(Context& context, const ports::Home& proposed) const {
  if (!idempotency_key || dry_run) return proposed;
  return context.store.settle_home(scoped_key(), context.clock.now() + idempotency_lifetime, proposed);
}

namespace {

std::string seal_context_of(const std::string& key) {
  return "idempotency:" + key;
}

/// The first reply to that key. Error: conflict (it was to another request).
Result<std::optional<std::string>> find_reply(Context& context, ports::Unit& unit, const std::string& key,
                                              const std::string& request_hash) {
  MUSTER_TRY(const auto remembered, unit.idempotency().find(key));
  if (!remembered || context.clock.now() >= remembered->expires_at) return std::optional<std::string>{};
  MUSTER_TRY(const Secret first_hash, context.sealer.open(remembered->request_hash, seal_context_of(key)));
  if (!constant_time_equal(first_hash.reveal(), request_hash))
    return fail(ErrorCode::conflict, "this Idempotency-Key was used for another request");
  MUSTER_TRY(const Secret reply, context.sealer.open(remembered->sealed_reply, seal_context_of(key)));
  return std::optional(std::string(reply.reveal()));
}

}  // namespace

Status Call::commit_encoded(Context& context, const ports::Home& home,
                            const std::function<Result<std::string>(ports::Unit&, Change&)>& work) {
  const Time now = context.clock.now();
  const std::string key = scoped_key();
  const std::string request_hash =
      key.empty() ? std::string() : context.sealer.digest(operation + "\n" + request_text);
  const std::string seal_context = seal_context_of(key);
  bool undone = false;

  MUSTER_TRY(const ports::Home settled, settle_home(context, home));
  if (settled != home) return fail(ErrorCode::conflict, "this Idempotency-Key was used for another request");

  auto status = context.store.write(home, [&](ports::Unit& unit) -> Status {
    replayed_reply.reset();
    plan_reply.reset();
    undone = false;
    if (!key.empty()) {
      MUSTER_TRY(replayed_reply, find_reply(context, unit, key, request_hash));
      if (replayed_reply) return {};
    }
    Change change;
    MUSTER_TRY(const std::string reply, work(unit, change));
    const bool changed = !change.target.empty();
    if (dry_run || plan_hash) {
      const std::string basis = operation + "\n" + request_text + "\n" +
                                change.planned_target.value_or(change.target) + "\n" +
                                change.before.value_or("null") + "\n" + std::to_string(change.count);
      Plan plan;
      plan.plan_hash = hex_encode(context.sealer.digest(basis)).substr(0, 32);
      if (plan_hash && *plan_hash != plan.plan_hash)
        return fail(ErrorCode::precondition_failed,
                    "the plan is stale: the state it was made for has changed");
      if (dry_run) {
        plan.changes = changed ? change.count : 0;
        plan.operation = operation;
        if (changed) plan.target = change.planned_target.value_or(change.target);
        if (change.before) plan.before = JsonValue{*change.before};
        if (change.after) plan.after = JsonValue{*change.after};
        plan_reply = wire::encode(plan);
        if (change.planned_results)
          plan_reply->replace(plan_reply->size() - 1, 1, ",\"results\":" + *change.planned_results + "}");
        undone = true;
        return fail(undo_dry_run());
      }
    }
    if (changed && change.audited) {
      model::AuditRecord record;
      record.time = now;
      record.actor = caller.actor();
      record.source = source;
      record.operation = operation;
      record.target = change.target;
      record.outcome = "ok";
      record.trace_id = trace_id;
      if (change.before) record.before = JsonValue{*change.before};
      if (change.after) record.after = JsonValue{*change.after};
      MUSTER_CHECK_OK(unit.audit().append(record));
      tell_others_after_commit(context, unit);
    }
    // The hash is sealed too: of a request with a password in it, it would give the password to guessing.
    if (!key.empty())
      MUSTER_CHECK_OK(unit.idempotency().put(
          key, {context.sealer.seal(request_hash, seal_context), context.sealer.seal(reply, seal_context),
                now + idempotency_lifetime}));
    return {};
  });
  if (undone) return {};
  return status;
}

}  // namespace muster::ops
