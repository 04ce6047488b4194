// SPDX-License-Identifier: Apache-2.0
#include "cmd/generic.hpp"

#include "base/check.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "cmd/files.hpp"
#include "cmd/globals.hpp"
#include "cmd/secrets.hpp"
#include "cmd/terminal.hpp"
#include "ops/catalogue.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

using ops::OperationDescription;
using wire::FieldInfo;
using wire::Json;
using wire::Kind;

enum class Place : std::uint8_t { path, query, body };

/// Where a field of the request comes from and where it goes to.
struct Binding {
  const FieldInfo* field = nullptr;
  std::string name;  ///< Of the argument or option.
  Place place = Place::body;
  bool positional = false;
  bool is_user = false;
};

std::string dashed(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string singular(std::string_view word) {
  return std::string(word.ends_with('s') ? word.substr(0, word.size() - 1) : word);
}

/// The path's segment before {field}: "users" for {id} in /v1/users/{id}. Empty if the path has no such
/// field.
std::string_view segment_before(std::string_view path, std::string_view field) {
  const auto at = path.find("{" + std::string(field) + "}");
  if (at == std::string_view::npos || at < 2) return {};
  const std::string_view before = path.substr(0, at - 1);
  return before.substr(before.rfind('/') + 1);
}

std::string option_name(const FieldInfo& field) {
  std::string name = dashed(field.name);
  if (field.kind == Kind::id && name.ends_with("-id")) name.resize(name.size() - 3);
  return name;
}

std::vector<Binding> bindings_of(const OperationDescription& operation) {
  const bool in_query = operation.info.method == "GET" || operation.info.method == "DELETE";
  std::vector<Binding> all;
  for (const FieldInfo& field : operation.request) {
    Binding binding;
    binding.field = &field;
    binding.name = option_name(field);
    const std::string_view segment = segment_before(operation.info.path, field.name);
    if (!segment.empty()) {
      binding.place = Place::path;
      binding.positional = true;
      binding.is_user = segment == "users";
      const bool says_nothing = field.name == "id" || field.name == "name" || field.name == "code";
      if (says_nothing) binding.name = singular(segment);
    } else {
      binding.place = in_query ? Place::query : Place::body;
      const bool is_plain = field.kind != Kind::secret && field.kind != Kind::list;
      binding.positional = is_plain && (field.required || field.name == "name");
      binding.is_user = field.name == "user_id";
    }
    all.push_back(std::move(binding));
  }
  // What the noun names comes first: `role grant ROLE USER`, whatever the order in the path.
  const std::string noun(operation.info.command.substr(0, operation.info.command.find(' ')));
  std::stable_partition(all.begin(), all.end(),
                        [&](const Binding& each) { return each.positional && each.name == noun; });
  return all;
}

std::vector<std::string> words_of(const FieldInfo& field) {
  std::vector<std::string> words;
  std::string_view rest = field.rules.one_of;
  while (!rest.empty()) {
    const auto bar = rest.find('|');
    words.emplace_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return words;
}

bool is_list(const OperationDescription& operation) {
  return std::any_of(operation.reply.begin(), operation.reply.end(),
                     [](const FieldInfo& field) { return field.name == "next_cursor"; });
}

bool changes_something(const ops::OperationInfo& info) {
  constexpr std::array<std::string_view, 4> questions{"role check", "role impact", "token inspect",
                                                      "backup verify"};
  return info.method != "GET" &&
         std::find(questions.begin(), questions.end(), info.command) == questions.end();
}

std::string placeholder_of(const Binding& binding) {
  if (binding.is_user) return "USER";
  const FieldInfo& field = *binding.field;
  std::string text = wire::placeholder(field);
  if (!field.rules.one_of.empty()) return text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

std::string description_of(const Binding& binding) {
  std::string text(binding.field->description);
  if (binding.is_user) text = binding.positional ? "A user's id, username or email address" : text;
  if (binding.field->kind == Kind::object) text += "; JSON, or @FILE";
  if (binding.field->kind == Kind::list) text += "; comma-separated or repeated";
  if (binding.field->kind == Kind::time && binding.place == Place::query)
    text += "; a time, or how long ago, such as 2h";
  return text;
}

void add_field_options(Command& command, const Binding& binding, const ops::OperationInfo& info) {
  const FieldInfo& field = *binding.field;
  Option option{.name = binding.name,
                .placeholder = field.kind == Kind::boolean ? "" : placeholder_of(binding),
                .description = description_of(binding),
                .words = field.kind == Kind::list ? std::vector<std::string>() : words_of(field)};
  const std::string full_name = dashed(field.name);
  if (full_name != option.name) option.aliases.push_back(full_name);
  if (field.kind == Kind::list) {
    option.repeated = true;
    if (option.name.ends_with('s')) option.aliases.push_back(singular(option.name));
  }
  command.options.push_back(std::move(option));
  const bool lapses = field.kind == Kind::time && info.method != "GET" && field.name.ends_with("_at");
  if (lapses)
    command.options.push_back({.name = binding.name.substr(0, binding.name.size() - 3) + "-in",
                               .placeholder = "DURATION",
                               .description = "The same, counted from now, such as 90m or 30d"});
}

std::vector<std::string> clearable_fields(const std::vector<Binding>& bindings,
                                          const ops::OperationInfo& info) {
  std::vector<std::string> names;
  if (info.method != "PATCH") return names;
  for (const Binding& each : bindings)
    if (each.field->nullable && each.field->rules.one_of.empty()) names.push_back(each.name);
  return names;
}

/// A time as written, or a duration back from now.
Result<Json> time_value(const std::string& name, const std::string& text) {
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  if (text == "now") return Json(boost::json::string(format_time(now)));
  if (const auto time = parse_time(text)) return Json(boost::json::string(format_time(*time)));
  if (const auto ago = parse_duration(text)) return Json(boost::json::string(format_time(now - *ago)));
  return fail(Error::invalid("--" + name,
                             "must be a time such as 2026-01-31T23:59:59Z, or how long ago, such as 2h"));
}

Result<Json> time_from_now(const std::string& name, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) return fail(Error::invalid("--" + name, duration.error().message));
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  if (*duration > std::chrono::hours(24 * 365 * 1000))
    return fail(Error::invalid("--" + name, "must be at most a thousand years"));
  return Json(boost::json::string(format_time(now + *duration)));
}

/// What was given for the field; nothing if nothing was.
Result<std::optional<Json>> value_of(Run& run, const Binding& binding, bool cleared) {
  using Outcome = Result<std::optional<Json>>;
  const FieldInfo& field = *binding.field;
  const auto wrap = [](Result<Json> value) -> Outcome {
    if (!value) return fail(std::move(value).error());
    return std::optional<Json>(std::move(*value));
  };
  if (field.kind == Kind::secret) {
    MUSTER_TRY(const auto secret, secret_value(run, field.name, field.required));
    if (!secret) return std::optional<Json>();
    return std::optional<Json>(Json(boost::json::string(secret->reveal().data(), secret->size())));
  }
  if (cleared) return std::optional<Json>(Json(nullptr));
  if (!run.values.has(binding.name)) {
    if (field.kind == Kind::time && binding.name.ends_with("-at")) {
      const std::string in_name = binding.name.substr(0, binding.name.size() - 3) + "-in";
      if (const auto text = run.values.find(in_name)) return wrap(time_from_now(in_name, *text));
    }
    return std::optional<Json>();
  }
  if (field.kind == Kind::boolean) return std::optional<Json>(Json(true));
  const std::string text = run.values.get(binding.name);
  if (binding.is_user) {
    MUSTER_TRY(const std::string id, user_id_of(run.connection, text));
    return std::optional<Json>(Json(boost::json::string(id)));
  }
  if (field.kind == Kind::time) return wrap(time_value(binding.name, text));
  if (field.kind == Kind::object && text.starts_with('@')) {
    MUSTER_TRY(const std::string content, read_file(text.substr(1)));
    return wrap(wire::json_from_text(field, content));
  }
  if (field.kind != Kind::list) return wrap(wire::json_from_text(field, text));
  boost::json::array items;
  for (const std::string& part : run.values.list(binding.name)) {
    MUSTER_TRY(const Json list, wire::json_from_text(field, part));
    items.insert(items.end(), list.get_array().begin(), list.get_array().end());
  }
  return std::optional<Json>(Json(std::move(items)));
}

Result<http::Method> method_of(std::string_view name) {
  if (name == "GET") return http::Method::get;
  if (name == "POST") return http::Method::post;
  if (name == "PUT") return http::Method::put;
  if (name == "PATCH") return http::Method::patch;
  if (name == "DELETE") return http::Method::del;
  return fail(ErrorCode::internal, "unknown method " + std::string(name));
}

void replace_field(std::string& path, std::string_view field, const std::string& value) {
  const std::string hole = "{" + std::string(field) + "}";
  if (const auto at = path.find(hole); at != std::string::npos)
    path.replace(at, hole.size(), http::percent_encode(value));
}

std::string follow_up(const Run& run, const Json& data) {
  const auto* object = data.if_object();
  const auto* cursor = object == nullptr ? nullptr : object->if_contains("next_cursor");
  if (cursor == nullptr || !cursor->is_string()) return {};
  if (run.printer.format() == Format::json || run.printer.format() == Format::yaml) return {};
  return "there is more: --all for every page, or --cursor " + std::string(cursor->get_string());
}

/// Of a list without what could not be reached: says so, and that it is not whole.
wire::Exit note_missing(const Run& run, const boost::json::object& page) {
  const auto* partial = page.if_contains("partial");
  if (partial == nullptr || !partial->is_bool() || !partial->get_bool()) return wire::Exit::done;
  const std::string count = wire::text_from_json(page.at("missing"));
  std::string text = "users of " + count + (count == "1" ? " part" : " parts") + " of the data are missing";
  if (const auto* shards = page.if_contains("missing_shards"); shards != nullptr && shards->is_array())
    text += ": shard " + wire::text_from_json(*shards);
  if (const auto* cursor = page.if_contains("resume_cursor"); cursor != nullptr && cursor->is_string())
    text += "; later, they are listed by --cursor " + std::string(cursor->get_string());
  run.terminal.note(text);
  return wire::Exit::partly_done;
}

Result<wire::Exit> run_generic(Run& run, const OperationDescription& operation) {
  MUSTER_TRY(const Prepared prepared, prepare(run, operation));
  const Columns columns = columns_of(operation);
  if (is_list(operation) && run.values.has("all"))
    return print_all_pages(run, prepared.path, prepared.query, columns);
  MUSTER_TRY(const Json data, perform(run, operation, prepared));
  const bool is_plan = run.globals.dry_run && run.command.changes;
  MUSTER_CHECK_OK(run.printer.print(data, is_plan ? Columns() : columns));
  if (const std::string more = follow_up(run, data); !more.empty()) run.terminal.note(more);
  if (const auto* page = data.if_object(); page != nullptr && is_list(operation) && page->contains("partial"))
    return note_missing(run, *page);
  return exit_of(run, data);
}

}  // namespace

const OperationDescription& operation_of(std::string_view command) {
  for (const OperationDescription& each : ops::catalogue())
    if (each.info.command == command) return each;
  std::fprintf(stderr, "there is no operation for the command %.*s\n", static_cast<int>(command.size()),
               command.data());
  MUSTER_CHECK(false);
}

Columns columns_of(const OperationDescription& operation) {
  const auto names = [](const wire::Schema& schema) {
    Columns columns;
    for (const FieldInfo& field : schema) columns.emplace_back(field.name);
    return columns;
  };
  if (!is_list(operation)) return names(operation.reply);
  for (const FieldInfo& field : operation.reply)
    if (field.name == "items") return field.members.empty() ? Columns{"value"} : names(field.members);
  return {};
}

Command generic(std::string_view name) {
  const OperationDescription& operation = operation_of(name);
  const auto space = name.find(' ');
  Command command;
  command.noun = std::string(name.substr(0, space));
  command.verb = std::string(name.substr(space + 1));
  command.summary = std::string(operation.info.summary);
  command.help = std::string(operation.info.help);
  command.changes = changes_something(operation.info);
  const std::vector<Binding> bindings = bindings_of(operation);
  for (const Binding& binding : bindings) {
    if (binding.field->kind == Kind::secret) {
      command.options.push_back(secret_option(binding.field->name));
    } else if (binding.positional) {
      Argument argument{.name = binding.name,
                        .description = description_of(binding),
                        .required = binding.place == Place::path || binding.field->required,
                        .words = words_of(*binding.field)};
      if (const std::string full = dashed(binding.field->name); full != argument.name)
        argument.aliases.push_back(full);
      command.arguments.push_back(std::move(argument));
    } else {
      add_field_options(command, binding, operation.info);
    }
  }
  if (const auto names = clearable_fields(bindings, operation.info); !names.empty())
    command.options.push_back({.name = "clear",
                               .placeholder = "FIELD",
                               .description = "Remove the value of this field",
                               .words = names,
                               .repeated = true});
  if (is_list(operation))
    command.options.push_back(
        {.name = "all", .placeholder = "", .description = "Every page, one after the other"});
  command.run = [&operation](Run& run) { return run_generic(run, operation); };
  return command;
}

Result<Prepared> prepare(Run& run, const OperationDescription& operation) {
  Prepared prepared;
  MUSTER_TRY(prepared.method, method_of(operation.info.method));
  prepared.path = std::string(operation.info.path);
  boost::json::object body;
  const std::vector<std::string> cleared = run.values.list("clear");
  bool given = false;
  for (const Binding& binding : bindings_of(operation)) {
    const bool clear = std::find(cleared.begin(), cleared.end(), binding.name) != cleared.end();
    auto value = value_of(run, binding, clear);
    if (!value) return fail(std::move(value).error());
    if (!*value) continue;
    if (prepared.subject.empty())
      prepared.subject = binding.field->kind == Kind::boolean ? binding.name : run.values.get(binding.name);
    if (binding.place == Place::path) {
      const std::string text = wire::text_from_json(**value);
      if (text.empty()) return fail(Error::invalid(binding.name, "must not be empty"));
      replace_field(prepared.path, binding.field->name, text);
    } else if (binding.place == Place::query) {
      prepared.query.emplace_back(std::string(binding.field->name), wire::text_from_json(**value));
    } else {
      given = true;
      body[boost::json::string_view(binding.field->name.data(), binding.field->name.size())] =
          std::move(**value);
    }
  }
  const bool has_body = operation.info.method != "GET" && operation.info.method != "DELETE";
  if (operation.info.method == "PATCH" && !given)
    return fail(ErrorCode::invalid_argument, "nothing to change was given; see musterctl " +
                                                 std::string(operation.info.command) + " --help");
  if (has_body) prepared.body = wire::to_text(Json(std::move(body)));
  if (prepared.subject.empty()) prepared.subject = std::string(operation.info.command);
  return prepared;
}

Result<Json> perform(Run& run, const OperationDescription& operation, const Prepared& prepared) {
  if (operation.info.destructive)
    MUSTER_CHECK_OK(confirm(run, std::string(operation.info.summary), prepared.subject));
  Query query = prepared.query;
  if (run.command.changes && run.globals.dry_run) query.emplace_back("dry_run", "true");
  if (run.command.changes && run.globals.plan_hash) query.emplace_back("plan_hash", *run.globals.plan_hash);
  return run.connection.call(prepared.method, prepared.path, query, prepared.body);
}

wire::Exit exit_of(const Run& run, const Json& data) {
  if (!run.globals.dry_run) return wire::Exit::done;
  const auto* object = data.if_object();
  const auto* changes = object == nullptr ? nullptr : object->if_contains("changes");
  const bool differs = changes != nullptr && changes->is_int64() && changes->get_int64() > 0;
  return differs ? wire::Exit::differs : wire::Exit::done;
}

Result<std::string> user_id_of(Connection& connection, const std::string& text) {
  if (text == "me" || UserId::parse(text)) return text;
  const std::string filter = text.find('@') == std::string::npos ? "username" : "email";
  MUSTER_TRY(const Json page, connection.get("/v1/users", {{filter, text}, {"limit", "1"}}));
  const auto* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array() || items->get_array().empty())
    return fail(ErrorCode::not_found, "there is no user with the " + filter + " " + text);
  const auto& user = items->get_array().front();
  const auto* id = user.is_object() ? user.get_object().if_contains("id") : nullptr;
  if (id == nullptr || !id->is_string()) return fail(ErrorCode::internal, "the server's user has no id");
  return std::string(id->get_string());
}

