// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>

namespace muster::cmd {

Command verify_audit() {
  Command command = generic("audit verify");
  command.help += " Exits 1 when the chain is broken.";
  command.run = [](Run& run) -> Result<wire::Exit> {
    MUSTER_TRY(const wire::Json data, run.connection.get("/v1/admin/audit/verify"));
    MUSTER_CHECK_OK(run.printer.print(data));
    const auto* ok = data.is_object() ? data.get_object().if_contains("ok") : nullptr;
    const bool whole = ok != nullptr && ok->is_bool() && ok->get_bool();
    return whole ? wire::Exit::done : wire::Exit::failed;
  };
  return command;
}

Command export_audit() {
  Command command = generic("audit list");
  command.verb = "export";
  command.summary = "Write all audit records, one JSON object a line";
  command.help = "Oldest first. -o chooses another format.";
  std::erase_if(command.options,
                [](const Option& option) { return option.name == "all" || option.name == "cursor"; });
  command.examples = {
      {"Of one day",
       "musterctl audit export --since 2026-01-31T00:00:00Z --until 2026-02-01T00:00:00Z > day.jsonl"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("audit list");
    run.printer.prefer(Format::jsonl, run.globals.format_given);
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    return print_all_pages(run, prepared.path, prepared.query, columns_of(operation));
  };
  return command;
}

}  // namespace muster::cmd
