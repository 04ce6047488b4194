// SPDX-License-Identifier: Apache-2.0
/// @file The database of one of several shards, with an eye on whether it answers: while it does not, who
/// comes later is refused at once, so that one that hangs holds up only a few threads and connections of
/// those that all shards share. What waits for another database in it says nothing about this one.
/// Thread-safe.
#pragma once

#include "ports/store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace muster::sharded {

/// Calls of one kind that are under way.
class Watch {
 public:
  /// One call, from its making to its end. Belongs to one thread.
  class Wait {
   public:
    explicit Wait(Watch& watch) : watch_(watch) { watch_.begin(); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() { --watch_.waiting_; }
    /// It was answered, be it with a refusal.
    void answered() { watch_.note_answer(); }

   private:
    Watch& watch_;
  };

  /// While the thread works in a call, or waits for something else in it.
  class Work {
   public:
    explicit Work(Watch* watch) : before_(current_) { current_ = watch; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work() { current_ = before_; }

   private:
    Watch* const before_;
  };
  class Elsewhere {
   public:
    Elsewhere();
    Elsewhere(const Elsewhere&) = delete;
    Elsewhere& operator=(const Elsewhere&) = delete;
    ~Elsewhere();

   private:
    Watch* const watch_;
  };

  /// Nothing has been answered for as long as `silence` though more than `waiting_max` wait.
  [[nodiscard]] bool is_silent(std::chrono::milliseconds silence, int waiting_max) const;
  /// Or until the time is over; who looks again then need not be told of each.
  void await_answer(std::chrono::milliseconds time);

 private:
  void begin();
  void note_answer();

  static thread_local Watch* current_;
  std::atomic<int> waiting_{0};
  std::atomic<int> elsewhere_{0};
  std::atomic<std::chrono::steady_clock::time_point> answered_at_{};
  std::mutex mutex_;
  std::condition_variable answered_;
};

class WatchedStore final : public ports::Store {
 public:
  explicit WatchedStore(std::unique_ptr<ports::Store> store) : store_(std::move(store)) {}

  using ports::Store::read;
  using ports::Store::write;
  /// Error beside those of the store: unavailable, when it does not answer.
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override;
  [[nodiscard]] bool is_shared() const override { return store_->is_shared(); }
  [[nodiscard]] ports::StoreHealth health() override;
  [[nodiscard]] ports::StoreCounters counters() const override { return store_->counters(); }
  Result<ports::Examination> examine() override;
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    return store_->backup(path, progress);
  }
  Status verify_backup(const std::string& path) override { return store_->verify_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return store_->fact_of_backup(path, name);
  }
  Status maintain() override { return store_->maintain(); }

 private:
  const std::unique_ptr<ports::Store> store_;
  Watch reads_;
  Watch writes_;
};

}  // namespace muster::sharded
