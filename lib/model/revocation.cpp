// SPDX-License-Identifier: Apache-2.0
#include "model/revocation.hpp"

#include <algorithm>
#include <mutex>

namespace muster::model {
namespace {

void raise(std::atomic<std::int64_t>& value, std::int64_t to) {
  std::int64_t seen = value.load();
  while (seen < to && !value.compare_exchange_weak(seen, to)) {
  }
}

}  // namespace

void RevocationIndex::Mark::merge(const Revocation& revocation) {
  if (revocation.issued_before) {
    bounded_epoch = std::max(bounded_epoch, revocation.epoch);
    bounded_before = std::max(bounded_before, *revocation.issued_before);
  } else {
    epoch = std::max(epoch, revocation.epoch);
  }
  expires_at = std::max(expires_at, revocation.expires_at);
}

bool RevocationIndex::Mark::revokes(const TokenStamp& token) const {
  return token.epoch < epoch || (token.epoch < bounded_epoch && token.issued_at < bounded_before);
}

std::size_t RevocationIndex::stripe_of(UserId user) {
  static_assert(stripe_count == 64);
  return std::hash<UserId>{}(user) >> 58;
}

void RevocationIndex::apply(const Revocation& revocation) {
  if (const auto* user = std::get_if<UserId>(&revocation.target)) {
    Stripe& into = stripes_[stripe_of(*user)];
    const std::unique_lock lock(into.mutex);
    into.users[*user].merge(revocation);
    into.entries.store(into.users.size() + into.sessions.size(), std::memory_order_release);
  } else if (const auto* session = std::get_if<SessionId>(&revocation.target)) {
    Stripe& into = stripes_[stripe_of(session->user)];
    const std::unique_lock lock(into.mutex);
    into.sessions[*session].merge(revocation);
    into.entries.store(into.users.size() + into.sessions.size(), std::memory_order_release);
  } else {
    const std::unique_lock lock(all_mutex_);
    all_.merge(revocation);
    has_all_.store(true, std::memory_order_release);
  }
  // Last, so that no token is stamped with an epoch whose revocation is not yet in force.
  raise(epoch_, revocation.epoch);
}

bool RevocationIndex::revokes(const TokenStamp& token) const {
  if (has_all_.load(std::memory_order_acquire)) {
    const std::shared_lock lock(all_mutex_);
    if (all_.revokes(token)) return true;
  }
  const Stripe& from = stripes_[stripe_of(token.session.user)];
  if (from.entries.load(std::memory_order_acquire) == 0) return false;
  const std::shared_lock lock(from.mutex);
  if (const auto user = from.users.find(token.session.user);
      user != from.users.end() && user->second.revokes(token))
    return true;
  const auto session = from.sessions.find(token.session);
  return session != from.sessions.end() && session->second.revokes(token);
}

std::int64_t RevocationIndex::epoch() const {
  return epoch_.load();
}

std::size_t RevocationIndex::forget_expired(Time now) {
  const auto expired = [now](const auto& entry) { return entry.second.expires_at <= now; };
  std::size_t left = 0;
  for (Stripe& each : stripes_) {
    const std::unique_lock lock(each.mutex);
    std::erase_if(each.users, expired);
    std::erase_if(each.sessions, expired);
    const std::size_t kept = each.users.size() + each.sessions.size();
    each.entries.store(kept, std::memory_order_release);
    left += kept;
  }
  const std::unique_lock lock(all_mutex_);
  if (has_all_.load() && all_.expires_at <= now) {
    all_ = {};
    has_all_.store(false, std::memory_order_release);
  }
  return left + (has_all_.load() ? 1 : 0);
}

}  // namespace muster::model
