// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "ops/catalogue.hpp"

namespace muster::cmd {
namespace {

Command set_status(std::string verb, std::string summary, std::string status) {
  Command command;
  command.noun = "user";
  command.verb = std::move(verb);
  command.summary = std::move(summary);
  command.changes = true;
  command.arguments = generic("user update").arguments;
  command.run = [status = std::move(status)](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("user update");
    MUSTER_TRY(const std::string id, user_id_of(run.connection, run.values.get("user")));
    Prepared prepared{.method = http::Method::patch,
                      .path = "/v1/users/" + http::percent_encode(id),
                      .query = {},
                      .body = "{\"status\":\"" + status + "\"}",
                      .subject = run.values.get("user")};
    MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
    MUSTER_CHECK_OK(run.printer.print(data, run.globals.dry_run ? Columns() : columns_of(operation)));
    return exit_of(run, data);
  };
  return command;
}

}  // namespace

Command enable_user() {
  return set_status("enable", "Let a user log in again", "active");
}

Command disable_user() {
  return set_status("disable", "Keep a user from logging in, end all sessions and revoke all tokens",
                    "disabled");
}

}  // namespace muster::cmd
