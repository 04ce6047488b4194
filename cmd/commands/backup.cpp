// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/job.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/terminal.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>

namespace muster::cmd {

Command create_backup() {
  Command command = generic("backup create");
  command.options.push_back({.name = "wait",
                             .placeholder = "",
                             .description = "Wait until it is written; the default on a terminal"});
  command.options.push_back({.name = "no-wait", .placeholder = "", .description = "Do not wait"});
  command.options.push_back(runtime_max_option());
  command.examples = {{"From cron", "musterctl backup create --wait -q"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("backup create");
    MUSTER_TRY(const auto runtime_max, runtime_option(run));
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
    const auto* id = data.is_object() ? data.get_object().if_contains("id") : nullptr;
    const bool wait =
        run.values.has("wait") || runtime_max || (run.terminal.can_ask() && !run.values.has("no-wait"));
    if (!run.globals.dry_run && wait && id != nullptr && id->is_string())
      return follow_job(run, std::string(id->get_string()), runtime_max);
    MUSTER_CHECK_OK(run.printer.print(data));
    return exit_of(run, data);
  };
  return command;
}

}  // namespace muster::cmd
