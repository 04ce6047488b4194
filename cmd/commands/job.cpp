// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/job.hpp"

#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/progress.hpp"
#include "cmd/terminal.hpp"

#include <chrono>
#include <thread>

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

std::string text_of(const wire::Json& job, const char* name) {
  const auto* value = job.is_object() ? job.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_of(const wire::Json& job, const char* name) {
  const auto* value = job.is_object() ? job.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_int64() && value->get_int64() > 0
             ? static_cast<std::uint64_t>(value->get_int64())
             : 0;
}

bool has_ended(const std::string& state) {
  return state == "done" || state == "failed" || state == "cancelled";
}

constexpr std::chrono::milliseconds poll_interval_min{100};
constexpr std::chrono::milliseconds poll_interval_max{1000};

}  // namespace

Result<wire::Exit> follow_job(Run& run, const std::string& id,
                              std::optional<std::chrono::microseconds> runtime_max) {
  const Terminal::Graceful graceful;
  Progress progress(run.terminal, "job " + id);
  const auto started = std::chrono::steady_clock::now();
  auto interval = poll_interval_min;
  for (;;) {
    MUSTER_TRY(const wire::Json job, run.connection.get("/v1/admin/jobs/" + http::percent_encode(id)));
    const std::string state = text_of(job, "state");
    progress.show(number_of(job, "done"), number_of(job, "total"), state);
    const bool out_of_time = runtime_max && std::chrono::steady_clock::now() - started >= *runtime_max;
    if (Terminal::interrupted() || (out_of_time && !has_ended(state))) {
      progress.clear();
      run.terminal.note("job " + id + " goes on; watch it again with: musterctl job watch " + id);
      if (out_of_time) MUSTER_CHECK_OK(run.printer.print(job));
      return wire::Exit::unreachable;
    }
    if (has_ended(state)) {
      progress.clear();
      MUSTER_CHECK_OK(run.printer.print(job));
      if (state == "done") return wire::Exit::done;
      run.terminal.note("job " + id + " " + state + ": " + text_of(job, "message"));
      return wire::Exit::failed;
    }
    std::this_thread::sleep_for(interval);
    interval = std::min(interval * 2, poll_interval_max);
  }
}

Option runtime_max_option() {
  return {.name = "max-runtime",
          .placeholder = "DURATION",
          .description = "Stop waiting after this time, for cron; the job goes on, and the exit status is 9"};
}

Result<std::optional<std::chrono::microseconds>> runtime_option(const Run& run) {
  const auto text = run.values.find("max-runtime");
  if (!text) return std::optional<std::chrono::microseconds>();
  const auto duration = parse_duration(*text);
  if (!duration) return fail(Error::invalid("--max-runtime", duration.error().message));
  return std::optional<std::chrono::microseconds>(*duration);
}

void add_waiting_options(Command& command, const std::string& until) {
  command.options.push_back({.name = "wait",
                             .placeholder = "",
                             .description = "Wait until " + until + "; the default on a terminal"});
  command.options.push_back({.name = "no-wait", .placeholder = "", .description = "Do not wait"});
  command.options.push_back(runtime_max_option());
}

Result<wire::Exit> begin_job(Run& run, const ops::OperationDescription& operation, const Prepared& prepared) {
  MUSTER_TRY(const auto runtime_max, runtime_option(run));
  MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
  const auto* id = data.is_object() ? data.get_object().if_contains("id") : nullptr;
  const bool wait =
      run.values.has("wait") || runtime_max || (run.terminal.can_ask() && !run.values.has("no-wait"));
  if (!run.globals.dry_run && wait && id != nullptr && id->is_string())
    return follow_job(run, std::string(id->get_string()), runtime_max);
  MUSTER_CHECK_OK(run.printer.print(data));
  return exit_of(run, data);
}

Command watch_job() {
  Command command;
  command.noun = "job";
  command.verb = "watch";
  command.summary = "Follow a job until it ends";
  command.help = "Ctrl-C stops watching; the job goes on.";
  command.arguments = generic("job get").arguments;
  command.options = {runtime_max_option()};
  command.run = [](Run& run) -> Result<wire::Exit> {
    MUSTER_TRY(const auto runtime_max, runtime_option(run));
    const std::string id = run.values.get("job");
    if (id.empty()) return fail(Error::invalid("job", "must not be empty"));
    return follow_job(run, id, runtime_max);
  };
  return command;
}

}  // namespace muster::cmd
