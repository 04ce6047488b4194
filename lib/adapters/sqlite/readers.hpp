// SPDX-License-Identifier: Apache-2.0
/// @file A fixed number of connections that only read, each on a snapshot of its own. A caller waits a
/// bounded time for a free one. Thread-safe.
#pragma once

#include "adapters/sql/unit.hpp"
#include "adapters/sqlite/driver.hpp"
#include "adapters/sqlite/health.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace muster::sqlite {

class Readers {
 public:
  Readers(std::vector<std::unique_ptr<SqliteConnection>> connections, std::chrono::milliseconds wait_max,
          Health& health);

  /// Errors: those of the work; overloaded (no reader came free), unavailable.
  Status read(const std::function<Status(ports::Unit&)>& work);
  /// Gives back the caches of the connections that are idle now.
  void release_memory();
  [[nodiscard]] std::uint64_t count() const { return reads_; }

 private:
  struct Reader {
    explicit Reader(std::unique_ptr<SqliteConnection> opened)
        : connection(std::move(opened)), unit(*connection, sql::UnitKind::read) {}
    std::unique_ptr<SqliteConnection> connection;
    sql::SqlUnit unit;
  };

  Reader* acquire();
  void give_back(Reader& reader);

  std::vector<std::unique_ptr<Reader>> all_;
  const std::chrono::milliseconds wait_max_;
  Health& health_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Reader*> free_;
  std::atomic<std::uint64_t> reads_{0};
};

}  // namespace muster::sqlite
