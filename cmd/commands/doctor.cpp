// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"
#include "base/version.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/commands/server_version.hpp"
#include "cmd/contexts.hpp"
#include "cmd/files.hpp"
#include "cmd/printer.hpp"
#include "wire/envelope.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <boost/json.hpp>
#include <sys/stat.h>

namespace muster::cmd {
namespace {

using wire::Json;

constexpr std::chrono::seconds skew_max{5};
constexpr std::chrono::hours backup_age_max{24 * 7};

enum class Verdict : std::uint8_t { ok, warn, fail };

/// What was looked at, how it is, and what to do about it.
struct Finding {
  std::string check;
  Verdict verdict = Verdict::ok;
  std::string message;
  std::string advice;
};

std::string word(Verdict verdict) {
  if (verdict == Verdict::ok) return "ok";
  return verdict == Verdict::warn ? "warn" : "fail";
}

Time now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Finding check_reachable(Connection& connection, http::Response& health, bool& reachable) {
  reachable = false;
  const auto server = connection.server();
  if (!server)
    return {"server", Verdict::fail, server.error().message,
            "start musterd, or say which server with --server"};
  auto response = connection.send(http::Method::get, "/healthz", {});
  if (!response)
    return {"server", Verdict::fail, response.error().message,
            "is musterd running there? systemctl status musterd"};
  if (const auto envelope = wire::read_envelope(response->body, response->status); !envelope)
    return {"server", Verdict::fail, envelope.error().message, "check the address " + server->address};
  health = std::move(*response);
  reachable = true;
  return {"server", Verdict::ok, server->address + " answers (" + server->chosen_by + ")", {}};
}

Finding check_ready(Connection& connection) {
  const auto answer = connection.get("/readyz");
  if (answer) return {"ready", Verdict::ok, "the store can be written, requests are served", {}};
  return {"ready", Verdict::fail, answer.error().message,
          "look into the daemon's log; is the disk full or read-only?"};
}

Finding check_version(Connection& connection) {
  const auto theirs = server_version(connection);
  if (!theirs) return {"version", Verdict::warn, theirs.error().message, {}};
  if (*theirs == version) return {"version", Verdict::ok, "musterctl and musterd are both " + *theirs, {}};
  return {"version", Verdict::warn, "musterctl is " + std::string(version) + ", musterd is " + *theirs,
          "install the same version of both; restart musterd after an upgrade"};
}

Finding check_clock(const http::Response& health) {
  const auto date = health.headers.find("Date");
  std::tm parts{};
  const std::string text(date.value_or(""));
  if (!date || ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr)
    return {"clock", Verdict::warn, "the server does not say its time", {}};
  const auto theirs = std::chrono::system_clock::from_time_t(::timegm(&parts));
  const auto skew =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - theirs);
  const std::string seconds = std::to_string(std::abs(skew.count())) + "s";
  if (std::chrono::abs(skew) <= skew_max) return {"clock", Verdict::ok, "the clocks agree", {}};
  return {"clock", Verdict::warn, "the clocks are " + seconds + " apart",
          "let both machines keep time (timedatectl); tokens depend on it"};
}

Finding check_socket(const Server& server) {
  struct stat status {};
  const std::string path = server.address.substr(5);
  if (::stat(path.c_str(), &status) != 0) return {"socket", Verdict::warn, "cannot look at " + path, {}};
  std::array<char, 8> mode{};
  (void)std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777U);
  if ((status.st_mode & 0077U) == 0)
    return {"socket", Verdict::ok, path + " has mode " + mode.data() + ": only its owner may use it", {}};
  return {"socket", Verdict::fail, path + " has mode " + mode.data() + ": others may act as operator",
          "chmod 0600 " + path + ", and the folder around it"};
}

