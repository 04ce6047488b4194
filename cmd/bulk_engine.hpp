// SPDX-License-Identifier: Apache-2.0
/// @file The machine behind bulk.hpp: one thread reads rows into batches, some send them, and what came back
/// is reported in the order of the rows. Nothing before the checkpoint is ever unanswered, and everything
/// behind it is unreported.
#pragma once

#include "cmd/bulk.hpp"
#include "cmd/checkpoint.hpp"
#include "cmd/progress.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

namespace muster::cmd {

struct BulkLimits {
  std::size_t connections = 2;
  std::size_t batch_rows = 500;
  std::size_t batch_size_bytes = 512 * 1024;
  std::uint64_t rows_hz = 0;  ///< 0: as fast as it goes.
};

struct FinishedBatch {
  std::vector<Row> rows;
  std::vector<RowOutcome> outcomes;  ///< One a row.
};

class BulkEngine {
 public:
  BulkEngine(Run& run, const BulkPlan& plan, const BulkLimits& limits, RowReader& reader,
             CheckpointFile& checkpoint, Checkpoint counts);

  /// Until the rows end, something fails for good or Ctrl-C. `report` is called for each batch, in the order
  /// of the rows, never twice at once.
  Status work(const std::function<Status(const FinishedBatch&)>& report);

  /// Of the rows that were reported.
  [[nodiscard]] const Checkpoint& counts() const { return counts_; }

 private:
  struct Batch {
    std::uint64_t number = 0;
    std::vector<Row> rows;
  };

  Status read_all();
  void send_all(const std::function<Status(const FinishedBatch&)>& report);
  Result<std::vector<RowOutcome>> send_patiently(Connection& connection, const std::vector<Row>& rows);
  /// Rows that are none of themselves fail here; the others are sent.
  Result<std::vector<RowOutcome>> send_sound(Connection& connection, const std::vector<Row>& rows);
  Result<std::vector<RowOutcome>> send_halving(Connection& connection, const std::vector<Row>& rows);
  Status take_in(FinishedBatch batch, std::uint64_t number,
                 const std::function<Status(const FinishedBatch&)>& report);
  Status count(const FinishedBatch& batch);
  void keep_pace(std::size_t rows);
  void stop(Error error);
  [[nodiscard]] bool stopping() const;

  Run& run_;
  const BulkPlan& plan_;
  const BulkLimits limits_;
  RowReader& reader_;
  CheckpointFile& checkpoint_;

  std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  std::deque<Batch> queue_;
  bool read_everything_ = false;
  std::optional<Error> error_;
  std::atomic<bool> stopped_{false};
  std::chrono::steady_clock::time_point next_send_;

  std::mutex report_mutex_;
  Checkpoint counts_;
  std::map<std::uint64_t, FinishedBatch> early_;  ///< Behind an unanswered batch.
  std::atomic<std::uint64_t> next_number_{0};     ///< Of the batch to be reported next.
  std::chrono::steady_clock::time_point saved_at_;
  Progress progress_;
};

}  // namespace muster::cmd
