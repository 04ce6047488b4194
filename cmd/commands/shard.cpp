// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/job.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/terminal.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

const wire::Json* member(const wire::Json* json, const char* name) {
  return json != nullptr && json->is_object() ? json->get_object().if_contains(name) : nullptr;
}

/// How a check went whose job is done.
Result<wire::Exit> exit_of_check(Run& run, const std::string& job_id) {
  MUSTER_TRY(const wire::Json job, run.connection.get("/v1/admin/jobs/" + http::percent_encode(job_id)));
  const wire::Json* ok = member(member(&job, "result"), "ok");
  if (ok != nullptr && ok->is_bool() && ok->get_bool()) return wire::Exit::done;
  run.terminal.note("faults remain; the job's result says which");
  return run.globals.dry_run ? wire::Exit::differs : wire::Exit::failed;
}

}  // namespace

Command drain_shard() {
  Command command = generic("shard drain");
  command.examples = {{"What would move where", "musterctl shard drain 2 --dry-run"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("shard drain");
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
    const wire::Json* moves = member(member(&data, "after"), "moves");
    if (run.printer.format() == Format::table && moves != nullptr)
      MUSTER_CHECK_OK(
          run.printer.print(wire::Json(boost::json::object{{"items", *moves}, {"next_cursor", nullptr}}),
                            {"first", "last", "slots", "from", "to"}));
    else
      MUSTER_CHECK_OK(run.printer.print(data));
    if (moves != nullptr) run.terminal.note("only a plan: moving slots is not in this version");
    return exit_of(run, data);
  };
  return command;
}

Command check_shards() {
  Command command = generic("shard check");
  command.help += " With --dry-run, --repair only looks. Exits 1 when faults remain.";
  add_waiting_options(command, "it is done");
  command.examples = {{"From cron", "musterctl shard check --wait -q"},
                      {"Mend what can be mended", "musterctl shard check --repair --wait"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("shard check");
    MUSTER_TRY(const auto runtime_max, runtime_option(run));
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    // The dry run of a repair is the check itself.
    const auto body = run.globals.dry_run ? std::optional<std::string>("{}") : prepared.body;
    MUSTER_TRY(const wire::Json data, run.connection.call(prepared.method, prepared.path, {}, body));
    const wire::Json* id = member(&data, "id");
    const bool wait = run.values.has("wait") || run.globals.dry_run || runtime_max ||
                      (run.terminal.can_ask() && !run.values.has("no-wait"));
    if (!wait || id == nullptr || !id->is_string()) {
      MUSTER_CHECK_OK(run.printer.print(data));
      return wire::Exit::done;
    }
    const std::string job(id->get_string());
    MUSTER_TRY(const wire::Exit followed, follow_job(run, job, runtime_max));
    return followed == wire::Exit::done ? exit_of_check(run, job) : followed;
  };
  return command;
}

}  // namespace muster::cmd