std::string text_of(const Json& json, const char* name) {
  const auto* value = json.is_object() ? json.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Finding check_audit(Connection& connection) {
  const auto answer = connection.get("/v1/admin/audit/verify");
  if (!answer) return {"audit", Verdict::warn, answer.error().message, {}};
  const auto* ok = answer->is_object() ? answer->get_object().if_contains("ok") : nullptr;
  if (ok != nullptr && ok->is_bool() && ok->get_bool())
    return {"audit", Verdict::ok, "the chain is whole", {}};
  return {"audit", Verdict::fail, "the chain is broken: " + text_of(*answer, "reason"),
          "somebody changed the log: keep the store as it is and find out who"};
}

const boost::json::array& items_of(const Json& page) {
  static const boost::json::array none;
  const auto* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  return items != nullptr && items->is_array() ? items->get_array() : none;
}

std::int64_t number_of(const Json& json, const char* name) {
  const auto* value = json.is_object() ? json.get_object().if_contains(name) : nullptr;
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// "shard 3 ": who of several is meant.
std::string shard_of(const Json& item) {
  return "shard " + text_of(item, "id");
}

/// Some of many, joined; how many more there are.
class Several {
 public:
  void add(const std::string& text) {
    constexpr int shown_max = 5;
    if (++count_ <= shown_max)
      text_ += (text_.empty() ? "" : "; ") + text;
    else
      more_ = "; and " + std::to_string(count_ - shown_max) + " more";
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string text() const { return text_ + more_; }

 private:
  int count_ = 0;
  std::string text_;
  std::string more_;
};

Finding check_shards(const boost::json::array& items) {
  std::string message;
  for (const Json& each : items)
    if (text_of(each, "state") != "ok")
      message += (message.empty() ? "shard " : "; shard ") + text_of(each, "id") + " is " +
                 text_of(each, "state") + ": " + text_of(each, "reason");
  if (!message.empty())
    return {"shards", Verdict::fail, message,
            "its users cannot be served: bring that database back; musterctl shard list"};
  return {"shards",
          Verdict::ok,
          items.size() == 1 ? "one database has everything"
                            : "all " + std::to_string(items.size()) + " databases answer",
          {}};
}

Finding check_slots(const boost::json::array& items) {
  Several at_odds;
  for (const Json& each : items)
    if (const auto count = number_of(each, "slots_at_odds"); count != 0)
      at_odds.add(shard_of(each) + ": " + std::to_string(count) + (count == 1 ? " slot" : " slots"));
  if (at_odds.empty()) return {"slots", Verdict::ok, "the map and the databases agree on who owns which", {}};
  return {"slots", Verdict::fail, "the map says something else than the database of " + at_odds.text(),
          "users there cannot be changed: was a database restored or moved by hand? musterctl shard slots"};
}

/// Of what each database was asked: the version of its tables.
Finding check_schema(const boost::json::array& items) {
  Several older;
  Several newer;
  for (const Json& each : items) {
    const std::string state = text_of(each, "schema");
    const std::string text = shard_of(each) + " has version " +
                             std::to_string(number_of(each, "schema_version")) +
                             ", this musterd knows up to " + std::to_string(number_of(each, "schema_newest"));
    if (state == "older") older.add(text);
    if (state == "newer") newer.add(text);
  }
  if (!older.empty())
    return {"schema", Verdict::fail, older.text(), "restart musterd: it brings tables up to date"};
  if (!newer.empty())
    return {"schema", Verdict::warn, newer.text(), "a newer musterd has been here: upgrade this one too"};
  return {"schema", Verdict::ok, "the tables are of this musterd's version", {}};
}

/// Of what each database was asked: how it would run every statement.
Finding check_statements(const boost::json::array& items) {
  Several faults;
  Several remedies;
  std::string last_remedy;
  bool is_reachable = true;
  for (const Json& shard : items) {
    is_reachable = is_reachable && text_of(shard, "state") != "unreachable";
    const auto* list = shard.is_object() ? shard.get_object().if_contains("faults") : nullptr;
    if (list == nullptr || !list->is_array()) continue;
    for (const Json& fault : list->get_array()) {
      const std::string table = text_of(fault, "table");
      faults.add(shard_of(shard) + ": " + text_of(fault, "statement") +
                 (table.empty() ? "" : " on " + table) + ": " + text_of(fault, "problem"));
      const std::string remedy = text_of(fault, "remedy");
      if (!remedy.empty() && remedy != last_remedy) remedies.add("in " + shard_of(shard) + ": " + remedy);
      last_remedy = remedy;
    }
  }
  const std::string all = "every statement reaches its rows by a key or an index";
  if (!faults.empty())
    return {"statements", Verdict::fail, faults.text(),
            remedies.empty() ? "musterctl shard examine -o yaml" : remedies.text()};
  if (!is_reachable)
    return {"statements", Verdict::warn, "not every database can be asked; of the others, " + all, {}};
  return {"statements", Verdict::ok, all, {}};
}

/// What concerns databases; of an older server, less.
void check_databases(Connection& connection, std::vector<Finding>& findings) {
  const auto shards = connection.get("/v1/admin/shards");
  if (!shards) {
    findings.push_back({"shards", Verdict::warn, shards.error().message, {}});
    return;
  }
  findings.push_back(check_shards(items_of(*shards)));
  findings.push_back(check_slots(items_of(*shards)));
  const auto examined = connection.get("/v1/admin/shards/examination");
  if (!examined) {
    findings.push_back({"statements", Verdict::warn, examined.error().message, {}});
    return;
  }
  findings.push_back(check_schema(items_of(*examined)));
  findings.push_back(check_statements(items_of(*examined)));
}

bool is_on_database_server(Connection& connection) {
  const auto settings = connection.get("/v1/admin/config");
  if (!settings) return false;
  const auto& items = items_of(*settings);
  return std::any_of(items.begin(), items.end(), [](const Json& each) {
    return text_of(each, "name") == "store.catalog" && text_of(each, "value").starts_with("mysql:");
  });
}

/// Nothing where no Redis is configured, or the caller may not ask.
void check_redis(Connection& connection, std::vector<Finding>& findings) {
  const auto cache = connection.get("/v1/admin/cache");
  if (!cache || !cache->is_object()) return;
  const Json* state = cache->get_object().if_contains("redis");
  if (state == nullptr || !state->is_string() || state->get_string() == "off") return;
  if (state->get_string() == "ok") return findings.push_back({"redis", Verdict::ok, "it answers", {}});
  findings.push_back({"redis", Verdict::warn, "it does not answer; users are read without it",
                      "is it running where redis.url says, and is its password right?"});
}

Finding check_backup(Connection& connection) {
  if (is_on_database_server(connection))
    return {"backup", Verdict::ok, "the store is on a database server: its own tools back it up", {}};
  std::optional<Time> newest;
  std::string cursor;
  do {
    Query query{{"limit", "1000"}};
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    const auto page = connection.get("/v1/admin/backups", query);
    if (!page) return {"backup", Verdict::warn, page.error().message, {}};
    for (const Json& each : items_of(*page))
      if (const auto time = parse_time(text_of(each, "created_at")); time && (!newest || *newest < *time))
        newest = *time;
    cursor = text_of(*page, "next_cursor");
  } while (!cursor.empty());
  if (!newest) return {"backup", Verdict::warn, "there is none", "musterctl backup create --wait"};
  const auto age = std::chrono::duration_cast<std::chrono::minutes>(now() - *newest);
  const std::string message =
      "the newest is " + format_duration(std::max(age, std::chrono::minutes{0})) + " old";
  if (age <= backup_age_max) return {"backup", Verdict::ok, message, {}};
  return {"backup", Verdict::warn, message, "musterctl backup create --wait, daily from cron"};
}

std::vector<Finding> examine(Run& run) {
  std::vector<Finding> findings;
  http::Response health;
  bool reachable = false;
  findings.push_back(check_reachable(run.connection, health, reachable));
  if (!reachable) return findings;
  findings.push_back(check_ready(run.connection));
  findings.push_back(check_version(run.connection));
  findings.push_back(check_clock(health));
  if (const auto server = run.connection.server(); server && server->is_local_socket())
    findings.push_back(check_socket(*server));
  check_databases(run.connection, findings);
  check_redis(run.connection, findings);
  findings.push_back(check_audit(run.connection));
  findings.push_back(check_backup(run.connection));
  return findings;
}

}  // namespace

Command doctor() {
  Command command;
  command.noun = "doctor";
  command.summary = "Check the server, its databases, clocks, log and backups, and say what to do";
  command.help =
      "Every database is asked how it would run each statement (EXPLAIN): a table read as a whole or an "
      "index "
      "that is missing fails. Exits 1 when a check fails; a warning is no failure.";
  command.run = [](Run& run) -> Result<wire::Exit> {
    boost::json::array items;
    bool failed = false;
    for (const Finding& each : examine(run)) {
      failed = failed || each.verdict == Verdict::fail;
      boost::json::object item{{"check", each.check},
                               {"status", word(each.verdict)},
                               {"message", each.message},
                               {"advice", nullptr}};
      if (!each.advice.empty()) item["advice"] = each.advice;
      items.push_back(std::move(item));
    }
    MUSTER_CHECK_OK(run.printer.print(Json(boost::json::object{{"items", items}, {"next_cursor", nullptr}}),
                                      {"check", "status", "message", "advice"}));
    return failed ? wire::Exit::failed : wire::Exit::done;
  };
  return command;
}

}  // namespace muster::cmd
