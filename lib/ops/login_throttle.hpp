// SPDX-License-Identifier: Apache-2.0
/// @file Slows down guessing of passwords, in memory of bounded size. An attempt counts as a failure from
/// before its password is hashed, so that attempts at the same time cannot slip past each other, and is given
/// back when the password was right. It counts three times:
///  - for the account from this address, whoever asks there: so many in a window, so many in a row;
///  - for the account from addresses strange to it: so many in a row, NIST SP 800-63B 5.2.2;
///  - for the address, whatever the account: so many in a window.
/// What is in a row above its limit is not locked but slowed, more and more, up to one attempt an hour. An
/// address where the account has a live session is held to the first count only, so that strangers lock
/// nobody out. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace muster::ops {

struct Context;
struct Settings;

class LoginThrottle {
 public:
  /// Whose password is tried, and from where.
  struct Attempt {
    std::string account;  ///< account_of()
    std::string address;  ///< client_network(); empty is not counted by address.
  };
  enum class Standing : bool { stranger, known };

  explicit LoginThrottle(std::size_t entries_max = 131'072);

  /// Counts the attempt; or how long it must wait, and then nothing is counted.
  std::optional<std::chrono::seconds> begin(const Attempt& attempt, Standing standing,
                                            const Settings& settings, Time now);
  /// The password was right: this address's failures at the account are forgotten.
  void succeeded(const Attempt& attempt);
  /// Nothing came of it, neither right nor wrong.
  void withdraw(const Attempt& attempt);
  /// An operator set a new password.
  void forget(const std::string& account);
  /// How many counts are kept.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    Time window_begun;
    Time last;
    std::size_t in_window = 0;
    std::size_t in_a_row = 0;
  };

  Entry& entry(const std::string& key, Time now);
  void take_off(const std::string& key, std::size_t failures);
  void give_back(const Attempt& attempt, std::size_t failures);
  void make_room(Time now);

  std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

/// What attempts are counted for: the user, by whichever name; where there is none, the name in normal form.
std::string account_of(std::optional<UserId> user, const std::string& name);

/// An attempt that was counted; unless told how it ended, it is withdrawn.
class CountedAttempt {
 public:
  /// `source` is the call's. Error: rate_limited.
  static Result<CountedAttempt> begin(Context& context, std::optional<UserId> user, const std::string& name,
                                      std::string_view source);
  CountedAttempt(CountedAttempt&& other) noexcept;
  CountedAttempt& operator=(CountedAttempt&&) = delete;
  ~CountedAttempt();

  void was_right();
  void was_wrong();

 private:
  CountedAttempt(LoginThrottle& throttle, LoginThrottle::Attempt attempt)
      : throttle_(&throttle), attempt_(std::move(attempt)) {}

  LoginThrottle* throttle_;  ///< Nothing once it ended.
  LoginThrottle::Attempt attempt_;
};

}  // namespace muster::ops
