// SPDX-License-Identifier: Apache-2.0
/// @file Follows what other daemons write, so that this one's memory is what the store says: revocations by
/// their epochs, all else by the audit chain. Whoever polls gets what was acknowledged before. Where nobody
/// else writes there is nothing to follow. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "ops/feed_age.hpp"
#include "ports/news_store.hpp"
#include "ports/store.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace muster::model {
struct Revocation;
}

namespace muster::ops {

struct Context;
struct News;

struct FeedCounters {
  std::uint64_t polls = 0;
  std::uint64_t polls_failed = 0;
  std::uint64_t entries = 0;  ///< Revocations and audit records that were followed.
  std::uint64_t gaps = 0;     ///< How often so much may have been missed that everything was read again.
};

class Feed {
 public:
  explicit Feed(Context& context) : context_(context) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Where following begins: called before anything is read into memory. Does nothing where the store is not
  /// shared.
  Status begin(Duration max_staleness);
  [[nodiscard]] bool is_needed() const { return age_.counts(); }

  /// Has all in force that was acknowledged before the call. Errors: those of the store.
  Status poll();

  /// How far it is, as of the last poll that succeeded.
  [[nodiscard]] ports::NewsHead followed() const;
  [[nodiscard]] FeedAge& age() { return age_; }
  [[nodiscard]] const FeedAge& age() const { return age_; }
  [[nodiscard]] FeedCounters counters() const;

 private:
  /// What one poll found.
  struct Found {
    ports::NewsHead head;
    std::vector<model::Revocation> revocations;
    std::vector<ports::NewsEntry> entries;
    bool gap = false;
  };

  Status look(Found& found, ports::Unit& unit, const ports::NewsHead& known) const;
  Status follow(const Found& found, FeedAge::Moment since);

  Context& context_;
  FeedAge age_;
  std::mutex polling_;
  FeedAge::Moment began_{0};  ///< The last poll that succeeded.
  mutable std::mutex mutex_;
  ports::NewsHead followed_;
  std::atomic<std::uint64_t> polls_{0};
  std::atomic<std::uint64_t> polls_failed_{0};
  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> gaps_{0};
};

}  // namespace muster::ops
