// SPDX-License-Identifier: Apache-2.0
#include "ops/authorizer.hpp"

#include "model/builtin_roles.hpp"
#include "model/permission.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace muster::ops {
namespace {

Error no_such_user(UserId user) {
  return Error{ErrorCode::not_found, "there is no user " + user.text(), {}, {}, {}};
}

/// Some users' holdings, bounded: when it is full, one that was not asked for lately goes (second chance).
class Shelf {
 public:
  struct Entry {
    std::shared_ptr<const Holdings> holdings;
    std::vector<model::HeldRole> held;  ///< Found in the compilation of this change; 0: of none.
    std::uint64_t held_change = 0;
    std::size_t place = 0;
    mutable std::atomic<bool> wanted{false};
  };

  /// Calls use(entry) under the shelf's lock, and returns whether there was one.
  template <class Use>
  bool with(UserId user, const Use& use) const {
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(user);
    if (found == entries_.end()) return false;
    found->second.wanted.store(true, std::memory_order_relaxed);
    use(found->second);
    return true;
  }

  /// Finds the user's roles in a compilation once, for all decisions until the next.
  void hold(UserId user, const model::CompiledRoles& roles, std::uint64_t change) {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(user);
    if (found == entries_.end()) return;
    found->second.held = roles.hold(found->second.holdings->grants);
    found->second.held_change = change;
  }

  [[nodiscard]] std::uint64_t generation() const {
    const std::shared_lock lock(mutex_);
    return generation_;
  }

  /// Kept only if nothing was forgotten since `generation`: what was read then may be out of date.
  void fill(UserId user, std::shared_ptr<const Holdings> holdings, std::uint64_t generation,
            std::size_t users_max) {
    const std::unique_lock lock(mutex_);
    if (generation_ != generation) return;
    const auto [entry, added] = entries_.try_emplace(user);
    entry->second.holdings = std::move(holdings);
    entry->second.held_change = 0;
    if (!added) return;
    entry->second.place = ring_.size();
    ring_.push_back(user);
    if (ring_.size() > users_max) make_room();
  }

  void forget(UserId user) {
    const std::unique_lock lock(mutex_);
    ++generation_;
    if (const auto found = entries_.find(user); found != entries_.end()) erase(found);
  }

  void forget_all() {
    const std::unique_lock lock(mutex_);
    ++generation_;
    entries_.clear();
    ring_.clear();
    hand_ = 0;
  }

 private:
  using Entries = std::unordered_map<UserId, Entry>;

  void make_room() {
    // The newest stands last and is passed over: it has not had its chance.
    const std::size_t others = ring_.size() - 1;
    for (std::size_t step = 0; step <= others; ++step) {
      hand_ = hand_ >= others ? 0 : hand_;
      const auto candidate = entries_.find(ring_[hand_]);
      if (!candidate->second.wanted.exchange(false, std::memory_order_relaxed) || step == others)
        return erase(candidate);
      ++hand_;
    }
  }

  void erase(Entries::iterator entry) {
    const std::size_t place = entry->second.place;
    ring_[place] = ring_.back();
    entries_.find(ring_[place])->second.place = place;
    ring_.pop_back();
    entries_.erase(entry);
  }

  mutable std::shared_mutex mutex_;
  Entries entries_;
  std::vector<UserId> ring_;
  std::size_t hand_ = 0;
  std::uint64_t generation_ = 0;
};

/// Whether the stored built-in role is as this version of Muster has it; its exclusions are the operator's.
bool up_to_date(const model::Role& stored, const model::Role& wanted) {
  return stored.built_in && stored.description == wanted.description &&
         stored.permissions == wanted.permissions && stored.parents == wanted.parents;
}

Status put_builtin_roles(ports::RoleStore& roles) {
  for (model::Role& wanted : model::builtin_roles()) {
    MUSTER_TRY(const auto stored, roles.find(wanted.name));
    if (!stored) {
      MUSTER_CHECK_OK(roles.create(wanted));
    } else if (!up_to_date(*stored, wanted)) {
      wanted.exclusive_with = stored->exclusive_with;
      MUSTER_CHECK_OK(roles.update(wanted));
    }
  }
  return {};
}

}  // namespace

