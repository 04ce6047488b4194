// SPDX-License-Identifier: Apache-2.0
/// @file Who alone writes to a cluster, where the servers' locks are each node's own. The lease is one number
/// in a row that every transaction of its holder adds to: its high bits are the holder's epoch, its low bits
/// count. It may be taken from a holder whose number has stood still for a while, as the one who wants it
/// measures; the former holder's transactions then no longer find their epoch and keep nothing. Clocks of
/// machines are never compared. Belongs to the writer's thread.
#pragma once

#include "adapters/mysql/handle.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace muster::mysql {

class WriterLease {
 public:
  /// For so long a number must stand still.
  static constexpr std::chrono::seconds patience{10};
  /// Of a holder's transaction: adds to the number if it is still of the epoch.
  static constexpr const char* renewal =
      "UPDATE counters SET value = value + 1 WHERE name = 'writer_lease' AND value DIV 1099511627776 = ?";

  enum class Taken : std::uint8_t { yes, no, error };
  /// With a handle in autocommit. Error: look at mysql_errno.
  Taken take(MYSQL* handle);
  /// Lets others take it at once, as far as the server answers.
  void give_back(MYSQL* handle);

  /// Whether its holder, who is another one, has been seen counting.
  [[nodiscard]] bool is_alive_elsewhere() const { return alive_elsewhere_; }
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

 private:
  /// One transaction each, for years; the last one says that the lease is free.
  static constexpr std::int64_t epoch_size = std::int64_t{1} << 40U;

  struct Seen {
    std::int64_t number;
    std::chrono::steady_clock::time_point since;
  };
  std::int64_t epoch_ = 0;  ///< 0: never had.
  std::optional<Seen> seen_;
  bool alive_elsewhere_ = false;
};

}  // namespace muster::mysql
