// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/sharded_unit.hpp"

#include "base/log.hpp"

namespace muster::sharded {
namespace {

using ports::Unit;

const char* field_of(model::NameKind kind) {
  switch (kind) {
    case model::NameKind::username:
      return "username";
    case model::NameKind::email:
      return "email";
    case model::NameKind::phone:
      return "phone";
  }
  return "name";
}

Error taken(model::NameKind kind) {
  const std::string field = field_of(kind);
  return Error{
      ErrorCode::already_exists, field + ": is already taken", {}, {{field, "is already taken"}}, {}};
}

}  // namespace

Status UnitClaims::claim(const ports::Name& name, UserId user) {
  Attempt& attempt = *routing_.attempt;
  const Wish wish{name, user};
  const auto answer = attempt.answers.find(wish);
  if (answer == attempt.answers.end()) {
    if (attempt.is_anothers(wish)) return fail(taken(name.kind));
    attempt.wish(wish);
    return {};
  }
  if (!answer->second) return fail(taken(name.kind));
  const model::ClaimId claim = *answer->second;
  MUSTER_TRY(const auto guard, routing_.local.slots().guard(user, claim));
  if (model::commit(guard) == model::Commitment::fenced)
    attempt.fenced = true;
  else
    attempt.committed.push_back({name, user, claim});
  return {};
}

Status UnitClaims::claim_all(const std::vector<ports::NameOfUser>& names) {
  Attempt& attempt = *routing_.attempt;
  std::vector<HeldName> wanted;
  std::vector<UserId> users;
  for (const ports::NameOfUser& each : names) {
    const auto answer = attempt.answers.find({each.name, each.user});
    if (answer == attempt.answers.end() || !answer->second) return fail(taken(each.name.kind));
    wanted.push_back({each.name, each.user, *answer->second});
    if (users.empty() || users.back() != each.user) users.push_back(each.user);
  }
  MUSTER_TRY(const auto stored, routing_.local.slots().guards_of(users));
  std::map<std::pair<UserId, model::ClaimId>, model::Guard> guards;
  for (const ports::StoredGuard& each : stored) guards[{each.user, each.claim}] = each.guard;
  for (const HeldName& each : wanted) {
    const auto found = guards.find({each.user, each.claim});
    const auto guard = found == guards.end() ? std::nullopt : std::optional(found->second);
    attempt.fenced = attempt.fenced || model::commit(guard) == model::Commitment::fenced;
  }
  if (!attempt.fenced) attempt.committed.insert(attempt.committed.end(), wanted.begin(), wanted.end());
  return {};
}

Result<std::optional<model::ClaimId>> UnitClaims::find_hold(const Wish& wish) {
  // While this unit holds the user's slot nobody else can give the user's name up, so the row that leads to
  // the user is the one of the claim that is held.
  MUSTER_TRY(const auto row,
             routing_.on(wish.name, [&](Unit& unit) { return unit.slots().name(wish.name); }));
  return row && row->user == wish.user ? std::optional(row->claim) : std::nullopt;
}

Status UnitClaims::release(const ports::Name& name, UserId user) {
  Attempt& attempt = *routing_.attempt;
  const Wish wish{name, user};
  std::optional<model::ClaimId> claim;
  if (const auto answer = attempt.answers.find(wish); answer != attempt.answers.end()) {
    claim = answer->second;
  } else if (const auto hold = attempt.holds.find(wish); hold != attempt.holds.end()) {
    // At the same version the user has had the name since.
    MUSTER_TRY(const auto named, routing_.local.slots().named_user(user));
    const bool is_unchanged = named && named->version == hold->second.version;
    MUSTER_TRY(claim,
               is_unchanged ? Result<std::optional<model::ClaimId>>(hold->second.claim) : find_hold(wish));
  } else if (routing_.is_here(routing_.layout.owner_of(name))) {
    MUSTER_TRY(claim, find_hold(wish));
  } else {
    if (!attempt.wishes.contains(wish)) attempt.holds_wished.insert(wish);
    return {};
  }
  // Without one it was only asked for in this run, which will be undone; or a check of the shards will tell.
  if (!claim) return {};
  MUSTER_CHECK_OK(routing_.local.slots().put_guard({user, *claim, name, model::Guard::released}));
  attempt.released.push_back({name, user, *claim});
  return {};
}

ShardedUnit::ShardedUnit(const Layout& layout, Relay& relay, const ports::Home& home, ports::Unit& local,
                         Attempt* attempt, ports::Recency recency)
    : routing_{layout, relay, home, local, layout.at(home), attempt, recency == ports::Recency::strict},
      claims_(routing_),
      users_(routing_),
      sessions_(routing_),
      grants_(routing_),
      roles_(routing_),
      revocations_(routing_),
      keys_(routing_),
      audit_(routing_),
      jobs_(routing_),
      meta_(routing_),
      leases_(routing_),
      nodes_(routing_),
      news_(routing_) {
  if (attempt != nullptr) local.slots().claim_names_with(&claims_);
}

Status ShardedUnit::attempt(const std::function<Status()>& part) {
  Attempt* const attempt = routing_.attempt;
  if (attempt == nullptr) return routing_.local.attempt(part);
  // A name that was taken to be free stays asked for; what was done is undone.
  const std::size_t committed = attempt->committed.size();
  const std::size_t released = attempt->released.size();
  const std::size_t removed = attempt->removed_roles.size();
  const std::size_t revocations_wished = attempt->revocations_wished.size();
  const std::size_t revocations_used = attempt->revocations_used;
  Status status = routing_.local.attempt(part);
  if (status) return status;
  attempt->committed.resize(committed);
  attempt->released.resize(released);
  attempt->removed_roles.resize(removed);
  attempt->revocations_wished.resize(revocations_wished);
  attempt->revocations_used = revocations_used;
  return status;
}

}  // namespace muster::sharded
