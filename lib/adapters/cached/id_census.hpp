// SPDX-License-Identifier: Apache-2.0
/// @file Which ids nobody has, told from memory: so made-up ids cost the store nothing. A thread of its own
/// reads all ids, part by part, into a filter (id_filter.hpp), and does so again when it is full or was given
/// up.
///
/// "Nobody has it" is said only when it is true, and that is so because an id enters the filter
/// - of this daemon's users: before the unit that creates them is committed, and once more after it, before
///   anybody is told. The second time is for a filter that was begun in between: it enters whichever filter
///   is being built then, and a page that is read later has it anyway;
/// - of users that were there when a filter was begun: it is published only after every part was read to its
///   end, strictly, from a moment on at which additions went to it as well;
/// - of users that other daemons create: by the news. Until the news of a creation come (`may_use` bounds
/// it),
///   the id is not known here, as to a copy of the store that is a moment behind; who knows a version asks
///   for it and is shown the store. News that do not name ids (an import by another daemon), or that may have
///   been missed, give the filter up until it is built anew. Where news are written behind the change,
///   because users are in other databases than the audit chain, a daemon that dies in between delays them
///   without a bound: there is no filter then.
///
/// A deleted id stays in it, and costs a question. Thread-safe.
#pragma once

#include "adapters/cached/id_filter.hpp"
#include "adapters/cached/pause.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <mutex>
#include <shared_mutex>
#include <thread>

namespace muster::cached {

class IdCensus {
 public:
  struct State {
    std::size_t ids = 0;
    std::size_t size_bytes = 0;
    bool in_use = false;
  };

  IdCensus(ports::Store& store, ports::Entropy& entropy, std::size_t size_bytes_max);
  IdCensus(const IdCensus&) = delete;
  IdCensus& operator=(const IdCensus&) = delete;
  ~IdCensus();

  /// Whether there is no such user, for sure.
  [[nodiscard]] bool is_nobody(UserId id) const;
  void add(UserId id);
  /// Others may have created users that it does not know of.
  void give_up();
  [[nodiscard]] State state() const;

 private:
  using FilterPtr = std::shared_ptr<IdFilter>;

  void loop();
  Result<FilterPtr> make_filter();
  /// False: it was given up, or is too small.
  Result<bool> read_all(IdFilter& filter);
  [[nodiscard]] bool is_good() const;
  [[nodiscard]] bool is_over() const { return is_stopping_.load(); }

  ports::Store& store_;
  ports::Entropy& entropy_;
  const std::size_t size_bytes_max_;
  mutable std::shared_mutex mutex_;  ///< Of which filters there are.
  FilterPtr filter_;
  FilterPtr building_;
  std::atomic<bool> is_stopping_{false};
  Pause pause_;
  std::thread builder_;
};

}  // namespace muster::cached
