// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

bool is_true(const wire::Json& data, const char* name) {
  const auto* object = data.if_object();
  const auto* value = object == nullptr ? nullptr : object->if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Result<wire::Exit> run_verify(Run& run) {
  const auto& operation = operation_of("token inspect");
  MUSTER_TRY(const Prepared prepared, prepare(run, operation));
  MUSTER_TRY(wire::Json data, perform(run, operation, prepared));
  const bool valid = is_true(data, "valid");
  bool good = valid;
  if (const auto permission = run.values.find("permission"); permission && valid) {
    boost::json::object question{{"user_id", data.get_object().at("user_id")}, {"permission", *permission}};
    MUSTER_TRY(const wire::Json answer, run.connection.call(http::Method::post, "/v1/authz/check", {},
                                                            wire::to_text(wire::Json(std::move(question)))));
    good = is_true(answer, "allowed");
    data.get_object()["allowed"] = good;
  }
  MUSTER_CHECK_OK(run.printer.print(data));
  return good ? wire::Exit::done : wire::Exit::denied;
}

}  // namespace

Command verify_token() {
  Command command = generic("token inspect");
  command.verb = "verify";
  command.summary = "Tell by the exit status whether a token is good";
  command.help = "Exits 0 if the token would be accepted now, 4 if not.";
  command.options.push_back(
      {.name = "permission",
       .placeholder = "CODE",
       .description = "Exit 4 too when the token's user does not have this permission"});
  command.examples = {{"In a script", "musterctl token verify --file token.txt --permission read:report"}};
  command.run = run_verify;
  return command;
}

}  // namespace muster::cmd
