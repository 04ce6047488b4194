// SPDX-License-Identifier: Apache-2.0
#include "cmd/bulk.hpp"

#include "base/encoding.hpp"
#include "base/system_reason.hpp"
#include "base/time.hpp"
#include "cmd/bulk_engine.hpp"
#include "cmd/checkpoint.hpp"
#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "cmd/program.hpp"
#include "cmd/terminal.hpp"
#include "wire/error_table.hpp"

#include <cerrno>
#include <charconv>
#include <system_error>

#include <boost/json.hpp>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

namespace muster::cmd {
namespace {

constexpr std::int64_t concurrency_default = 2;
constexpr std::int64_t concurrency_max = 64;
constexpr std::int64_t rate_max_hz = 10'000'000;

Result<std::int64_t> number_option(const Run& run, const std::string& name, std::int64_t fallback,
                                   std::int64_t largest) {
  const auto text = run.values.find(name);
  if (!text) return fallback;
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (status != std::errc{} || end != text->data() + text->size() || number < 1 || number > largest)
    return fail(Error::invalid("--" + name, "must be a number from 1 to " + std::to_string(largest)));
  return number;
}

Result<RowFormat> row_format(const Run& run, const BulkPlan& plan) {
  const std::string given = run.values.get("format");
  if (given == "csv" || (given.empty() && plan.source.ends_with(".csv"))) return RowFormat::csv;
  if (given == "jsonl" || (given.empty() && plan.source.ends_with(".jsonl"))) return RowFormat::jsonl;
  return plan.default_format;
}

/// The rows' bytes, from the file or standard input.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (file_ > STDIN_FILENO) ::close(file_);
  }

  Status open(const std::string& path, std::uint64_t offset_bytes) {
    file_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0)
      return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::invalid_argument,
                  "cannot read " + path + ": " + system_reason());
    if (offset_bytes > 0 && ::lseek(file_, static_cast<off_t>(offset_bytes), SEEK_SET) < 0)
      return fail(ErrorCode::invalid_argument, "cannot go on in " + path + ": " + system_reason());
    return {};
  }
  Result<std::size_t> read(char* buffer, std::size_t size) const {
    for (;;) {
      const ssize_t got = ::read(file_, buffer, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EINTR && Terminal::interrupted()) return std::size_t{0};
      if (errno != EINTR)
        return fail(ErrorCode::invalid_argument, "cannot read the rows: " + system_reason());
    }
  }

 private:
  int file_ = -1;
};

/// Where the rows that failed go, as they were read.
class FailedRows {
 public:
  FailedRows() = default;
  FailedRows(const FailedRows&) = delete;
  FailedRows& operator=(const FailedRows&) = delete;
  ~FailedRows() {
    if (file_ != nullptr) (void)std::fclose(file_);
  }

  /// A resumed run adds to what it wrote before.
  Status open(const std::string& path, bool resumed) {
    path_ = path;
    // Rows may have passwords or their hashes in them.
    constexpr mode_t only_mine = 0600;
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (resumed ? O_APPEND : O_TRUNC);
    const int file = ::open(path.c_str(), flags, only_mine);
    if (file >= 0) file_ = ::fdopen(file, resumed ? "a" : "w");
    if (file_ == nullptr)
      return fail(ErrorCode::invalid_argument, "cannot write " + path + ": " + system_reason());
    empty_ = std::fseek(file_, 0, SEEK_END) == 0 && std::ftell(file_) == 0;
    return {};
  }
  Status add(const Row& row, const std::string& header) {
    if (file_ == nullptr) return {};
    bool good = true;
    if (empty_ && !header.empty()) good = std::fputs(header.c_str(), file_) >= 0;
    empty_ = false;
    good = good && std::fwrite(row.raw.data(), 1, row.raw.size(), file_) == row.raw.size();
    if (!row.raw.ends_with('\n')) good = good && std::fputc('\n', file_) != EOF;
    if (good) return {};
    return fail(ErrorCode::precondition_failed, "cannot write " + path_ + ": " + system_reason());
  }
  Status flush() {
    if (file_ == nullptr || std::fflush(file_) == 0) return {};
    return fail(ErrorCode::precondition_failed, "cannot write " + path_ + ": " + system_reason());
  }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  bool empty_ = true;
};

wire::Json result_json(const Row& row, const RowOutcome& outcome) {
  const auto text = [](const std::optional<std::string>& value) {
    return value ? wire::Json(boost::json::string(*value)) : wire::Json(nullptr);
  };
  return wire::Json(boost::json::object{{"line", row.line},
                                        {"id", text(outcome.id)},
                                        {"outcome", outcome.outcome},
                                        {"error", text(outcome.error)},
                                        {"field", text(outcome.field)},
                                        {"message", text(outcome.message)}});
}

bool prints_rows(const Run& run) {
  const Format format = run.printer.format();
  return run.globals.verbose || format == Format::jsonl || format == Format::csv || format == Format::id;
}

