// SPDX-License-Identifier: Apache-2.0
#include "cmd/bulk_engine.hpp"

#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "cmd/terminal.hpp"

#include <algorithm>
#include <thread>

namespace muster::cmd {
namespace {

constexpr std::chrono::milliseconds backoff_min{200};
constexpr std::chrono::milliseconds backoff_max{10'000};
/// More than a minute: so long the names of an import that was killed stay reserved.
constexpr int attempts_max = 13;
constexpr std::chrono::seconds save_interval{1};

/// In steps, so that Ctrl-C is heard.
void wait_for(std::chrono::milliseconds duration, const std::function<bool()>& stopping) {
  constexpr std::chrono::milliseconds step{50};
  for (; duration.count() > 0 && !stopping(); duration -= step)
    std::this_thread::sleep_for(std::min(duration, step));
}

}  // namespace

BulkEngine::BulkEngine(Run& run, const BulkPlan& plan, const BulkLimits& limits, RowReader& reader,
                       CheckpointFile& checkpoint, Checkpoint counts)
    : run_(run),
      plan_(plan),
      limits_(limits),
      reader_(reader),
      checkpoint_(checkpoint),
      next_send_(std::chrono::steady_clock::now()),
      counts_(std::move(counts)),
      saved_at_(std::chrono::steady_clock::now()),
      progress_(run.terminal, run.command.words()) {}

bool BulkEngine::stopping() const {
  return stopped_ || Terminal::interrupted();
}

void BulkEngine::stop(Error error) {
  const std::lock_guard lock(queue_mutex_);
  if (!error_) error_ = std::move(error);
  stopped_ = true;
  queue_changed_.notify_all();
}

Status BulkEngine::work(const std::function<Status(const FinishedBatch&)>& report) {
  std::vector<std::thread> threads;
  threads.reserve(limits_.connections);
  for (std::size_t i = 0; i < limits_.connections; ++i) threads.emplace_back([&] { send_all(report); });
  auto status = read_all();
  {
    const std::lock_guard lock(queue_mutex_);
    read_everything_ = true;
    queue_changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
  progress_.clear();
  // Rows before a place that cannot be read were sent; a mistake in the server's answers weighs more.
  if (error_) status = fail(*error_);
  if (!status || Terminal::interrupted()) (void)checkpoint_.save(counts_);
  return status;
}

Status BulkEngine::read_all() {
  std::uint64_t number = 0;
  bool more = true;
  while (more && !stopping()) {
    Batch batch;
    batch.number = number++;
    std::size_t size_bytes = 0;
    while (batch.rows.size() < limits_.batch_rows && size_bytes < limits_.batch_size_bytes) {
      Row row;
      auto got = reader_.next(row);
      if (!got) {
        more = false;
        if (batch.rows.empty()) return fail(std::move(got).error());
        const std::lock_guard lock(queue_mutex_);
        queue_.push_back(std::move(batch));
        return fail(std::move(got).error());
      }
      more = *got;
      if (!more) break;
      size_bytes += row.raw.size();
      batch.rows.push_back(std::move(row));
    }
    if (batch.rows.empty()) break;
    std::unique_lock lock(queue_mutex_);
    const std::size_t ahead_max = limits_.connections * 4;
    while ((queue_.size() >= limits_.connections * 2 || batch.number >= next_number_ + ahead_max) &&
           !stopping())
      queue_changed_.wait_for(lock, std::chrono::milliseconds(100));
    queue_.push_back(std::move(batch));
    queue_changed_.notify_all();
  }
  return {};
}

void BulkEngine::send_all(const std::function<Status(const FinishedBatch&)>& report) {
  const auto connection = run_.connection.another();
  for (;;) {
    Batch batch;
    {
      std::unique_lock lock(queue_mutex_);
      while (queue_.empty() && !read_everything_ && !stopping())
        queue_changed_.wait_for(lock, std::chrono::milliseconds(100));
      if (stopping() || queue_.empty()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      queue_changed_.notify_all();
    }
    keep_pace(batch.rows.size());
    if (stopping()) return;
    auto outcomes = send_sound(*connection, batch.rows);
    if (!outcomes) return stop(std::move(outcomes).error());
    if (auto status = take_in({std::move(batch.rows), std::move(*outcomes)}, batch.number, report); !status)
      return stop(std::move(status).error());
  }
}

void BulkEngine::keep_pace(std::size_t rows) {
  if (limits_.rows_hz == 0) return;
  std::chrono::steady_clock::time_point mine;
  {
    const std::lock_guard lock(queue_mutex_);
    mine = std::max(next_send_, std::chrono::steady_clock::now());
    next_send_ = mine + std::chrono::nanoseconds(1'000'000'000 / limits_.rows_hz * rows);
  }
  const auto rest =
      std::chrono::duration_cast<std::chrono::milliseconds>(mine - std::chrono::steady_clock::now());
  wait_for(rest, [this] { return stopping(); });
}

Result<std::vector<RowOutcome>> BulkEngine::send_patiently(Connection& connection,
                                                           const std::vector<Row>& rows) {
  auto backoff = backoff_min;
  for (int attempt = 1;; ++attempt) {
    auto outcomes = plan_.send(run_.globals, connection, rows);
    if (outcomes || attempt == attempts_max || stopping() || !is_worth_a_retry(outcomes.error().code))
      return outcomes;
    run_.terminal.detail("trying again in " + std::to_string(backoff.count()) +
                         "ms: " + outcomes.error().message);
    wait_for(backoff, [this] { return stopping(); });
    backoff = std::min(backoff * 2, backoff_max);
  }
}

Result<std::vector<RowOutcome>> BulkEngine::send_halving(Connection& connection,
                                                         const std::vector<Row>& rows) {
  auto outcomes = send_patiently(connection, rows);
  if (outcomes) {
    if (outcomes->size() == rows.size()) return outcomes;
    return fail(ErrorCode::internal, "the server answered " + std::to_string(outcomes->size()) + " of " +
                                         std::to_string(rows.size()) + " rows");
  }
  const ErrorCode code = outcomes.error().code;
  if (code != ErrorCode::invalid_argument && code != ErrorCode::too_large) return outcomes;
  if (rows.size() == 1) return std::vector<RowOutcome>{RowOutcome::failed(outcomes.error())};
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(rows.size() / 2);
  MUSTER_TRY(auto answered, send_halving(connection, {rows.begin(), middle}));
  MUSTER_TRY(auto others, send_halving(connection, {middle, rows.end()}));
  answered.insert(answered.end(), std::make_move_iterator(others.begin()),
                  std::make_move_iterator(others.end()));
  return answered;
}

Result<std::vector<RowOutcome>> BulkEngine::send_sound(Connection& connection, const std::vector<Row>& rows) {
  std::vector<Row> sound;
  const bool all_sound =
      std::none_of(rows.begin(), rows.end(), [](const Row& row) { return row.problem.has_value(); });
  if (all_sound) return send_halving(connection, rows);
  for (const Row& row : rows)
    if (!row.problem) sound.push_back(row);
  std::vector<RowOutcome> answered;
  if (!sound.empty()) {
    MUSTER_TRY(answered, send_halving(connection, sound));
  }
  std::vector<RowOutcome> all;
  all.reserve(rows.size());
  auto next = answered.begin();
  for (const Row& row : rows)
    all.push_back(row.problem
                      ? RowOutcome::failed(Error{ErrorCode::invalid_argument, *row.problem, {}, {}, {}})
                      : std::move(*next++));
  return all;
}

Status BulkEngine::take_in(FinishedBatch batch, std::uint64_t number,
                           const std::function<Status(const FinishedBatch&)>& report) {
  const std::lock_guard lock(report_mutex_);
  early_.emplace(number, std::move(batch));
  while (!early_.empty() && early_.begin()->first == next_number_) {
    const auto first = early_.extract(early_.begin());
    ++next_number_;
    const auto& outcomes = first.mapped().outcomes;
    const bool is_quiet = run_.printer.format() == Format::table && !run_.globals.verbose &&
                          std::none_of(outcomes.begin(), outcomes.end(),
                                       [](const RowOutcome& each) { return each.outcome == "failed"; });
    if (!is_quiet) progress_.clear();
    MUSTER_CHECK_OK(report(first.mapped()));
    MUSTER_CHECK_OK(count(first.mapped()));
  }
  return {};
}

Status BulkEngine::count(const FinishedBatch& batch) {
  for (const RowOutcome& outcome : batch.outcomes) {
    if (outcome.outcome == "failed")
      ++counts_.failed;
    else if (outcome.outcome == plan_.success)
      ++counts_.done;
    else
      ++counts_.unchanged;
  }
  counts_.offset_bytes = static_cast<std::int64_t>(batch.rows.back().end_bytes);
  counts_.line = static_cast<std::int64_t>(batch.rows.back().end_line);
  counts_.header = reader_.header();
  const auto now = std::chrono::steady_clock::now();
  if (!run_.globals.dry_run && now - saved_at_ >= save_interval) {
    saved_at_ = now;
    MUSTER_CHECK_OK(checkpoint_.save(counts_));
  }
  const auto rows = static_cast<std::uint64_t>(counts_.done + counts_.unchanged + counts_.failed);
  // How many rows there will be is guessed from how far the bytes are.
  const double share =
      static_cast<double>(counts_.offset_bytes) / static_cast<double>(checkpoint_.size_bytes());
  const std::uint64_t total =
      checkpoint_.size_bytes() == 0
          ? 0
          : std::max(rows, static_cast<std::uint64_t>(static_cast<double>(rows) / share));
  progress_.show(rows, total, std::to_string(counts_.failed) + " failed");
  return {};
}

}  // namespace muster::cmd
