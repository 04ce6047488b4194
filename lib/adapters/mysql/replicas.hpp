// SPDX-License-Identifier: Apache-2.0
/// @file The replicas of one database, for reads that need not see the newest state. Each is measured by a
/// thread of its own: how long it takes to answer, and how far it is behind. For that the writer counts on
/// while it is alive; what the writer counted and a replica does not have yet is as old as the clock of this
/// process says, so that no two machines' clocks are compared. A replica that is too far behind, does not
/// answer or fails leaves the rotation, and comes back by itself. Thread-safe.
#pragma once

#include "adapters/mysql/driver.hpp"
#include "adapters/mysql/servers.hpp"
#include "adapters/sql/readers.hpp"
#include "base/ticker.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::mysql {

/// How often the writer counts on, and replicas are measured.
constexpr std::chrono::milliseconds beat_interval{500};

/// When the writer's newest numbers were durable.
class Beats {
 public:
  explicit Beats(std::chrono::seconds kept)
      : count_max_(static_cast<std::size_t>(2 * kept / beat_interval) + 16) {}

  void note(std::int64_t number);
  /// Of a replica that has come to this number; nothing while that cannot be said.
  [[nodiscard]] std::optional<std::chrono::milliseconds> lag_of(std::int64_t number) const;

 private:
  struct Beat {
    std::int64_t number;
    std::chrono::steady_clock::time_point durable_at;
  };
  const std::size_t count_max_;
  mutable std::mutex mutex_;
  std::deque<Beat> beats_;  ///< Ascending.
};

class Replica {
 public:
  struct Settings {
    std::size_t connections;
    std::chrono::microseconds slow_from;
  };
  Replica(Servers* servers, Dsn dsn, Secret password, Settings settings, const Beats& beats);

  [[nodiscard]] bool is_good() const;
  /// What it costs to ask it now, beside others.
  [[nodiscard]] double cost() const;
  /// Nothing: it cannot be had from here; the work may have run.
  std::optional<Status> read(const ports::Freshness& freshness,
                             const std::function<Status(ports::Unit&)>& work);
  [[nodiscard]] ports::ReplicaReport report() const;
  /// Lets idle connections rest, all but the `kept` that were used last.
  void rest(std::size_t kept) { readers_.rest(kept); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Measured {
    std::int64_t number;  ///< How far it has come.
    std::chrono::microseconds taken;
  };
  void measure();
  Result<Measured> ask();
  void set_good(bool good, const std::string& reason);

  Endpoint endpoint_;
  sql::SlowLog slow_log_;
  const Beats& beats_;
  sql::Health unused_health_;
  sql::Readers readers_;
  MysqlConnection probe_;  ///< The ticker's.
  std::atomic<bool> good_{false};
  std::atomic<Clock::rep> answered_at_{0};
  std::atomic<double> latency_microseconds_{0};
  std::atomic<std::int64_t> lag_milliseconds_{-1};  ///< Below 0: not known.
  std::mutex turn_mutex_;                           ///< Of those who say that it is good or not.
  Ticker ticker_;
};

class Replicas {
 public:
  Replicas(Servers* servers, const Endpoint& primary, Replica::Settings settings);

  [[nodiscard]] bool empty() const { return replicas_.empty(); }
  void note_beat(std::int64_t number) { beats_.note(number); }
  /// Nothing: the primary is to be asked; the work may have run.
  std::optional<Status> read(const ports::Freshness& freshness,
                             const std::function<Status(ports::Unit&)>& work);
  void rest(std::size_t kept);
  /// Reads that were answered.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::vector<ports::ReplicaReport> report() const;

 private:
  Replica* choose();

  Beats beats_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::atomic<std::uint64_t> reads_{0};
};

}  // namespace muster::mysql
