// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/job.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/terminal.hpp"

#include <chrono>
#include <thread>

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

constexpr const char* events_path = "/v1/admin/audit";
constexpr std::chrono::milliseconds poll_interval{500};

Columns event_columns() {
  return {"seq", "time", "actor", "operation", "target", "outcome"};
}

Command as_event(std::string_view verb) {
  Command command = generic("audit list");
  command.noun = "event";
  command.verb = std::string(verb);
  return command;
}

/// Where the log ends now, by the server's own order: no clock of ours is asked.
Status begin_now(Run& run, Query& filter) {
  MUSTER_TRY(const wire::Json page, run.connection.get(events_path, {{"from_now", "true"}}));
  const auto* object = page.if_object();
  const auto* next = object == nullptr ? nullptr : object->if_contains("next_cursor");
  if (next == nullptr || !next->is_string())
    return fail(ErrorCode::internal, "the server does not say where its events end");
  filter.emplace_back("cursor", std::string(next->get_string()));
  return {};
}

/// Prints what came after `last_seq`, all pages of it, and moves it on.
Status print_new(Run& run, const Query& filter, std::int64_t& last_seq) {
  for (bool more = true; more && !Terminal::interrupted();) {
    Query query = filter;
    if (last_seq > 0) query.emplace_back("after", std::to_string(last_seq));
    MUSTER_TRY(const wire::Json page, run.connection.get(events_path, query));
    const auto* object = page.if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !items->is_array())
      return fail(ErrorCode::internal, "the server's answer is not a list");
    const auto& list = items->get_array();
    if (!list.empty()) {
      const auto* seq = list.back().is_object() ? list.back().get_object().if_contains("seq") : nullptr;
      if (seq == nullptr || !seq->is_int64() || seq->get_int64() <= last_seq)
        return fail(ErrorCode::internal, "the server's events are out of order");
      last_seq = seq->get_int64();
      MUSTER_CHECK_OK(run.printer.items({list.begin(), list.end()}));
      MUSTER_CHECK_OK(run.printer.flush());
    }
    const auto* next = object->if_contains("next_cursor");
    more = next != nullptr && next->is_string() && !list.empty();
  }
  return {};
}

Result<wire::Exit> watch(Run& run) {
  MUSTER_TRY(const auto runtime_max, runtime_option(run));
  MUSTER_TRY(Prepared prepared, prepare(run, operation_of("audit list")));
  if (!run.values.has("since")) MUSTER_CHECK_OK(begin_now(run, prepared.query));
  run.printer.prefer(Format::jsonl, run.globals.format_given);
  const Terminal::Graceful graceful;
  const auto started = std::chrono::steady_clock::now();
  MUSTER_CHECK_OK(run.printer.begin_list(event_columns()));
  for (std::int64_t last_seq = 0; !Terminal::interrupted();) {
    MUSTER_CHECK_OK(print_new(run, prepared.query, last_seq));
    if (runtime_max && std::chrono::steady_clock::now() - started >= *runtime_max) break;
    std::this_thread::sleep_for(poll_interval);
  }
  MUSTER_CHECK_OK(run.printer.end_list({}));
  return wire::Exit::done;
}

}  // namespace

Command list_events() {
  Command command = as_event("list");
  command.summary = "List changes, oldest first";
  command.help = "Every change of users, roles, grants, sessions, keys and jobs, as the audit log has it.";
  command.examples = {{"Of the last hour", "musterctl event list --since 1h --all"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("audit list");
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    if (run.values.has("all")) return print_all_pages(run, prepared.path, prepared.query, event_columns());
    MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
    MUSTER_CHECK_OK(run.printer.print(data, event_columns()));
    return wire::Exit::done;
  };
  return command;
}

Command watch_events() {
  Command command = as_event("watch");
  command.summary = "Show changes as they happen";
  command.help =
      "One JSON object a line unless -o says otherwise. From now on, or from --since; Ctrl-C ends it.";
  std::erase_if(command.options, [](const Option& option) {
    return option.name == "all" || option.name == "cursor" || option.name == "until" ||
           option.name == "after" || option.name == "limit" || option.name == "from-now";
  });
  command.options.push_back(
      {.name = "max-runtime", .placeholder = "DURATION", .description = "End after this time, such as 10m"});
  command.examples = {{"Who grants what", "musterctl event watch --operation grant_role"}};
  command.run = watch;
  return command;
}

}  // namespace muster::cmd
