// SPDX-License-Identifier: Apache-2.0
#include "cmd/bulk.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "ops/catalogue.hpp"
#include "wire/envelope.hpp"

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

constexpr const char* import_path = "/v1/admin/users/import";

ColumnKinds import_columns() {
  ColumnKinds columns;
  for (const wire::FieldInfo& field : operation_of("user import").request)
    for (const wire::FieldInfo& member : field.members)
      if (field.name == "items") columns.emplace(member.name, member.kind);
  return columns;
}

std::optional<std::string> text_of(const boost::json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::vector<RowOutcome> outcomes_of(const boost::json::array& results) {
  std::vector<RowOutcome> outcomes;
  outcomes.reserve(results.size());
  for (const wire::Json& each : results) {
    RowOutcome outcome;
    if (const auto* object = each.if_object()) {
      outcome.outcome = text_of(*object, "outcome").value_or("failed");
      outcome.id = text_of(*object, "id");
      outcome.error = text_of(*object, "error");
      outcome.field = text_of(*object, "field");
      outcome.message = text_of(*object, "message");
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Result<std::vector<RowOutcome>> planned(const wire::Json& data, const std::vector<Row>& rows,
                                        PlanHashes& hashes) {
  const auto* plan = data.if_object();
  const auto* results = plan == nullptr ? nullptr : plan->if_contains("results");
  if (results == nullptr || !results->is_array())
    return fail(ErrorCode::internal, "the server's answer to the dry run is no plan");
  hashes.remember(rows, text_of(*plan, "plan_hash").value_or(""));
  std::vector<RowOutcome> outcomes = outcomes_of(results->get_array());
  // The ids that were drawn for a rehearsal belong to nobody.
  for (RowOutcome& outcome : outcomes)
    if (outcome.outcome == "created") outcome.id.reset();
  return outcomes;
}

Result<std::vector<RowOutcome>> send_batch(const Globals& globals, Connection& connection, PlanHashes& hashes,
                                           const std::vector<Row>& rows) {
  std::string body = "{\"items\":[";
  for (const Row& row : rows) {
    if (&row != rows.data()) body += ',';
    body += row.object;
  }
  body += "]}";
  MUSTER_TRY(const Query query, plan_query(globals, hashes, rows));
  connection.without_idempotency_key();
  MUSTER_TRY(const http::Response response,
             connection.send(http::Method::post, make_target(import_path, query), body));
  // Read once where it is good: this is the hot path of a large import.
  const auto json = wire::parse_json(response.body);
  const auto* envelope = json && response.status == 200 ? json->if_object() : nullptr;
  const auto* data = envelope == nullptr ? nullptr : envelope->if_contains("data");
  if (data == nullptr) {
    auto failure = wire::read_envelope(response.body, response.status);
    if (!failure) return fail(std::move(failure).error());
    return fail(ErrorCode::internal, "the server's answer has no data");
  }
  if (globals.dry_run) return planned(*data, rows, hashes);
  const auto* results = data->is_object() ? data->get_object().if_contains("results") : nullptr;
  if (results != nullptr && results->is_array()) return outcomes_of(results->get_array());
  return fail(ErrorCode::internal, "the server's answer has no results");
}

}  // namespace

Command import_users() {
  Command command;
  command.noun = "user";
  command.verb = "import";
  command.summary = "Import users from JSONL or CSV, with ready-made password hashes";
  command.help =
      "One user a line as JSON, or CSV whose first line names the fields: " +
      [] {
        std::string names;
        for (const auto& [name, kind] : import_columns()) names += (names.empty() ? "" : ", ") + name;
        return names;
      }() +
      ". In CSV attributes is JSON and roles a list with commas, semicolons or bars between them. Each user "
      "succeeds or fails alone; importing a file again changes nothing. A run that was stopped goes on where "
      "it "
      "was. -v, -o jsonl or -o csv prints what became of each line. Exits 6 when some failed, 1 when all "
      "did.";
  command.changes = true;
  command.arguments = {
      {.name = "file", .description = "The file; - is standard input", .completes = Completes::file}};
  command.options = bulk_options();
  command.examples = {{"A large file into many databases",
                       "musterctl user import users.jsonl --concurrency 32 --failed-out failed.jsonl"},
                      {"From another program", "zcat users.csv.gz | musterctl user import - --format csv"}};
  command.run = [](Run& run) {
    BulkPlan plan;
    plan.source = run.values.get("file");
    plan.name = "import-users";
    plan.columns = import_columns();
    plan.success = "created";
    // As many as are taken: over many databases, a batch costs each of them much the same, however large.
    plan.batch_rows_max = 1000;
    plan.send = [hashes = plan.hashes](const Globals& globals, Connection& connection,
                                       const std::vector<Row>& rows) {
      return send_batch(globals, connection, *hashes, rows);
    };
    return run_bulk(run, plan);
  };
  return command;
}

}  // namespace muster::cmd
