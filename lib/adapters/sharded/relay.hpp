// SPDX-License-Identifier: Apache-2.0
/// @file Passes on to the catalog what units of other databases recorded for it: their audit records, each
/// into the chain exactly once. A record is in its unit's transaction; the catalog notes what it took in the
/// transaction that takes it; only then is it removed where it was. That holds for several processes too:
/// what was taken is forgotten, counted, and who has looked before that looks again. A database that does not
/// answer keeps its own records only. Thread-safe.
#pragma once

#include "adapters/sharded/layout.hpp"
#include "model/audit.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace muster::sharded {

/// How a record is kept until it is passed on. Error of read: internal (it is damaged).
std::string write_record(const model::AuditRecord& record);
Result<model::AuditRecord> read_record(const std::string& text);

/// Forgets what was noted as taken and is posted nowhere any more: left by who was interrupted in between.
Status forget_passed_on(const Layout& layout);

class Relay {
 public:
  using LayoutNow = std::function<std::shared_ptr<const Layout>()>;

  /// Where other processes write too, what they leave is looked for again and again: one may have died.
  enum class Writers : std::uint8_t { this_process, several };

  Relay(LayoutNow layout, Writers writers);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  /// Called when something has been passed on, which is in the catalog then. It must not wait.
  void on_passed(std::function<void()> told);
  /// Something was recorded in that database.
  void notify(model::ShardId database);
  /// Returns once everything that was recorded before the call has been passed on, as far as its database can
  /// be reached, or after a few seconds.
  void flush();

 private:
  /// Of one database: how often it was asked to be passed on, and how far that is done.
  struct Progress {
    std::uint64_t asked = 1;  ///< The first pass takes what an earlier process left.
    std::uint64_t passed = 0;
    bool running = false;
    std::optional<std::int64_t> forgotten;  ///< How often it was forgotten what was taken, as last seen.
    std::chrono::steady_clock::time_point not_before;  ///< After a failure.

    [[nodiscard]] bool is_due(std::chrono::steady_clock::time_point now) const {
      return passed != asked && !running && now >= not_before;
    }
  };

  void loop();
  void pass(const std::shared_ptr<const Layout>& layout, std::size_t index);
  [[nodiscard]] std::optional<std::size_t> next_due(const Layout& layout);

  /// Has everything looked at that is not.
  void look_again(const Layout& layout);

  const LayoutNow layout_;
  const Writers writers_;
  std::function<void()> told_;
  std::chrono::steady_clock::time_point next_look_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<model::ShardId, Progress> progress_;
  std::vector<std::thread> threads_;
};

}  // namespace muster::sharded
