// SPDX-License-Identifier: Apache-2.0
#include "cmd/bulk.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "ops/catalogue.hpp"

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

const std::string* text_member(const wire::Json& json, std::initializer_list<const char*> names,
                               std::string& storage) {
  for (const char* name : names)
    if (const auto* value = json.is_object() ? json.get_object().if_contains(name) : nullptr;
        value != nullptr && value->is_string()) {
      storage = std::string(value->get_string());
      return &storage;
    }
  return nullptr;
}

RowOutcome outcome_of(const Result<wire::Json>& answer, bool dry_run) {
  if (!answer) return RowOutcome::failed(answer.error());
  RowOutcome outcome;
  const auto* object = answer->if_object();
  const auto* changed = object == nullptr ? nullptr : object->if_contains(dry_run ? "changes" : "changed");
  const bool did = changed != nullptr && ((changed->is_bool() && changed->get_bool()) ||
                                          (changed->is_int64() && changed->get_int64() > 0));
  outcome.outcome = did ? "granted" : "unchanged";
  return outcome;
}

/// One user of the list: `{"user":...,"expires_at":...,"reason":...}`.
Result<RowOutcome> grant_one(const Globals& globals, Connection& connection, PlanHashes& hashes,
                             const std::string& role, const Row& row, const boost::json::object& defaults) {
  MUSTER_TRY(const wire::Json json, wire::parse_json(row.object));
  std::string user;
  if (text_member(json, {"user", "user_id", "id", "username", "email"}, user) == nullptr)
    return RowOutcome::failed(Error::invalid("user", "is required"));
  const auto id = user_id_of(connection, user);
  if (!id && id.error().code != ErrorCode::not_found) return fail(id.error());
  if (!id) return RowOutcome::failed(id.error());
  boost::json::object body = defaults;
  for (const char* name : {"expires_at", "reason"}) {
    std::string text;
    if (text_member(json, {name}, text) != nullptr) body[name] = text;
  }
  MUSTER_TRY(const Query query, plan_query(globals, hashes, {row}));
  const auto answer = connection.call(
      http::Method::put, "/v1/users/" + http::percent_encode(*id) + "/roles/" + http::percent_encode(role),
      query, wire::to_text(wire::Json(std::move(body))));
  const bool is_stale = !answer && answer.error().code == ErrorCode::precondition_failed;
  if (is_stale || (!answer && is_worth_a_retry(answer.error().code))) return fail(answer.error());
  std::string hash;
  if (globals.dry_run && answer && text_member(*answer, {"plan_hash"}, hash) != nullptr)
    hashes.remember({row}, hash);
  RowOutcome outcome = outcome_of(answer, globals.dry_run);
  outcome.id = *id;
  return outcome;
}

Result<wire::Exit> grant_many(Run& run) {
  const std::string role = run.values.get("role");
  boost::json::object defaults;
  if (const auto reason = run.values.find("reason")) defaults["reason"] = *reason;
  if (run.values.has("expires-at") || run.values.has("expires-in")) {
    MUSTER_TRY(const std::string expires_at, time_option(run, "expires"));
    defaults["expires_at"] = expires_at;
  }
  BulkPlan plan;
  plan.source = run.values.get("users");
  plan.name = "grant-" + role;
  plan.columns = {{"user", wire::Kind::string},  {"user_id", wire::Kind::string},
                  {"id", wire::Kind::string},    {"username", wire::Kind::string},
                  {"email", wire::Kind::string}, {"expires_at", wire::Kind::string},
                  {"reason", wire::Kind::string}};
  plan.default_format = RowFormat::text;
  plan.batch_rows_max = 20;
  plan.success = "granted";
  plan.send = [hashes = plan.hashes, role, defaults](
                  const Globals& globals, Connection& connection,
                  const std::vector<Row>& rows) -> Result<std::vector<RowOutcome>> {
    std::vector<RowOutcome> outcomes;
    for (const Row& row : rows) {
      MUSTER_TRY(RowOutcome outcome, grant_one(globals, connection, *hashes, role, row, defaults));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  };
  return run_bulk(run, plan);
}

}  // namespace

Command grant_role() {
  Command command = generic("role grant");
  for (Argument& argument : command.arguments)
    if (argument.name == "user") argument.required = false;
  command.options.push_back(
      {.name = "users",
       .placeholder = "FILE",
       .description = "Grant it to many: one user a line (id, username or email address), JSONL or CSV; - is "
                      "standard input",
       .completes = Completes::file});
  const std::vector<Option> bulk = bulk_options();
  command.options.insert(command.options.end(), bulk.begin(), bulk.end());
  command.examples = {
      {"For two hours", "musterctl role grant on-call alice --expires-in 2h --reason 'incident 4711'"},
      {"To many", "musterctl role grant reader --users users.txt --failed-out failed.txt"}};
  command.run = [one = command.run](Run& run) -> Result<wire::Exit> {
    const bool many = run.values.has("users");
    if (many == run.values.has("user"))
      return fail(ErrorCode::invalid_argument, "role grant needs a USER or --users FILE, and not both");
    return many ? grant_many(run) : one(run);
  };
  return command;
}

Command role_impact() {
  Command command = generic("role impact");
  command.help =
      "Nothing is changed. With --dry-run the exit status is 3 if anybody would gain or lose anything.";
  command.examples = {
      {"Before a permission is taken out", "musterctl role impact editor --remove-permissions delete:post"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("role impact");
    MUSTER_TRY(const Prepared prepared, prepare(run, operation));
    MUSTER_TRY(const wire::Json data, perform(run, operation, prepared));
    MUSTER_CHECK_OK(run.printer.print(data));
    const auto* roles = data.is_object() ? data.get_object().if_contains("roles") : nullptr;
    const bool differs = roles != nullptr && roles->is_array() && !roles->get_array().empty();
    return run.globals.dry_run && differs ? wire::Exit::differs : wire::Exit::done;
  };
  return command;
}

}  // namespace muster::cmd