class Authorizer::Impl {
 public:
  using Roles = std::shared_ptr<const model::CompiledRoles>;

  Impl(ports::Store& store, ports::Clock& clock, std::size_t users_max)
      : store_(store), clock_(clock), shelf_users_max_(std::max<std::size_t>(1, users_max / shelf_count)) {}

  Status load() {
    bool missing = false;
    MUSTER_CHECK_OK(store_.read([&](ports::Unit& unit) -> Status {
      for (const model::Role& wanted : model::builtin_roles()) {
        MUSTER_TRY(const auto stored, unit.roles().find(wanted.name));
        missing = missing || !stored || !up_to_date(*stored, wanted);
      }
      return {};
    }));
    if (missing)
      MUSTER_CHECK_OK(store_.write([](ports::Unit& unit) { return put_builtin_roles(unit.roles()); }));
    roles_changed();
    forget_all();
    MUSTER_TRY(const Roles compiled, roles());
    static_cast<void>(compiled);
    return {};
  }

  /// Calls use(compiled roles, the change they are of) if they are up to date.
  template <class Use>
  bool with_roles(const Use& use) const {
    const std::shared_lock lock(roles_mutex_);
    if (!roles_ || compiled_change_ != change_.load(std::memory_order_acquire)) return false;
    use(roles_, compiled_change_);
    return true;
  }

  Result<Roles> roles() {
    Roles out;
    if (with_roles([&](const Roles& compiled, std::uint64_t) { out = compiled; })) return out;
    const std::lock_guard compiling(compile_mutex_);
    if (with_roles([&](const Roles& compiled, std::uint64_t) { out = compiled; })) return out;
    // Taken before the roles are read: a change that comes later makes this compilation out of date.
    const std::uint64_t change = change_.load(std::memory_order_acquire);
    std::vector<model::Role> all;
    std::int64_t version = 0;
    MUSTER_CHECK_OK(store_.read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(version, unit.roles().version());
      MUSTER_TRY(all, unit.roles().all());
      return {};
    }));
    out = model::CompiledRoles::compile(model::RoleGraph(std::move(all)), version);
    const std::unique_lock lock(roles_mutex_);
    roles_ = out;
    compiled_change_ = change;
    return out;
  }

  Result<std::shared_ptr<const Holdings>> holdings(UserId user) {
    MUSTER_CHECK_OK(check_age());
    if (auto known = holdings_from_memory(user)) return known;
    Shelf& shelf = shelf_of(user);
    const std::uint64_t generation = shelf.generation();
    auto filled = std::make_shared<Holdings>();
    MUSTER_CHECK_OK(store_.read(ports::Home::of(user), [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const auto found, unit.users().find(user));
      if (!found) return {};
      filled->exists = true;
      filled->active = found->status == model::UserStatus::active;
      MUSTER_TRY(filled->grants, unit.grants().list(user));
      return {};
    }));
    // Who does not exist may be created any moment, and nobody forgets them then.
    if (filled->exists) shelf.fill(user, filled, generation, shelf_users_max_);
    return std::shared_ptr<const Holdings>(std::move(filled));
  }

  std::shared_ptr<const Holdings> holdings_from_memory(UserId user) {
    std::shared_ptr<const Holdings> out;
    if (!check_age()) return out;
    shelf_of(user).with(user, [&](const Shelf::Entry& entry) { out = entry.holdings; });
    return out;
  }

  std::optional<bool> decide_from_memory(UserId user, std::string_view permission) {
    const Time now = clock_.now();
    std::optional<bool> out;
    with_roles([&](const Roles& compiled, std::uint64_t change) {
      Shelf& shelf = shelf_of(user);
      bool is_held = true;
      const auto decide = [&](const Shelf::Entry& entry) {
        is_held = entry.held_change == change;
        if (!entry.holdings->active)
          out = false;
        else if (is_held)
          out = compiled->allows(std::span(entry.held), permission, now);
        else
          out = compiled->allows(std::span(entry.holdings->grants), permission, now);
      };
      if (shelf.with(user, decide) && !is_held) shelf.hold(user, *compiled, change);
    });
    return out;
  }

  Result<bool> allows(UserId user, std::string_view permission) {
    MUSTER_CHECK_OK(check_age());
    if (const auto known = decide_from_memory(user, permission)) return *known;
    MUSTER_TRY(const Roles compiled, roles());
    MUSTER_TRY(const auto held, holdings(user));
    if (!held->exists) return fail(no_such_user(user));
    return held->active && compiled->allows(std::span(held->grants), permission, clock_.now());
  }

  [[nodiscard]] Status check_age() const { return age_ == nullptr ? Status{} : age_->check(); }
  void refuse_when_old(const FeedAge& age) { age_ = &age; }
  void roles_changed() { change_.fetch_add(1, std::memory_order_acq_rel); }
  void forget(UserId user) { shelf_of(user).forget(user); }
  void forget_all() {
    for (Shelf& each : shelves_) each.forget_all();
  }

 private:
  static constexpr std::size_t shelf_count = 64;

  Shelf& shelf_of(UserId user) {
    static_assert(shelf_count == 64);
    return shelves_[std::hash<UserId>{}(user) >> 58];
  }

  ports::Store& store_;
  ports::Clock& clock_;
  std::size_t shelf_users_max_;
  const FeedAge* age_ = nullptr;
  std::array<Shelf, shelf_count> shelves_;

  std::atomic<std::uint64_t> change_{1};
  std::mutex compile_mutex_;
  mutable std::shared_mutex roles_mutex_;
  Roles roles_;
  std::uint64_t compiled_change_ = 0;
};

