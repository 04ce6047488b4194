// SPDX-License-Identifier: Apache-2.0
/// @file A fixed number of connections that only read, each on a snapshot of its own. A caller waits a
/// bounded time for a free one. Thread-safe.
#pragma once

#include "adapters/sql/connection.hpp"
#include "adapters/sql/health.hpp"
#include "adapters/sql/unit.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::sql {

class Readers {
 public:
  Readers(std::vector<std::unique_ptr<TransactionalConnection>> connections,
          std::chrono::milliseconds wait_max, Health& health);

  /// Errors: those of the work; overloaded (no reader came free), unavailable.
  Status read(const std::function<Status(ports::Unit&)>& work, ports::View view = ports::View::snapshot);
  struct Outcome {
    std::optional<Status> status;  ///< None: the work is to be done elsewhere, from its start.
    std::optional<Trouble> trouble;
  };
  /// The same if a connection is free, it has come as far as asked and there is no trouble with it.
  Outcome try_read(const std::function<Status(ports::Unit&)>& work, const ports::Freshness& freshness);
  /// Lets the connections that are idle now rest, all but the `kept` that were used last.
  void rest(std::size_t kept);

  struct Counts {
    std::uint64_t reads = 0;
    std::uint64_t waits = 0;  ///< Reads that had to wait for a connection.
    std::chrono::microseconds waited{0};
    std::uint64_t in_use = 0;  ///< Connections, now.
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Reader {
    explicit Reader(std::unique_ptr<TransactionalConnection> opened)
        : connection(std::move(opened)), unit(*connection, UnitKind::read) {}
    std::unique_ptr<TransactionalConnection> connection;
    SqlUnit unit;
  };

  Reader* acquire();
  static Status run(Reader& reader, const std::function<Status(ports::Unit&)>& work, ports::View view);
  void give_back(Reader& reader);

  std::vector<std::unique_ptr<Reader>> all_;
  const std::chrono::milliseconds wait_max_;
  Health& health_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Reader*> free_;  ///< The one used last is the last.
  std::uint64_t waits_ = 0;
  std::chrono::microseconds waited_{0};
  std::atomic<std::uint64_t> reads_{0};
};

}  // namespace muster::sql
