// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/contexts.hpp"
#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "cmd/server.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

Argument name_argument() {
  return {.name = "name", .description = "The context's name"};
}

wire::Json shown(const ServerContext& context, const Contexts& all) {
  boost::json::object out{{"name", context.name},
                          {"server", context.server},
                          {"ca_file", nullptr},
                          {"current", all.current == context.name}};
  if (context.certificate_authority_file) out["ca_file"] = *context.certificate_authority_file;
  return wire::Json(std::move(out));
}

Result<wire::Exit> print_one(Run& run, const std::string& name, const Contexts& all) {
  MUSTER_CHECK_OK(run.printer.print(shown(*all.find(name), all)));
  return wire::Exit::done;
}

Result<wire::Exit> run_set(Run& run) {
  const std::string name = run.values.get("name");
  if (name.empty() || name.size() > 64) return fail(Error::invalid("name", "must have 1 to 64 characters"));
  if (!run.globals.server) return fail(ErrorCode::invalid_argument, "context set needs --server ADDRESS");
  MUSTER_TRY(const Server server, resolve_server(run.globals));
  MUSTER_TRY(Contexts all, load_contexts());
  ServerContext context{name, server.address, std::nullopt};
  if (!run.globals.certificate_authority_file.empty())
    context.certificate_authority_file =
        std::filesystem::absolute(run.globals.certificate_authority_file).lexically_normal().string();
  std::erase_if(all.contexts, [&](const ServerContext& each) { return each.name == name; });
  all.contexts.push_back(std::move(context));
  std::sort(all.contexts.begin(), all.contexts.end(),
            [](const ServerContext& a, const ServerContext& b) { return a.name < b.name; });
  if (!all.current) all.current = name;
  MUSTER_CHECK_OK(save_contexts(all));
  return print_one(run, name, all);
}

Result<wire::Exit> run_use(Run& run) {
  MUSTER_TRY(Contexts all, load_contexts());
  const std::string name = run.values.get("name");
  if (all.find(name) == nullptr) return fail(ErrorCode::not_found, "there is no context " + name);
  all.current = name;
  MUSTER_CHECK_OK(save_contexts(all));
  return print_one(run, name, all);
}

Result<wire::Exit> run_list(Run& run) {
  MUSTER_TRY(const Contexts all, load_contexts());
  boost::json::array items;
  for (const ServerContext& each : all.contexts) items.push_back(shown(each, all));
  MUSTER_CHECK_OK(
      run.printer.print(wire::Json(boost::json::object{{"items", items}, {"next_cursor", nullptr}}),
                        {"name", "server", "ca_file", "current"}));
  return wire::Exit::done;
}

Result<wire::Exit> run_delete(Run& run) {
  MUSTER_TRY(Contexts all, load_contexts());
  const std::string name = run.values.get("name");
  if (all.find(name) == nullptr) return fail(ErrorCode::not_found, "there is no context " + name);
  std::erase_if(all.contexts, [&](const ServerContext& each) { return each.name == name; });
  if (all.current == name) all.current.reset();
  MUSTER_CHECK_OK(save_contexts(all));
  MUSTER_CHECK_OK(run.printer.print(wire::Json(boost::json::object{{"changed", true}})));
  return wire::Exit::done;
}

Command make(std::string verb, std::string summary, Result<wire::Exit> (*function)(Run&)) {
  Command command;
  command.noun = "context";
  command.verb = std::move(verb);
  command.summary = std::move(summary);
  command.local = true;
  command.run = function;
  return command;
}

}  // namespace

Command set_context() {
  Command command = make("set", "Name a server, given by --server and --ca-file", run_set);
  command.arguments = {name_argument()};
  command.help = "The first context becomes the current one.";
  command.examples = {
      {"A server on the network", "musterctl context set prod --server https://muster.example.com"}};
  return command;
}

Command use_context() {
  Command command = make("use", "Make a context the current one", run_use);
  command.arguments = {name_argument()};
  return command;
}

Command list_contexts() {
  Command command = make("list", "List contexts", run_list);
  command.local = false;
  return command;
}

Command delete_context() {
  Command command = make("delete", "Forget a context", run_delete);
  command.arguments = {name_argument()};
  return command;
}

}  // namespace muster::cmd
