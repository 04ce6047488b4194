// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

#include "cmd/commands/list.hpp"
#include "cmd/commands/server_version.hpp"
#include "cmd/printer.hpp"
#include "cmd/terminal.hpp"

#include <boost/json.hpp>

namespace muster::cmd {

Result<std::string> server_version(Connection& connection) {
  MUSTER_TRY(const http::Response response, connection.send(http::Method::get, "/v1/openapi.json", {}));
  const auto json = wire::parse_json(response.body);
  const auto* object = json ? json->if_object() : nullptr;
  const auto* info = object == nullptr ? nullptr : object->if_contains("info");
  const auto* text =
      info == nullptr || !info->is_object() ? nullptr : info->get_object().if_contains("version");
  if (text == nullptr || !text->is_string())
    return fail(ErrorCode::internal, "the server does not say its version: is this address a musterd?");
  return std::string(text->get_string());
}

Command show_version() {
  Command command;
  command.noun = "version";
  command.summary = "Show the versions of musterctl and of the server";
  command.help = "A server that cannot be reached is no error: its version is then null.";
  command.run = [](Run& run) -> Result<wire::Exit> {
    boost::json::object data{{"client", std::string(version)}, {"server", nullptr}, {"address", nullptr}};
    const auto server = run.connection.server();
    const auto theirs = server ? server_version(run.connection) : Result<std::string>(fail(server.error()));
    if (server) data["address"] = server->address;
    if (theirs)
      data["server"] = *theirs;
    else
      run.terminal.note("the server's version is not known: " + printable(theirs.error().message));
    MUSTER_CHECK_OK(run.printer.print(wire::Json(std::move(data))));
    return wire::Exit::done;
  };
  return command;
}

}  // namespace muster::cmd
