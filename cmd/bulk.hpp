// SPDX-License-Identifier: Apache-2.0
/// @file Bulk work: rows from a file or standard input, in batches, over several connections, with bounded
/// memory. Rows fail alone. What the server did is remembered beside the file's place, so that the same
/// command goes on where it was stopped; every row may be sent twice, so the work must be repeatable.
#pragma once

#include "base/result.hpp"
#include "cmd/command.hpp"
#include "cmd/connection.hpp"
#include "cmd/rows.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::cmd {

/// What became of one row.
struct RowOutcome {
  std::string outcome;  ///< "failed", the plan's word for success, or another word for nothing to do.
  std::optional<std::string> id;
  std::optional<std::string> error;
  std::optional<std::string> field;
  std::optional<std::string> message;

  static RowOutcome failed(const Error& error);
};

/// The hashes of the plans that a file's parts were given, and one for them all. Thread-safe.
class PlanHashes {
 public:
  void remember(const std::vector<Row>& rows, std::string hash);
  /// Of these rows; nothing when no plan was made for just them.
  [[nodiscard]] std::optional<std::string> find(const std::vector<Row>& rows) const;
  [[nodiscard]] std::string combined() const;

 private:
  using Key = std::pair<std::uint64_t, std::size_t>;  ///< The first row's line, how many rows.
  static Key key_of(const std::vector<Row>& rows) { return {rows.front().line, rows.size()}; }

  mutable std::mutex mutex_;
  std::map<Key, std::string> hashes_;
};

/// What a dry run says (`dry_run=true`), or that just the plan made before is meant (`plan_hash=...`).
/// Error: precondition_failed when there is no such plan.
Result<Query> plan_query(const Globals& globals, const PlanHashes& hashes, const std::vector<Row>& rows);

struct BulkPlan {
  std::string source;  ///< A path, or "-".
  std::string name;    ///< Of the work, for what is remembered: "import-users".
  ColumnKinds columns;
  RowFormat default_format = RowFormat::jsonl;
  std::size_t batch_rows_max = 500;
  std::string success;  ///< "created"
  /// One outcome a row, in their order. An error concerns the whole batch: one that is worth a retry is
  /// retried, an invalid batch is halved until the row at fault stands alone, any other ends the work.
  std::function<Result<std::vector<RowOutcome>>(const Globals&, Connection&, const std::vector<Row>&)> send;
  std::shared_ptr<PlanHashes> hashes = std::make_shared<PlanHashes>();
};

/// --format, --concurrency, --max-rps, --failed-out, --restart.
std::vector<Option> bulk_options();

/// Prints per-line results (-v, or a format for rows) or the summary. Exit: done, partly_done (some failed),
/// failed (all did), running_elsewhere (the same file is being worked on).
Result<wire::Exit> run_bulk(Run& run, const BulkPlan& plan);

bool is_worth_a_retry(ErrorCode code);

/// The time that --NAME-at or --NAME-in gives. Error: invalid_argument.
Result<std::string> time_option(const Run& run, const std::string& name);

}  // namespace muster::cmd
