// SPDX-License-Identifier: Apache-2.0
/// @file Users in memory, over Redis, over the store. One rule keeps both levels from showing what is out of
/// date: **a value that was read when the user's slot had come to `as_of` is shown only if `as_of` is not
/// below the user's floor (floors.hpp)**, and not below the version that the caller asks for. The floor is
/// raised after every commit of this daemon and by the news of others' changes, before anybody learns of
/// either here. A value's `as_of` is known without asking: it is the user's version or, if that is higher,
/// the floor that held when the read began, as the store is read strictly. So a read that was overtaken by a
/// change needs no recall: what it brings is below the floor.
///
/// News may say no more than that a user changed: then nothing will do until somebody has read how far the
/// slot has come, which the next load does on its way.
///
/// The news may have a gap: then everything read before is forgotten (`forget_all`). While they are late
/// (`may_use` says no), the cache is not used at all: the store is read as if there were none.
///
/// A key that is missing is read once: by one thread of this process, and where Redis answers by one daemon,
/// which has a lease of a second; others wait for a quarter of that and then read for themselves. What was
/// read is kept for a little less than its time, by chance (so that not everything runs out at once), and one
/// request may be picked to read it again before it runs out: the likelier the nearer the end, and the longer
/// the last read took (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention).
/// Few loads run at a time; who waits too long for a turn is told overloaded.
///
/// Who must not wait asks Redis with others, on its own thread's loop; who is brought nothing has to wait
/// after all.
/// When the store does not answer, a value that ran out at most ten minutes ago is still shown, if it is not
/// below the floor: no change of it is known. Nothing that decides rights is ever read here. Thread-safe.
#pragma once

#include "adapters/cached/census.hpp"
#include "adapters/cached/chance.hpp"
#include "adapters/cached/floors.hpp"
#include "adapters/cached/load_gate.hpp"
#include "adapters/cached/memory_cache.hpp"
#include "adapters/cached/pause.hpp"
#include "adapters/cached/shared_level.hpp"
#include "adapters/cached/single_flight.hpp"
#include "ports/cache.hpp"
#include "ports/store.hpp"

#include <functional>

namespace muster::cached {

struct UserCacheOptions {
  std::size_t memory_bytes_max = 0;  ///< 0: nothing is kept in memory.
  std::chrono::milliseconds memory_ttl{60'000};
  std::chrono::milliseconds shared_ttl{3'600'000};
  std::chrono::milliseconds negative_ttl{5'000};
  CensusOptions filter{};  ///< Over ids; of size 0: there is none.
  std::size_t loads_max = 48;
  std::chrono::milliseconds load_wait{1000};
  std::chrono::milliseconds news_delay{0};  ///< How late others' changes may be heard of.
  /// Whether this daemon hears of others' changes in time; true where there are no others.
  std::function<bool()> may_use = [] { return true; };
};

class UserCache final : public ports::UserCache {
 public:
  /// `shared` may be null. All must outlive it, and it the loops of those who call find_soon().
  UserCache(ports::Store& store, ports::Entropy& entropy, std::unique_ptr<SharedLevel> shared,
            UserCacheOptions options);
  UserCache(const UserCache&) = delete;
  UserCache& operator=(const UserCache&) = delete;
  ~UserCache() override;

  Result<ports::CachedUserPtr> find(UserId id, std::optional<std::int64_t> at_least) override;
  ports::CachedUserPtr find_in_memory(UserId id, std::optional<std::int64_t> at_least) override;
  bool find_soon(UserId id, std::optional<std::int64_t> at_least,
                 std::unique_ptr<ports::UserReader>& reader) override;
  bool is_nobodys(const std::vector<ports::Name>& names) override;
  void names_taken(const std::vector<ports::Name>& names) override;
  void will_change(UserId id) override;
  void changed(UserId id, std::int64_t seq) override;
  void changed_elsewhere(UserId id) override;
  void others_created() override;
  void forget_all() override;
  [[nodiscard]] ports::CacheCounters counters() const override;
  Result<ports::CacheFlush> size() override;
  Result<ports::CacheFlush> flush() override;
  Result<ports::CacheComparison> compare(std::size_t sample) override;

 private:
  using Clock = std::chrono::steady_clock;
  using AskCensus = bool (Census::*)(UserId);

  struct Entry {
    ports::CachedUser user;
    std::int64_t as_of = 0;
    std::uint64_t generation = 0;  ///< How often everything had been forgotten when it was read.
    std::uint64_t creations = 0;   ///< How often others had created users by then.
    Clock::time_point expires;
    std::chrono::nanoseconds load_time{0};
    mutable std::atomic<bool> is_refreshed_early{false};
  };
  using EntryPtr = std::shared_ptr<const Entry>;
  using Loaded = Result<EntryPtr>;
  struct Mark {
    std::uint64_t generation, creations;
    std::int64_t floor;
  };
  class Question;

  [[nodiscard]] bool is_usable() const { return memory_ != nullptr && options_.may_use(); }
  [[nodiscard]] Mark mark(UserId id) const;
  [[nodiscard]] bool is_good(const Entry& entry, UserId id, std::optional<std::int64_t> at_least) const;
  [[nodiscard]] bool is_picked(const Entry& entry, Clock::time_point now);
  std::chrono::milliseconds jittered(std::chrono::milliseconds ttl);
  EntryPtr keep(UserId id, const Mark& mark, std::int64_t as_of, ports::CachedUser user,
                std::chrono::nanoseconds load_time);
  Loaded fetch(UserId id);
  ports::CachedUserPtr answer_of(UserId id, std::optional<std::int64_t> at_least, const Mark& before,
                                 std::optional<redis::Reply> reply, Clock::time_point began);
  EntryPtr fetch_shared(UserId id, const Mark& mark, std::optional<SharedLevel::Lease>& lease);
  Loaded load(UserId id, const std::optional<SharedLevel::Lease>& lease);
  Result<ports::CachedUserPtr> pass_by(UserId id, std::optional<std::int64_t> at_least);
  Result<ports::CachedUser> read(UserId id, const ports::Freshness& freshness,
                                 std::int64_t* slot_seq = nullptr);
  ports::CachedUserPtr find_nobody(UserId id, std::optional<std::int64_t> at_least, AskCensus ask);
  [[nodiscard]] EntryPtr kept(UserId id);
  Result<bool> agrees(UserId id, const Entry& entry);
  static ports::CachedUserPtr show(const EntryPtr& entry);
  void note_recent(UserId id);

  ports::Store& store_;
  const UserCacheOptions options_;
  const std::unique_ptr<SharedLevel> shared_;
  std::unique_ptr<MemoryCache<UserId, Entry>> memory_;
  Floors floors_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::uint64_t> creations_{0};
  SingleFlight<UserId, Loaded> flights_;
  LoadGate gate_;
  Chance chance_;
  Pause pause_;

  std::array<std::atomic<std::int64_t>, 4096> recent_{};  ///< Users that were read lately, for compare().
  std::atomic<std::size_t> recent_next_{0};

  struct Counts {
    std::atomic<std::uint64_t> hits{0}, hits_negative{0}, nobody{0}, nobodys{0}, misses{0}, loads{0},
        loads_negative{0}, loads_failed{0}, loads_refused{0}, shared_flights{0}, shared_leases{0},
        early_refreshes{0}, stale_answers{0}, bypassed{0}, compared{0}, inconsistent{0};
  };
  mutable Counts counts_;
  std::unique_ptr<Census> census_;  ///< The last: its thread uses the store.
};

}  // namespace muster::cached
