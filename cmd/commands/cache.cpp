// SPDX-License-Identifier: Apache-2.0
#include "cmd/access_log.hpp"
#include "cmd/commands/job.hpp"
#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"
#include "cmd/globals.hpp"
#include "cmd/terminal.hpp"
#include "ops/catalogue.hpp"
#include "ops/warm_cache.hpp"

#include <fstream>
#include <iostream>

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

constexpr auto ids_max = static_cast<std::size_t>(ops::WarmCache::users_max);

/// Each line of the file; - is standard input. Error: not_found.
Status each_line(const std::string& path, const std::function<Status(const std::string&)>& take) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) return fail(ErrorCode::not_found, "cannot read " + path);
  }
  std::istream& in = path == "-" ? std::cin : file;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    MUSTER_CHECK_OK(take(line));
  }
  return {};
}

Result<std::vector<UserId>> ids_of_file(const std::string& path) {
  std::vector<UserId> ids;
  std::size_t number = 0;
  MUSTER_CHECK_OK(each_line(path, [&](const std::string& line) -> Status {
    ++number;
    if (line.empty()) return {};
    const auto id = UserId::parse(line);
    if (!id) return fail(Error::invalid("--users", "line " + std::to_string(number) + " is no user id"));
    if (ids.size() == ids_max)
      return fail(Error::invalid("--users", "may have at most " + std::to_string(ids_max) +
                                                " ids: split the file and run it for each part"));
    ids.push_back(*id);
    return {};
  }));
  if (ids.empty()) return fail(Error::invalid("--users", "has no user id in it"));
  return ids;
}

Result<std::vector<UserId>> ids_of_log(const Run& run, const std::string& path) {
  AccessLog log;
  MUSTER_CHECK_OK(each_line(path, [&](const std::string& line) -> Status {
    log.add(line);
    return {};
  }));
  auto ids = log.hottest(ids_max);
  if (ids.empty())
    return fail(Error::invalid("--from-access-log", "none of its " + std::to_string(log.lines()) +
                                                        " lines shows an answered GET /v1/users/ID"));
  run.terminal.note(std::to_string(log.accesses()) + " of " + std::to_string(log.lines()) +
                    " lines ask for " + std::to_string(ids.size()) + " users");
  return ids;
}

/// Those whom a file names; nothing where none was given.
Result<std::optional<std::vector<UserId>>> ids_given(const Run& run) {
  using Ids = std::optional<std::vector<UserId>>;
  const auto users = run.values.find("users");
  const auto log = run.values.find("from-access-log");
  if (users && log) return fail(Error::invalid("--users", "cannot stand beside --from-access-log"));
  if (!users && !log) return Ids();
  MUSTER_TRY(auto ids, users ? ids_of_file(*users) : ids_of_log(run, *log));
  return Ids(std::move(ids));
}

Status add_ids(std::string& body, const std::vector<UserId>& ids) {
  MUSTER_TRY(wire::Json json, wire::parse_json(body));
  boost::json::array texts;
  for (const UserId id : ids) texts.emplace_back(id.text());
  json.as_object()["user_ids"] = std::move(texts);
  body = boost::json::serialize(json);
  return {};
}

}  // namespace

Command warm_cache() {
  Command command = generic("cache warm");
  std::erase_if(command.options, [](const Option& each) { return each.name == "user-ids"; });
  command.options.push_back({.name = "users",
                             .placeholder = "FILE",
                             .description = "The users in this file, an id a line; - is standard input",
                             .completes = Completes::file});
  command.options.push_back({.name = "from-access-log",
                             .placeholder = "FILE",
                             .description =
                                 "The users whom a web server's log in the common or combined format shows "
                                 "to be asked for most; - is standard input",
                             .completes = Completes::file});
  add_waiting_options(command, "it is done");
  command.examples = {
      {"What it would give", "musterctl cache warm --top 20000 --dry-run -o yaml"},
      {"No more than it takes", "musterctl cache warm --target-hit-rate 0.8 --max-rps 500"},
      {"From yesterday's log", "zcat access.log.1.gz | musterctl cache warm --from-access-log -"}};
  command.run = [](Run& run) -> Result<wire::Exit> {
    const auto& operation = operation_of("cache warm");
    MUSTER_TRY(Prepared prepared, prepare(run, operation));
    MUSTER_TRY(const auto ids, ids_given(run));
    if (ids) {
      if (!prepared.body) prepared.body = "{}";
      MUSTER_CHECK_OK(add_ids(*prepared.body, *ids));
    }
    return begin_job(run, operation, prepared);
  };
  return command;
}

}  // namespace muster::cmd
