// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/mysql_store.hpp"

#include "adapters/mysql/driver.hpp"
#include "adapters/mysql/migrations.hpp"
#include "adapters/mysql/plans.hpp"
#include "adapters/mysql/replicas.hpp"
#include "adapters/sql/change_log.hpp"
#include "adapters/sql/health.hpp"
#include "adapters/sql/readers.hpp"
#include "adapters/sql/store_counters.hpp"
#include "adapters/sql/writer.hpp"

#include <condition_variable>
#include <mutex>

namespace muster::mysql {
namespace {

// How often one maintain() trims the change log at most.
constexpr int trims_max = 25;

class MysqlStore final : public ports::Store {
 public:
  MysqlStore(const MysqlOptions& options, std::unique_ptr<Endpoint> endpoint,
             std::unique_ptr<MysqlConnection> writer, std::size_t readers)
      : change_log_keep_(options.change_log_keep),
        endpoint_(std::move(endpoint)),
        slow_log_({.slow_from = options.slow_from}, endpoint_->name(), explanations_of(*endpoint_)),
        readers_(open_readers(options.servers.get(), endpoint_->watched_by(slow_log_), ConnectionKind::reader,
                              readers, endpoint_->dsn().connection_wait, health_)),
        writer_(std::move(writer),
                sql::WriterLimits{options.queue_length_max, options.batch_units_max, options.batch_time_max},
                health_, options.epochs),
        replicas_(options.servers.get(), *endpoint_, {readers, options.slow_from}) {
    // With one host and nobody else to tell, a store that is idle is left alone.
    if (!replicas_.empty() || endpoint_->has_several_hosts() || endpoint_->lease() != nullptr)
      ticker_ = std::make_unique<Ticker>(beat_interval, [this] { beat(); });
  }

  using ports::Store::read;
  Status read(const ports::Home& /*home*/, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    if (auto done = replicas_.read(freshness, work)) return std::move(*done);
    return readers_.read(work, freshness.view);
  }
  using ports::Store::write;
  Status write(const ports::Home& /*home*/, const std::function<Status(ports::Unit&)>& work) override {
    return writer_.write(work);
  }

  [[nodiscard]] bool is_shared() const override { return true; }
  ports::StoreHealth health() override { return health_.report(); }
  [[nodiscard]] ports::StoreCounters counters() const override {
    ports::StoreCounters counters = sql::store_counters(writer_, readers_);
    counters.reads_on_replicas = replicas_.reads();
    counters.reads += counters.reads_on_replicas;
    counters.slow_statements = slow_log_.count();
    counters.connecting_failed = endpoint_->failures();
    counters.connecting_paused = endpoint_->is_paused();
    counters.replicas = replicas_.report();
    for (const ports::ReplicaReport& each : counters.replicas)
      counters.slow_statements += each.slow_statements;
    return counters;
  }

  Result<ports::Examination> examine() override {
    MUSTER_TRY(const auto plans, MysqlPlans::open(*endpoint_));
    return plans->examine();
  }

  Status backup(const std::string& /*path*/,
                const std::function<bool(std::int64_t, std::int64_t)>& /*progress*/) override {
    return no_backups();
  }
  Status verify_backup(const std::string& /*path*/) override { return no_backups(); }

  Result<std::optional<std::string>> fact_of_backup(const std::string& /*path*/,
                                                    const std::string& /*name*/) override {
    return fail(no_backups().error());
  }

  Status maintain() override {
    bool more = true;
    for (int i = 0; more && i < trims_max; ++i) {
      Status trimmed = writer_.run_alone([&](sql::TransactionalConnection& connection) -> Status {
        MUSTER_TRY(more, sql::trim_change_log(connection, change_log_keep_));
        return {};
      });
      if (!trimmed) return trimmed;
    }
    readers_.rest(endpoint_->dsn().connections_idle_min);
    replicas_.rest(endpoint_->dsn().connections_idle_min);
    return {};
  }

 private:
  /// Counts on: replicas are held against it, a lease lives on, and that the host was given up is noticed.
  void beat() {
    std::int64_t number = 0;
    const Status counted = writer_.run_alone([&](sql::TransactionalConnection& connection) -> Status {
      MUSTER_CHECK_OK(connection.begin());
      MUSTER_TRY(number, connection.add_to_counter("probe", 1));
      return connection.commit();
    });
    if (counted) replicas_.note_beat(number);
  }

  static Status no_backups() {
    return fail(ErrorCode::precondition_failed,
                "the data is on a database server: back it up with the server's own tools, such as "
                "mariadb-dump --single-transaction or mariadb-backup");
  }

  const std::int64_t change_log_keep_;
  const std::unique_ptr<Endpoint> endpoint_;
  sql::SlowLog slow_log_;
  sql::Health health_;
  sql::Readers readers_;
  sql::Writer writer_;
  Replicas replicas_;
  std::unique_ptr<Ticker> ticker_;
};

void wait_a_little() {
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  nobody.wait_for(lock, std::chrono::milliseconds(200));
}

/// That the writer can be had is found out now, and not by the first who wants to change something.
Status check_writer(Endpoint& endpoint, MysqlConnection& writer) {
  Status begun = writer.begin();
  writer.rollback();
  // The lease of a daemon that was killed is free after a while.
  const auto end = std::chrono::steady_clock::now() + WriterLease::patience + std::chrono::seconds(3);
  const auto may_become_free = [&] {
    return endpoint.lease() != nullptr && !endpoint.lease()->is_alive_elsewhere();
  };
  while (!begun && may_become_free() && std::chrono::steady_clock::now() < end) {
    wait_a_little();
    begun = writer.begin();
    writer.rollback();
  }
  if (begun) return {};
  Error error = begun.error();
  error.message = endpoint.name() + ": " + error.message;
  return fail(std::move(error));
}

}  // namespace

Result<std::unique_ptr<ports::Store>> open(MysqlOptions options) {
  auto endpoint = std::make_unique<Endpoint>(options.dsn, std::move(options.password), options.writers);
  MUSTER_CHECK_OK(migrate(*endpoint));
  auto writer = std::make_unique<MysqlConnection>(*endpoint, ConnectionKind::writer);
  MUSTER_CHECK_OK(check_writer(*endpoint, *writer));
  const std::size_t readers =
      options.dsn.connections_max != 0 ? options.dsn.connections_max : options.readers;
  return std::unique_ptr<ports::Store>(
      std::make_unique<MysqlStore>(options, std::move(endpoint), std::move(writer), readers));
}

}  // namespace muster::mysql
