// SPDX-License-Identifier: Apache-2.0
/// @file What daemons share in Redis, a key for each user: the user (or that there is none) with the state it
/// is of, the lease of who is reading it from the store, or the mark that it changed. A value is put there
/// only by the holder of the lease, which every change breaks: so whoever reads slowly overwrites nothing
/// newer, and brings nobody back.
///
/// Redis is not believed: it may lose a change, or bring back what was there long ago, when it is restarted
/// or fails over. So each value says which state of the slot it is of, and by the clock of Redis since when;
/// what is below a daemon's floor, or older than what the daemon has heard of, is as if it were not there.
/// (Between servers clocks may differ: two seconds are allowed for.) Whatever fails, is done without.
/// Thread-safe.
#pragma once

#include "adapters/cached/pause.hpp"
#include "adapters/redis/client.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "ports/clock.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace muster::cached {

struct SharedValue {
  std::int64_t as_of = 0;  ///< Sequence number of the user's slot.
  std::int64_t since_microseconds = 0;
  std::int64_t version = 0;
  std::string json;  ///< Empty: there is no such user.
};

class SharedLevel {
 public:
  struct Counters {
    std::uint64_t hits = 0, hits_negative = 0, misses = 0, distrusted = 0, failures = 0, fills = 0,
                  fills_refused = 0;
    bool answers = true;
    redis::Errands::Counts errands;  ///< Of those who do not wait.
  };
  /// The right to put a value there.
  struct Lease {
    std::string token;
    std::int64_t as_of_min = 0;  ///< The slot has come so far already.
    std::int64_t since_microseconds = 0;
  };
  /// What to do about a user that is not there.
  struct Claim {
    enum class Kind : std::uint8_t { value, mine, others, none };
    Kind kind = Kind::none;  ///< None: Redis does not answer.
    SharedValue value;
    Lease lease;
  };

  /// `name` tells this installation's keys from those of others.
  SharedLevel(const redis::Url& url, const redis::Passwords& passwords, const std::string& name,
              ports::Entropy& entropy);
  SharedLevel(const SharedLevel&) = delete;
  SharedLevel& operator=(const SharedLevel&) = delete;
  ~SharedLevel();

  /// At least of state `floor`.
  std::optional<SharedValue> get(UserId user, std::int64_t floor);
  /// Asks without waiting, on a thread that runs a loop; what the asker is told, take() reads. False, and the
  /// asker stays with the caller, where that is not possible now.
  bool ask(UserId user, std::unique_ptr<redis::Asker>& asker);
  /// At least of state `floor`.
  std::optional<SharedValue> take(std::optional<redis::Reply> reply, std::int64_t floor);
  Claim claim(UserId user, std::int64_t floor);
  /// Waits a bounded while for the value that another one is reading.
  std::optional<SharedValue> wait_for(UserId user, std::int64_t floor);
  /// Whether it is there now.
  bool fill(UserId user, const Lease& lease, const SharedValue& value, std::chrono::milliseconds ttl);

  /// The user changed; it is told to Redis soon, by another thread.
  void changed(UserId user, std::int64_t seq);
  /// Whatever was put there before is not believed any more.
  void distrust_all();

  Result<std::int64_t> size();
  /// Removes all of this installation; how many they were.
  Result<std::int64_t> flush();

  [[nodiscard]] Counters counters() const;

 private:
  struct Change {
    UserId user;
    std::int64_t seq;
  };
  [[nodiscard]] std::string key_of(UserId user) const { return prefix_ + user.text(); }
  [[nodiscard]] bool is_trusted(const SharedValue& value, std::int64_t floor) const;
  std::optional<SharedValue> look(UserId user, std::int64_t floor);
  Result<redis::Reply> run(redis::Script& script, UserId user, const redis::Words& arguments);
  void note_time(std::int64_t microseconds, std::uint64_t distrusts);
  void tell_changes();
  Result<std::int64_t> sweep(bool remove);

  const std::string prefix_;
  const std::int64_t skew_microseconds_;
  const std::chrono::milliseconds lease_time_{1000};
  ports::Entropy& entropy_;
  redis::Client client_;
  redis::Script claim_script_;
  redis::Script fill_script_;
  redis::Script change_script_;

  std::atomic<std::int64_t> trusted_since_;
  std::atomic<std::uint64_t> distrusts_{0};
  std::mutex trust_mutex_;

  std::atomic<std::uint64_t> hits_{0}, hits_negative_{0}, misses_{0}, distrusted_{0}, failures_{0}, fills_{0},
      fills_refused_{0};
  std::atomic<bool> answers_{true};

  Pause pause_;
  std::mutex changes_mutex_;
  std::condition_variable has_changes_;
  std::deque<Change> changes_;
  bool stopping_ = false;
  std::thread teller_;
};

}  // namespace muster::cached
