// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/job.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "ops/catalogue.hpp"

namespace muster::cmd {

Command create_backup() {
  Command command = generic("backup create");
  add_waiting_options(command, "it is written");
  command.examples = {{"From cron", "musterctl backup create --wait -q"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("backup create");
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    return begin_job(run, operation, prepared);
  };
  return command;
}

}  // namespace muster::cmd
