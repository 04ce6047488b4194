// SPDX-License-Identifier: Apache-2.0
/// @file Which ids nobody has, told from memory: so made-up ids cost the store next to nothing. A thread of
/// its own reads all users, part by part, into a filter (id_filter.hpp), and does so again when it is full or
/// was given up.
///
/// "Nobody has it" is said only when it is true, and that is so because an id enters the filter
/// - of this daemon's users: before the unit that creates them is committed, and once more after it, before
///   anybody is told. The second time is for a filter that was begun in between: it enters whichever filter
///   is being built then, and a page that is read later has it anyway;
/// - of users that were there when a filter was begun: it is published only after every part was read to its
///   end, strictly, from a moment on at which additions went to it as well;
/// - of users that other daemons create: by the log of changes of the database they are in, whoever made them
///   and whatever becomes of who did. It says "nobody" only if the database of that id's slot was looked at,
///   strictly, at most `age_max` ago, and everything its log had was entered (log_follower.hpp). So a user of
///   others is not known here for that long, as to a copy of the store that is a moment behind; who knows a
///   version asks for it and is shown the store.
///
/// A look is had by who asks for an id that the filter has not, one at a time for each database: the first
/// after half of that time, while the others are still answered from memory. Who asks when it is over and
/// somebody else looks already asks the store, and so does everybody while the looks fail. While nobody asks,
/// nobody looks. A log that was trimmed too far, a slot that has moved: it is given up, and built anew.
///
/// Names are told from a second filter, if there is room for it, and only where there are no others who
/// write: who looks for a name is shown everything that was acknowledged, and not the state of a moment
/// before. They enter it as ids do, also those that a user takes later. It is not for logins: those would be
/// answered sooner whose name nobody has, and strangers would learn names by that. What is only reserved is
/// nobody's.
///
/// What is deleted or given up stays in them, and costs a question. Thread-safe.
#pragma once

#include "adapters/cached/id_filter.hpp"
#include "adapters/cached/log_follower.hpp"
#include "adapters/cached/pause.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace muster::cached {

struct CensusOptions {
  std::size_t size_bytes_max = 0;
  /// How old what is known of others' users may be; 0: there are no others.
  std::chrono::milliseconds age_max{0};
};

class Census {
 public:
  struct State {
    std::size_t ids = 0;
    std::size_t size_bytes = 0;
    bool in_use = false;
    std::uint64_t looks = 0;  ///< In the store, for what others have created.
  };

  Census(ports::Store& store, ports::Entropy& entropy, const CensusOptions& options);
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;
  ~Census();

  /// Whether there is no such user, for sure; memory alone is asked. No also to who is to look.
  [[nodiscard]] bool is_nobody(UserId id);
  /// The same, and looks in the store if it is time to.
  [[nodiscard]] bool look_for(UserId id);
  void add(UserId id);
  [[nodiscard]] bool is_nobodys(const ports::Name& name) const;
  void add(const std::vector<ports::Name>& names);
  /// Nothing is known any more of who is there.
  void give_up();
  [[nodiscard]] State state() const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Part {
    std::size_t index = 0;
    std::mutex looking;
    LogFollower log;  ///< Of who looks.
    Clock::time_point not_before;
    std::atomic<Clock::time_point> looked_at{Clock::time_point::min()};  ///< All of then is known.
    std::atomic<bool> is_looker_called{false};
  };
  struct Filled {
    std::unique_ptr<IdFilter> ids;
    std::unique_ptr<IdFilter> names;  ///< May be null.
    std::vector<std::unique_ptr<Part>> parts;
    std::array<Part*, model::slot_count> part_of_slot{};  ///< Null: it is nowhere.

    [[nodiscard]] bool is_full() const { return ids->is_full() || (names && names->is_full()); }
  };
  using FilledPtr = std::shared_ptr<Filled>;
  enum class Age : std::uint8_t { fresh, due, over };

  void loop();
  /// How long not to try again.
  std::chrono::milliseconds build();
  /// Null: it would be too large.
  Result<FilledPtr> begin();
  /// False: it was given up, or is too small.
  Result<bool> read_all(Filled& filled);
  Result<bool> read_part(std::size_t part, Filled& filled);
  Result<bool> catch_up(Filled& filled);
  Result<LogFollower::State> follow(const Filled& filled, Part& part);
  void look(Filled& filled, Part& part);
  [[nodiscard]] Age age_of(const Part& part) const;
  void lose(const Filled& filled);
  [[nodiscard]] bool is_being_built(const Filled& filled) const;
  [[nodiscard]] bool is_good() const;
  [[nodiscard]] bool has_others() const { return options_.age_max.count() > 0; }
  [[nodiscard]] bool is_over() const { return is_stopping_.load(); }

  ports::Store& store_;
  ports::Entropy& entropy_;
  const CensusOptions options_;
  mutable std::shared_mutex mutex_;  ///< Of which there are.
  FilledPtr filled_;
  FilledPtr building_;
  std::atomic<std::uint64_t> looks_{0};
  std::atomic<bool> is_stopping_{false};
  Pause pause_;
  std::thread builder_;
};

}  // namespace muster::cached
