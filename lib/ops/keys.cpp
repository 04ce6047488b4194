// SPDX-License-Identifier: Apache-2.0
#include "ops/keys.hpp"

#include "ops/accounts.hpp"
#include "ops/changed.hpp"
#include "ops/context.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

using Keys = std::vector<model::SealedSigningKey>;

Result<Keys> read_keys(Context& context) {
  Keys keys;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(keys, unit.keys().list());
    return {};
  }));
  return keys;
}

Keys::iterator in_state(Keys& keys, model::KeyState state) {
  return std::find_if(keys.begin(), keys.end(),
                      [state](const auto& each) { return each.key.state == state; });
}

bool is_dead(const model::SigningKey& key, Time now) {
  return key.state == model::KeyState::retired && key.expires_at && *key.expires_at <= now;
}

/// Removes keys whose last token is dead; how many.
Result<std::size_t> remove_dead(ports::Unit& unit, Keys& keys, Time now) {
  std::size_t removed = 0;
  for (auto each = keys.begin(); each != keys.end();) {
    if (!is_dead(each->key, now)) {
      ++each;
      continue;
    }
    MUSTER_TRY(const bool gone, unit.keys().remove(each->key.id));
    removed += gone ? 1 : 0;
    each = keys.erase(each);
  }
  return removed;
}

std::string id_of_current(const Keys& keys) {
  const auto current = std::find_if(
      keys.begin(), keys.end(), [](const auto& each) { return each.key.state == model::KeyState::current; });
  return current == keys.end() ? std::string() : current->key.id;
}

void follow(Context& context, ports::Unit& unit, const Keys& keys) {
  unit.after_commit([&tokens = context.tokens, keys] { tokens.replace_keys(keys); });
}

std::string summary(const Keys& keys) {
  std::vector<model::SigningKey> shown;
  for (const auto& each : keys) shown.push_back(each.key);
  return wire::encode(shown);
}

/// `made` becomes the next key. Error: conflict when there is no next key that could take over.
Result<RotateKeys::Reply> rotate(Context& context, ports::Unit& unit, const model::SealedSigningKey& made,
                                 Change& change) {
  const Time now = context.clock.now();
  MUSTER_TRY(Keys keys, unit.keys().list());
  change.before = summary(keys);
  const auto current = in_state(keys, model::KeyState::current);
  const auto next = in_state(keys, model::KeyState::next);
  if (next == keys.end()) return fail(ErrorCode::conflict, "there is no next signing key to change to");

  RotateKeys::Reply reply;
  if (current != keys.end()) {
    current->key.state = model::KeyState::retired;
    current->key.retired_at = now;
    current->key.expires_at = context.tokens.dead_by(now, *context.settings());
    MUSTER_CHECK_OK(unit.keys().update(current->key));
    reply.retired = current->key;
  }
  next->key.state = model::KeyState::current;
  next->key.activated_at = now;
  MUSTER_CHECK_OK(unit.keys().update(next->key));
  MUSTER_CHECK_OK(unit.keys().insert(made));
  reply.current = next->key;
  reply.next = made.key;
  keys.push_back(made);
  MUSTER_TRY(const std::size_t removed, remove_dead(unit, keys, now));
  follow(context, unit, keys);
  change.target = "keys";
  change.after = summary(keys);
  change.count = static_cast<std::int64_t>(removed) + 3;
  return reply;
}

}  // namespace

Result<ListKeys::Reply> ListKeys::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  MUSTER_TRY(const Keys keys, read_keys(context));
  Reply reply;
  for (const auto& each : keys) reply.items.push_back(each.key);
  std::stable_sort(reply.items.begin(), reply.items.end(),
                   [](const auto& a, const auto& b) { return a.state < b.state; });
  return reply;
}

Result<RotateKeys::Reply> RotateKeys::run(Context& context, Call& call, const Request& /*request*/) {
  MUSTER_TRY(const auto made,
             context.signer.generate(context.settings()->token_algorithm, context.clock.now()));
  return call.commit<Reply>(context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) {
    return rotate(context, unit, made, change);
  });
}

Result<bool> rotate_keys_if_due(Context& context) {
  const Time now = context.clock.now();
  MUSTER_TRY(Keys keys, read_keys(context));
  const auto current = in_state(keys, model::KeyState::current);
  const Time due = current == keys.end() ? Time()
                                         : current->key.activated_at.value_or(current->key.created_at) +
                                               context.settings()->key_rotation_interval;
  Call call;
  call.caller.kind = Caller::Kind::system;
  call.source = "daemon";
  call.operation = RotateKeys::info.name;
  if (now >= due) {
    MUSTER_TRY(const auto made, context.signer.generate(context.settings()->token_algorithm, now));
    bool rotated = false;
    MUSTER_CHECK_OK(call.commit<RotateKeys::Reply>(
        context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<RotateKeys::Reply> {
          MUSTER_TRY(const Keys stored, unit.keys().list());
          // Another daemon may have found it due too, and been quicker.
          rotated = id_of_current(stored) == id_of_current(keys);
          return rotated ? rotate(context, unit, made, change) : RotateKeys::Reply{};
        }));
    return rotated;
  }
  if (std::none_of(keys.begin(), keys.end(), [now](const auto& each) { return is_dead(each.key, now); }))
    return false;
  MUSTER_CHECK_OK(call.commit<Changed>(
      context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<Changed> {
        MUSTER_TRY(Keys stored, unit.keys().list());
        change.before = summary(stored);
        MUSTER_TRY(const std::size_t removed, remove_dead(unit, stored, now));
        if (removed == 0) return Changed{false};
        follow(context, unit, stored);
        change.target = "keys";
        change.after = summary(stored);
        change.count = static_cast<std::int64_t>(removed);
        return Changed{true};
      }));
  return false;
}

}  // namespace muster::ops
