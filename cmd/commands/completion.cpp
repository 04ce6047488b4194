// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/generate.hpp"
#include "cmd/printer.hpp"

namespace muster::cmd {

Command completion() {
  Command command;
  command.noun = "completion";
  command.summary = "Print the completion script for a shell";
  command.arguments = {{.name = "shell", .description = "Which shell", .words = {"bash", "zsh", "fish"}}};
  command.examples = {{"For this bash", "source <(musterctl completion bash)"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto text = generate_completion(run.nouns, run.values.get("shell"));
    if (!text) return fail(Error::invalid("shell", "must be one of bash, zsh, fish"));
    MUSTER_CHECK_OK(run.printer.raw(*text));
    return wire::Exit::done;
  };
  return command;
}

}  // namespace muster::cmd