wire::Json summary_json(const Run& run, const BulkPlan& plan, const Checkpoint& counts) {
  if (run.globals.dry_run)
    return wire::Json(boost::json::object{{"dry_run", true},
                                          {"changes", counts.done},
                                          {"plan_hash", plan.hashes->combined()},
                                          {"unchanged", counts.unchanged},
                                          {"failed", counts.failed}});
  return wire::Json(boost::json::object{
      {plan.success, counts.done}, {"unchanged", counts.unchanged}, {"failed", counts.failed}});
}

std::string summary_text(const BulkPlan& plan, const Checkpoint& counts) {
  return plan.success + " " + std::to_string(counts.done) + ", unchanged " +
         std::to_string(counts.unchanged) + ", failed " + std::to_string(counts.failed);
}

/// The message, with the field at fault where it does not say it itself.
std::string why(const RowOutcome& outcome) {
  std::string message = outcome.message.value_or("failed");
  if (!outcome.field || message.starts_with(*outcome.field)) return message;
  return *outcome.field + ": " + message;
}

Status report(Run& run, FailedRows& failed_rows, const std::string& header, const FinishedBatch& batch) {
  std::vector<wire::Json> printed;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const RowOutcome& outcome = batch.outcomes[i];
    const bool failed = outcome.outcome == "failed";
    if (failed) MUSTER_CHECK_OK(failed_rows.add(batch.rows[i], header));
    if (prints_rows(run)) {
      if (run.printer.format() != Format::id || outcome.id)
        printed.push_back(result_json(batch.rows[i], outcome));
    } else if (failed) {
      run.terminal.note("line " + std::to_string(batch.rows[i].line) + ": " + printable(why(outcome)));
    }
  }
  MUSTER_CHECK_OK(failed_rows.flush());
  if (printed.empty()) return {};
  return run.printer.items(printed);
}

Result<wire::Exit> finish(Run& run, const BulkPlan& plan, const Checkpoint& counts,
                          CheckpointFile& checkpoint) {
  const std::string summary = summary_text(plan, counts);
  if (prints_rows(run)) MUSTER_CHECK_OK(run.printer.end_list({}));
  if (Terminal::interrupted()) {
    MUSTER_CHECK_OK(checkpoint.save(counts));
    run.terminal.note(
        "stopped; " + summary +
        (plan.source == "-" ? "" : "; the same command goes on from line " + std::to_string(counts.line)));
    return wire::Exit::failed;
  }
  if (!run.globals.dry_run) checkpoint.forget();
  if (prints_rows(run))
    run.terminal.note(summary);
  else
    MUSTER_CHECK_OK(run.printer.print(summary_json(run, plan, counts)));
  if (run.globals.dry_run && counts.done > 0) return wire::Exit::differs;
  if (counts.failed > 0)
    return counts.done + counts.unchanged > 0 ? wire::Exit::partly_done : wire::Exit::failed;
  return wire::Exit::done;
}

/// Makes the plan again: only if it still is the one with the hash, the work may begin.
Status check_plan(Run& run, const BulkPlan& plan, const BulkLimits& limits, RowFormat format) {
  if (plan.source == "-")
    return fail(ErrorCode::invalid_argument, "--plan-hash needs a file: standard input cannot be read twice");
  Globals globals = run.globals;
  globals.dry_run = true;
  Run rehearsal{run.command, run.values, globals, run.terminal, run.printer, run.connection, run.nouns};
  Source source;
  MUSTER_CHECK_OK(source.open(plan.source, 0));
  RowReader reader([&](char* buffer, std::size_t size) { return source.read(buffer, size); }, format,
                   plan.columns, "user");
  CheckpointFile nothing_kept("", "-");
  BulkEngine engine(rehearsal, plan, limits, reader, nothing_kept, {});
  MUSTER_CHECK_OK(engine.work([](const FinishedBatch&) { return Status{}; }));
  if (plan.hashes->combined() == *run.globals.plan_hash) return {};
  return fail(ErrorCode::precondition_failed,
              "the plan is stale: the file or the state it was made for has changed");
}

}  // namespace

void PlanHashes::remember(const std::vector<Row>& rows, std::string hash) {
  const std::lock_guard lock(mutex_);
  hashes_[key_of(rows)] = std::move(hash);
}

std::optional<std::string> PlanHashes::find(const std::vector<Row>& rows) const {
  const std::lock_guard lock(mutex_);
  const auto found = hashes_.find(key_of(rows));
  return found == hashes_.end() ? std::nullopt : std::optional(found->second);
}

std::string PlanHashes::combined() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const auto& [key, hash] : hashes_)
    all += std::to_string(key.first) + " " + std::to_string(key.second) + " " + hash + "\n";
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(all.data(), all.size()));
  return hex_encode({reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest});
}

