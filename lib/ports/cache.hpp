// SPDX-License-Identifier: Apache-2.0
/// @file Users that were read lately, kept nearer than the store. Only who may be shown a recent state asks
/// here; logins, tokens and decisions never do. What is shown contains everything this daemon changed and
/// heard of from others before the question. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "ports/name.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::ports {

/// A user as the API shows it, or that there is none.
struct CachedUser {
  std::int64_t version = 0;
  std::string json;  ///< Empty: there is no such user.

  [[nodiscard]] bool is_there() const { return !json.empty(); }
};
using CachedUserPtr = std::shared_ptr<const CachedUser>;

/// How long something took, each time.
struct CacheTimes {
  std::span<const double> bounds_seconds;
  std::vector<std::uint64_t> counts;  ///< One more: the last has what took longer than all of them.
  double sum_seconds = 0;
};

/// Since the start of the daemon, where it is not said otherwise.
struct CacheCounters {
  std::uint64_t memory_hits = 0;
  std::uint64_t memory_hits_negative = 0;  ///< Of those: that there is no such user.
  std::uint64_t memory_misses = 0;
  std::uint64_t memory_entries = 0;  ///< Now.
  std::uint64_t memory_size_bytes = 0;
  std::uint64_t memory_size_bytes_max = 0;
  std::uint64_t memory_evictions = 0;
  std::uint64_t memory_refused = 0;  ///< Not asked for often enough to be kept.

  bool redis_configured = false;
  bool redis_answers = false;  ///< Did when it was last asked.
  std::uint64_t redis_hits = 0;
  std::uint64_t redis_hits_negative = 0;
  std::uint64_t redis_misses = 0;
  std::uint64_t redis_distrusted = 0;  ///< Of those: what was there may be out of date.
  std::uint64_t redis_failures = 0;    ///< Questions that were not answered.
  std::uint64_t redis_fills = 0;
  std::uint64_t redis_fills_refused = 0;  ///< Something changed while they were read.
  std::uint64_t redis_waiting = 0;        ///< Questions for which no thread waits; now.
  std::uint64_t redis_refused = 0;        ///< Such questions that found no room.
  CacheTimes redis_journeys;              ///< On which they went together.

  std::uint64_t filter_answers = 0;        ///< Ids of nobody, told without asking anybody.
  std::uint64_t filter_names_answers = 0;  ///< Names of nobody.
  std::uint64_t filter_looks = 0;          ///< In the store, for users that others created.
  std::uint64_t filter_ids = 0;            ///< Now.
  std::uint64_t filter_size_bytes = 0;
  bool filter_configured = false;
  bool filter_in_use = false;

  std::uint64_t loads = 0;           ///< From the store.
  std::uint64_t loads_negative = 0;  ///< Of those: there was no such user.
  std::uint64_t loads_failed = 0;
  std::uint64_t loads_refused = 0;    ///< Too many at a time.
  std::uint64_t shared_flights = 0;   ///< Answered by what another request was reading already.
  std::uint64_t shared_leases = 0;    ///< The same, of another daemon.
  std::uint64_t early_refreshes = 0;  ///< Read again before they ran out.
  std::uint64_t stale_answers = 0;    ///< Run out, but the store did not answer.
  std::uint64_t bypassed = 0;         ///< The cache could not be used.
  std::uint64_t compared = 0;         ///< With the store, to see whether they agree.
  std::uint64_t inconsistent = 0;     ///< They did not.
};

struct CacheFlush {
  std::int64_t memory_entries = 0;
  std::int64_t redis_entries = 0;
};

/// What of a sample was like the store says.
struct CacheComparison {
  std::int64_t compared = 0;
  std::vector<UserId> inconsistent;
};

/// Who asked for a user and went on. Destroyed untold, it is told by nobody any more.
class UserReader {
 public:
  UserReader() = default;
  UserReader(const UserReader&) = delete;
  UserReader& operator=(const UserReader&) = delete;
  virtual ~UserReader() = default;

  /// Null: find() is to be asked. Called once, by any thread; it must not wait for anything.
  virtual void take(CachedUserPtr user) = 0;
};

class UserCache {
 public:
  virtual ~UserCache() = default;

  /// At least as of `at_least`, a version of the user, where it is given. Errors: those of the store;
  /// overloaded (too many wait for the store).
  virtual Result<CachedUserPtr> find(UserId id, std::optional<std::int64_t> at_least) = 0;
  /// Null when memory cannot tell.
  virtual CachedUserPtr find_in_memory(UserId id, std::optional<std::int64_t> at_least) = 0;
  /// Asks what is between memory and the store, without waiting for it. False, and the reader stays with the
  /// caller, where there is nothing or it is busy: find() is to be asked.
  virtual bool find_soon(UserId id, std::optional<std::int64_t> at_least,
                         std::unique_ptr<UserReader>& reader) = 0;

  /// Whether nobody has one of the names, for sure. Not for logins: who has none would be told sooner.
  virtual bool is_nobodys(const std::vector<Name>& names) = 0;
  /// Before a unit that gives them to somebody is committed, and once more after it.
  virtual void names_taken(const std::vector<Name>& names) = 0;
  /// Before a unit that creates the user is committed.
  virtual void will_change(UserId id) = 0;
  /// After any change: `seq` is that of the user's slot.
  virtual void changed(UserId id, std::int64_t seq) = 0;
  /// The same where somebody else did it, and only that is known.
  virtual void changed_elsewhere(UserId id) = 0;
  /// Others created users, it is not known which.
  virtual void others_created() = 0;
  /// What others changed is not known for sure any more: all that was read before is forgotten.
  virtual void forget_all() = 0;

  [[nodiscard]] virtual CacheCounters counters() const = 0;
  /// How much a flush would forget. Error: unavailable (Redis).
  virtual Result<CacheFlush> size() = 0;
  /// Forgets everything, here and in Redis. Error: unavailable (Redis; what is in memory is gone).
  virtual Result<CacheFlush> flush() = 0;
  /// Compares up to that many users that are kept with the store. Error: those of the store.
  virtual Result<CacheComparison> compare(std::size_t sample) = 0;
};

}  // namespace muster::ports
