// SPDX-License-Identifier: Apache-2.0
#include "ops/login_throttle.hpp"

#include "base/client_network.hpp"
#include "ops/context.hpp"
#include "ports/session_store.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace muster::ops {
namespace {

constexpr std::chrono::seconds first_pause{30};
constexpr std::chrono::hours longest_pause{1};
constexpr std::chrono::hours remembered{24};
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::string account_key(const LoginThrottle::Attempt& attempt) {
  return "account " + attempt.account;
}

std::string address_key(const LoginThrottle::Attempt& attempt) {
  return "address " + attempt.address;
}

std::string pair_key(const LoginThrottle::Attempt& attempt) {
  return "pair " + attempt.address + " " + attempt.account;
}

Duration pause_after(std::size_t failures_above_limit) {
  Duration pause = first_pause;
  for (std::size_t i = 0; i < failures_above_limit && pause < longest_pause; ++i) pause *= 2;
  return std::min<Duration>(pause, longest_pause);
}

/// Whether one of the account's newest live sessions began at that address. Reads as much for a user that is
/// not there.
Result<LoginThrottle::Standing> standing_of(Context& context, std::optional<UserId> user,
                                            const std::string& address) {
  constexpr std::size_t sessions_max = 100;
  auto standing = LoginThrottle::Standing::stranger;
  MUSTER_CHECK_OK(
      context.store.read(ports::Home::of(user.value_or(UserId{0})), [&](ports::Unit& unit) -> Status {
        MUSTER_TRY(const auto sessions, unit.sessions().list(user.value_or(UserId{0}), context.clock.now(),
                                                             std::nullopt, sessions_max));
        for (const model::Session& each : sessions)
          if (client_network(each.ip) == address) standing = LoginThrottle::Standing::known;
        return {};
      }));
  return standing;
}

}  // namespace

LoginThrottle::LoginThrottle(std::size_t entries_max) : entries_max_(std::max<std::size_t>(8, entries_max)) {}

std::optional<std::chrono::seconds> LoginThrottle::begin(const Attempt& attempt, Standing standing,
                                                         const Settings& settings, Time now) {
  const Duration window = settings.login_failure_window;
  const std::lock_guard lock(mutex_);
  Time may_try = now;
  const auto look = [&](const std::string& key, std::size_t window_max, std::size_t row_max) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || now >= found->second.last + remembered) return;
    const Entry& known = found->second;
    if (known.in_window >= window_max) may_try = std::max(may_try, known.window_begun + window);
    if (known.in_a_row >= row_max)
      may_try = std::max(may_try, known.last + pause_after(known.in_a_row - row_max));
  };
  const auto count = [&](const std::string& key) {
    Entry& counted = entry(key, now);
    if (now >= counted.window_begun + window) {
      counted.window_begun = now;
      counted.in_window = 0;
    }
    counted.last = now;
    ++counted.in_window;
    ++counted.in_a_row;
  };
  const bool is_stranger = standing == Standing::stranger;
  look(pair_key(attempt), settings.login_failures_max, settings.login_failures_in_a_row_max);
  if (is_stranger) look(account_key(attempt), no_limit, settings.login_failures_in_a_row_max);
  if (is_stranger && settings.login_failures_per_address_max > 0)
    look(address_key(attempt), settings.login_failures_per_address_max, no_limit);
  if (may_try > now) return std::chrono::ceil<std::chrono::seconds>(may_try - now);
  count(pair_key(attempt));
  count(account_key(attempt));
  if (!attempt.address.empty()) count(address_key(attempt));
  return std::nullopt;
}

void LoginThrottle::succeeded(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(pair_key(attempt));
  if (found != entries_.end()) give_back(attempt, found->second.in_a_row);
}

void LoginThrottle::withdraw(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  give_back(attempt, 1);
}

void LoginThrottle::forget(const std::string& account) {
  const std::lock_guard lock(mutex_);
  entries_.erase(account_key({account, {}}));
}

std::size_t LoginThrottle::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

LoginThrottle::Entry& LoginThrottle::entry(const std::string& key, Time now) {
  if (entries_.size() >= entries_max_ && !entries_.contains(key)) make_room(now);
  Entry& found = entries_[key];
  if (now >= found.last + remembered) found = {now, now, 0, 0};
  return found;
}

void LoginThrottle::give_back(const Attempt& attempt, std::size_t failures) {
  for (const std::string& key : {pair_key(attempt), account_key(attempt), address_key(attempt)})
    take_off(key, failures);
}

void LoginThrottle::take_off(const std::string& key, std::size_t failures) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& counted = found->second;
  counted.in_window -= std::min(counted.in_window, failures);
  counted.in_a_row -= std::min(counted.in_a_row, failures);
  if (counted.in_a_row == 0) entries_.erase(found);
}

void LoginThrottle::make_room(Time now) {
  std::erase_if(entries_, [now](const auto& each) { return now >= each.second.last + remembered; });
  if (entries_.size() < entries_max_) return;
  // The least tried go, an eighth at once: a flood of made-up names does not wash out the account under
  // attack, and looking at all of them is paid for by many attempts.
  std::vector<std::size_t> failures;
  failures.reserve(entries_.size());
  for (const auto& [key, each] : entries_) failures.push_back(each.in_a_row);
  std::size_t surplus = entries_.size() / 8;
  const auto limit = failures.begin() + static_cast<std::ptrdiff_t>(surplus);
  std::nth_element(failures.begin(), limit, failures.end());
  std::erase_if(entries_, [&](const auto& each) {
    if (surplus == 0 || each.second.in_a_row > *limit) return false;
    --surplus;
    return true;
  });
}

std::string account_of(std::optional<UserId> user, const std::string& name) {
  return user ? "user " + user->text() : "name " + name;
}

Result<CountedAttempt> CountedAttempt::begin(Context& context, std::optional<UserId> user,
                                             const std::string& name, std::string_view source) {
  using Standing = LoginThrottle::Standing;
  LoginThrottle::Attempt attempt{account_of(user, name), client_network(source)};
  const auto settings = context.settings();
  const Time now = context.clock.now();
  auto wait = context.login_throttle.begin(attempt, Standing::stranger, *settings, now);
  if (wait && !attempt.address.empty()) {
    MUSTER_TRY(const Standing standing, standing_of(context, user, attempt.address));
    if (standing == Standing::known) wait = context.login_throttle.begin(attempt, standing, *settings, now);
  }
  if (wait)
    return fail(Error{ErrorCode::rate_limited, "too many wrong passwords; try again later", {}, {}, wait});
  return CountedAttempt(context.login_throttle, std::move(attempt));
}

CountedAttempt::CountedAttempt(CountedAttempt&& other) noexcept
    : throttle_(std::exchange(other.throttle_, nullptr)), attempt_(std::move(other.attempt_)) {}

CountedAttempt::~CountedAttempt() {
  if (throttle_ != nullptr) throttle_->withdraw(attempt_);
}

void CountedAttempt::was_right() {
  std::exchange(throttle_, nullptr)->succeeded(attempt_);
}

void CountedAttempt::was_wrong() {
  throttle_ = nullptr;
}

}  // namespace muster::ops
