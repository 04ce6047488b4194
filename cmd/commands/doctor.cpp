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

Finding check_shards(Connection& connection) {
  const auto page = connection.get("/v1/admin/shards");
  if (!page) return {"shards", Verdict::warn, page.error().message, {}};
  const auto& items = items_of(*page);
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

bool is_on_database_server(Connection& connection) {
  const auto settings = connection.get("/v1/admin/config");
  if (!settings) return false;
  const auto& items = items_of(*settings);
  return std::any_of(items.begin(), items.end(), [](const Json& each) {
    return text_of(each, "name") == "store.catalog" && text_of(each, "value").starts_with("mysql:");
  });
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
  findings.push_back(check_shards(run.connection));
  findings.push_back(check_audit(run.connection));
  findings.push_back(check_backup(run.connection));
  return findings;
}

}  // namespace

Command doctor() {
  Command command;
  command.noun = "doctor";
  command.summary = "Check the server, its store, clocks, log and backups, and say what to do";
  command.help = "Exits 1 when a check fails; a warning is no failure.";
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