Authorizer::Authorizer(ports::Store& store, ports::Clock& clock, std::size_t users_max)
    : impl_(std::make_unique<Impl>(store, clock, users_max)) {}

Authorizer::~Authorizer() = default;

void Authorizer::refuse_when_old(const FeedAge& age) {
  impl_->refuse_when_old(age);
}

Status Authorizer::load() {
  return impl_->load();
}

Result<bool> Authorizer::allows(UserId user, std::string_view permission) {
  MUSTER_CHECK_OK(model::check_permission_code(permission));
  return impl_->allows(user, permission);
}

std::optional<Result<bool>> Authorizer::allows_from_memory(UserId user, std::string_view permission) {
  if (auto valid = model::check_permission_code(permission); !valid)
    return Result<bool>(fail(std::move(valid).error()));
  if (auto fresh = impl_->check_age(); !fresh) return Result<bool>(fail(std::move(fresh).error()));
  if (const auto known = impl_->decide_from_memory(user, permission)) return Result<bool>(*known);
  return std::nullopt;
}

Result<std::shared_ptr<const Holdings>> Authorizer::holdings(UserId user) {
  return impl_->holdings(user);
}

std::shared_ptr<const Holdings> Authorizer::holdings_from_memory(UserId user) {
  return impl_->holdings_from_memory(user);
}

std::vector<std::string> Authorizer::role_names(const Holdings& holdings, Time now) {
  std::vector<std::string> out;
  for (const model::Grant& grant : holdings.grants)
    if (grant.in_force(now)) out.push_back(grant.role);
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::shared_ptr<const model::CompiledRoles>> Authorizer::roles() {
  return impl_->roles();
}

void Authorizer::roles_changed() {
  impl_->roles_changed();
}

void Authorizer::forget(UserId user) {
  impl_->forget(user);
}

void Authorizer::forget_all() {
  impl_->forget_all();
}

}  // namespace muster::ops