Result<Query> plan_query(const Globals& globals, const PlanHashes& hashes, const std::vector<Row>& rows) {
  if (globals.dry_run) return Query{{"dry_run", "true"}};
  if (!globals.plan_hash) return Query{};
  auto hash = hashes.find(rows);
  if (!hash) return fail(ErrorCode::precondition_failed, "the plan is stale: it had other rows together");
  return Query{{"plan_hash", std::move(*hash)}};
}

RowOutcome RowOutcome::failed(const Error& error) {
  RowOutcome outcome;
  outcome.outcome = "failed";
  outcome.error = std::string(wire::entry_of(error.code).name);
  outcome.message = error.message;
  if (!error.fields.empty()) {
    outcome.field = error.fields.front().field;
    outcome.message = error.fields.front().message;
  }
  return outcome;
}

bool is_worth_a_retry(ErrorCode code) {
  return wire::entry_of(code).exit == wire::Exit::unreachable;
}

std::vector<Option> bulk_options() {
  return {{.name = "format",
           .placeholder = "jsonl|csv",
           .description = "How the rows are written; by default the file's ending says",
           .words = {"jsonl", "csv"}},
          {.name = "concurrency",
           .placeholder = "1..64",
           .description = "Connections at the same time; 2 by default"},
          {.name = "max-rps", .placeholder = "NUMBER", .description = "At most this many rows a second"},
          {.name = "failed-out",
           .placeholder = "FILE",
           .description = "Write the rows that failed to this file, as they were read, to be fed back",
           .completes = Completes::file},
          {.name = "restart",
           .placeholder = "",
           .description = "Begin at the first row, not where the same command was stopped"}};
}

Result<std::string> time_option(const Run& run, const std::string& name) {
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  if (const auto text = run.values.find(name + "-in")) {
    const auto duration = parse_duration(*text);
    if (!duration) return fail(Error::invalid("--" + name + "-in", duration.error().message));
    return format_time(now + *duration);
  }
  const auto time = parse_time(run.values.get(name + "-at"));
  if (!time) return fail(Error::invalid("--" + name + "-at", time.error().message));
  return format_time(*time);
}

Result<wire::Exit> run_bulk(Run& run, const BulkPlan& plan) {
  BulkLimits limits;
  MUSTER_TRY(const std::int64_t connections,
             number_option(run, "concurrency", concurrency_default, concurrency_max));
  MUSTER_TRY(const std::int64_t rate_hz, number_option(run, "max-rps", 0, rate_max_hz));
  limits.connections = static_cast<std::size_t>(connections);
  limits.rows_hz = static_cast<std::uint64_t>(rate_hz);
  limits.batch_rows = plan.batch_rows_max;
  if (rate_hz > 0) limits.batch_rows = std::min(limits.batch_rows, static_cast<std::size_t>(rate_hz));
  MUSTER_TRY(const RowFormat format, row_format(run, plan));
  if (run.globals.plan_hash) MUSTER_CHECK_OK(check_plan(run, plan, limits, format));

  CheckpointFile checkpoint(plan.name + (run.globals.dry_run ? "-dry-run" : ""), plan.source);
  MUSTER_TRY(const bool acquired, checkpoint.acquire());
  if (!acquired) {
    print_error(Error{ErrorCode::conflict, "another musterctl is working on " + plan.source, {}, {}, {}},
                run.globals);
    return wire::Exit::running_elsewhere;
  }
  MUSTER_TRY(const Server server, run.connection.server());
  std::optional<Checkpoint> kept;
  if (!run.values.has("restart") && !run.globals.dry_run) {
    MUSTER_TRY(kept, checkpoint.load());
  }
  Checkpoint counts = kept.value_or(Checkpoint{});
  Source source;
  MUSTER_CHECK_OK(source.open(plan.source, static_cast<std::uint64_t>(counts.offset_bytes)));
  RowReader reader([&](char* buffer, std::size_t size) { return source.read(buffer, size); }, format,
                   plan.columns, "user");
  if (kept) {
    MUSTER_CHECK_OK(reader.resume(static_cast<std::uint64_t>(counts.offset_bytes),
                                  static_cast<std::uint64_t>(counts.line), counts.header));
    run.terminal.note("going on from line " + std::to_string(counts.line) + "; --restart begins anew");
  }
  FailedRows failed_rows;
  if (const auto path = run.values.find("failed-out"))
    MUSTER_CHECK_OK(failed_rows.open(*path, kept.has_value()));
  if (prints_rows(run))
    MUSTER_CHECK_OK(run.printer.begin_list({"line", "id", "outcome", "error", "field", "message"}));
  const Terminal::Graceful graceful;
  BulkEngine engine(run, plan, limits, reader, checkpoint, counts);
  auto status = engine.work(
      [&](const FinishedBatch& batch) { return report(run, failed_rows, reader.header(), batch); });
  if (!status) {
    if (prints_rows(run)) (void)run.printer.end_list({});
    if (engine.counts().line > 1) run.terminal.note(summary_text(plan, engine.counts()));
    return fail(std::move(status).error());
  }
  return finish(run, plan, engine.counts(), checkpoint);
}

}  // namespace muster::cmd