Status confirm(Run& run, const std::string& what, const std::string& subject) {
  if (run.globals.yes || run.globals.dry_run) return {};
  if (!run.terminal.can_ask())
    return fail(ErrorCode::precondition_failed,
                run.command.words() + " needs confirmation: add --yes; nothing was done");
  MUSTER_TRY(const std::string answer,
             run.terminal.ask(what + ". Type " + printable(subject) + " to go on: "));
  if (answer == subject) return {};
  return fail(ErrorCode::precondition_failed, "not confirmed; nothing was done");
}

Result<wire::Exit> print_all_pages(Run& run, const std::string& path, Query query, const Columns& columns) {
  const bool has_limit =
      std::any_of(query.begin(), query.end(), [](const auto& each) { return each.first == "limit"; });
  if (!has_limit) query.emplace_back("limit", "1000");
  MUSTER_CHECK_OK(run.printer.begin_list(columns));
  wire::Exit exit = wire::Exit::done;
  for (std::string cursor;;) {
    Query page_query = query;
    if (!cursor.empty()) {
      std::erase_if(page_query, [](const auto& each) { return each.first == "cursor"; });
      page_query.emplace_back("cursor", cursor);
    }
    MUSTER_TRY(Json page, run.connection.get(path, page_query));
    auto* object = page.if_object();
    auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !items->is_array())
      return fail(ErrorCode::internal, "the server's answer is not a list");
    const auto& list = items->get_array();
    MUSTER_CHECK_OK(run.printer.items({list.begin(), list.end()}));
    MUSTER_CHECK_OK(run.printer.flush());
    const auto* next = object->if_contains("next_cursor");
    const bool is_last = next == nullptr || !next->is_string();
    // What is missing of a page before follows with the pages after it.
    if (is_last) exit = note_missing(run, *object);
    if (is_last) break;
    cursor = std::string(next->get_string());
  }
  MUSTER_CHECK_OK(run.printer.end_list({}));
  return exit;
}

}  // namespace muster::cmd
