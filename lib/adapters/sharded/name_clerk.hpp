// SPDX-License-Identifier: Apache-2.0
/// @file Takes the lookup's steps of model/name_claim.hpp on the rows of one database: those that wait at the
/// same time share a transaction, many rows a statement, and each is still decided by itself, in the order in
/// which they came. Thread-safe.
#pragma once

#include "adapters/sharded/attempt.hpp"
#include "ports/store.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::sharded {

struct Layout;

enum class NameStep : std::uint8_t {
  reserve,
  confirm,
  release,
  cancel,
  close,  ///< Confirms all names of a batch in this database at once.
};

/// One step on one name, and what came of it.
struct NameTask {
  NameStep step;
  HeldName held;                                  ///< To be reserved: by a new claim.
  std::optional<model::Reservation> reservation;  ///< Of a `reserve` that was taken.
  std::optional<model::NameRow> found;            ///< The row that it found.
  bool closed = false;                            ///< The batch was there.
};

/// Says when several errands are done.
class ErrandsLeft {
 public:
  explicit ErrandsLeft(std::size_t count) : left_(count) {}
  void one_done() {
    // Notified under the lock: once it is free, the waiting one may be gone and this with it.
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) done_.notify_one();
  }
  /// Calls `pause` now and then.
  void wait(const std::function<void()>& pause) {
    constexpr std::chrono::milliseconds interval{100};
    std::unique_lock lock(mutex_);
    while (!done_.wait_for(lock, interval, [this] { return left_ == 0; })) {
      lock.unlock();
      pause();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t left_;
};

/// Steps that succeed or fail together.
struct Errand {
  std::vector<NameTask*> tasks;
  const Layout* layout = nullptr;
  ErrandsLeft* left = nullptr;
  bool is_patient = false;  ///< Of a unit that takes many names: it is done together with others of the kind.
  Status status;
};

class NameClerk {
 public:
  explicit NameClerk(ports::Store& store) : store_(store), thread_([this] { loop(); }) {}
  NameClerk(const NameClerk&) = delete;
  NameClerk& operator=(const NameClerk&) = delete;
  /// Does what waits.
  ~NameClerk();

  /// It must live until it is done.
  void post(Errand& errand);
  /// Ends it as unavailable if it was not begun and the database does not answer.
  void give_up_if_silent(Errand& errand);

 private:
  void loop();
  [[nodiscard]] bool can_wait() const;
  void wait_for_others(std::unique_lock<std::mutex>& lock);
  std::vector<Errand*> take_waiting();
  void run(const std::vector<Errand*>& errands);

  ports::Store& store_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Errand*> waiting_;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> writing_since_;
  std::thread thread_;
};

}  // namespace muster::sharded
