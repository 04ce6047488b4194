// SPDX-License-Identifier: Apache-2.0
/// @file A fixed number of connections that only read, each on a snapshot of its own. A caller waits a
/// bounded time for a free one. Thread-safe.
#pragma once

#include "adapters/sql/connection.hpp"
#include "adapters/sql/health.hpp"
#include "adapters/sql/turns.hpp"
#include "adapters/sql/unit.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace muster::sql {

class Readers {
 public:
  /// With `turns`: each connection is used in the turn of its place there, as others use what is behind it.
  Readers(std::vector<std::unique_ptr<TransactionalConnection>> connections,
          std::chrono::milliseconds wait_max, Health& health, std::shared_ptr<Turns> turns = nullptr);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  /// Waits for the turns that others have.
  ~Readers();

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
    std::uint64_t in_use = 0;  ///< Connections, now, for these reads.
    std::uint64_t idle = 0;    ///< Free now, for whoever shares them.
    std::uint64_t count = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Reader {
    explicit Reader(std::unique_ptr<TransactionalConnection> opened)
        : connection(std::move(opened)), unit(*connection, UnitKind::read) {}
    std::unique_ptr<TransactionalConnection> connection;
    SqlUnit unit;
  };

  Reader* acquire(std::size_t& turn);
  static Status run(Reader& reader, const std::function<Status(ports::Unit&)>& work, ports::View view);
  void give_back(std::size_t turn);

  std::vector<std::unique_ptr<Reader>> all_;
  const std::chrono::milliseconds wait_max_;
  Health& health_;
  const std::shared_ptr<Turns> turns_;
  std::atomic<std::uint64_t> waits_{0};
  std::atomic<std::int64_t> waited_microseconds_{0};
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> in_use_{0};
};

}  // namespace muster::sql
