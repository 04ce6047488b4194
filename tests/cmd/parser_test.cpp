// SPDX-License-Identifier: Apache-2.0
#include "cmd/parser.hpp"

#include "cmd/commands.hpp"
#include "cmd/globals.hpp"
#include "ops/catalogue.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace muster::cmd {
namespace {

Parsed parsed(const std::vector<std::string>& words) {
  auto result = parse(all_nouns(), words);
  if (!result) FAIL(result.error().message);
  return *result;
}

std::string refused(const std::vector<std::string>& words) {
  const auto result = parse(all_nouns(), words);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::invalid_argument);
  return result.error().message;
}

}  // namespace

TEST_CASE("every operation with a command can be called") {
  for (const auto& operation : ops::catalogue()) {
    if (operation.info.command.empty()) continue;
    const auto& nouns = all_nouns();
    const bool found = std::any_of(nouns.begin(), nouns.end(), [&](const Noun& noun) {
      return std::any_of(noun.commands.begin(), noun.commands.end(),
                         [&](const Command& command) { return command.words() == operation.info.command; });
    });
    INFO(operation.info.command);
    CHECK(found);
  }
}

TEST_CASE("global options may stand anywhere") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-o", "json", "--dry-run", "role", "grant", "editor", "alice"},
           {"role", "-o", "json", "grant", "--dry-run", "editor", "alice"},
           {"role", "grant", "editor", "alice", "--dry-run", "--output=json"},
           {"role", "grant", "editor", "-ojson", "alice", "--dry-run"}}) {
    const Parsed result = parsed(words);
    REQUIRE(result.command != nullptr);
    CHECK(result.command->words() == "role grant");
    CHECK(result.values.get("role") == "editor");
    CHECK(result.values.get("user") == "alice");
    CHECK(result.globals.get("output") == "json");
    CHECK(result.globals.has("dry-run"));
  }
}

TEST_CASE("arguments may be given by name, in any mixture") {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"role", "grant", "--user", "alice", "editor"},
                                             {"role", "grant", "--role", "editor", "alice"},
                                             {"role", "grant", "--role=editor", "--user=alice"}}) {
    const Parsed result = parsed(words);
    CHECK(result.values.get("role") == "editor");
    CHECK(result.values.get("user") == "alice");
  }
}

TEST_CASE("names that are words of the command line themselves are just names") {
  const Parsed role = parsed({"role", "grant", "user", "role"});
  CHECK(role.values.get("role") == "user");
  CHECK(role.values.get("user") == "role");
  const Parsed user = parsed({"user", "get", "list"});
  CHECK(user.command->words() == "user get");
  CHECK(user.values.get("user") == "list");
  const Parsed login = parsed({"login", "logout"});
  CHECK(login.command->words() == "login");
  CHECK(login.values.get("login") == "logout");
}

TEST_CASE("values keep what they are made of") {
  CHECK(parsed({"role", "grant", "editor", "alice", "--reason", "-not an option"}).values.get("reason") ==
        "-not an option");
  CHECK(parsed({"role", "grant", "editor", "alice", "--reason", "[a,b]"}).values.get("reason") == "[a,b]");
  const Parsed empty = parsed({"user", "update", "--display-name=", "alice"});
  CHECK(empty.values.find("display-name") == std::optional<std::string>(""));
  CHECK(empty.values.get("user") == "alice");
  CHECK(parsed({"user", "get", "--", "--alice"}).values.get("user") == "--alice");
  CHECK(parsed({"user", "get", "-"}).values.get("user") == "-");
  CHECK(parsed({"user", "get", ""}).values.find("user") == std::optional<std::string>(""));
}

TEST_CASE("lists add up, and have a name for one item") {
  const Parsed result =
      parsed({"role", "create", "editor", "--permissions", "a:b,c:d", "--permission", "e:f"});
  CHECK(result.values.list("permissions") == std::vector<std::string>{"a:b,c:d", "e:f"});
  CHECK(result.values.get("name") == "editor");
}

TEST_CASE("a slip of the fingers gets a suggestion") {
  CHECK(refused({"usre", "list"}) == "unknown noun usre; did you mean user?");
  CHECK(refused({"user", "lst"}) == "unknown verb lst for user; did you mean list?");
  CHECK(refused({"-o", "json", "usr"}) == "unknown noun usr; did you mean user?");
  CHECK(refused({"user", "list", "--stats", "active"}) ==
        "unknown option --stats for user list; did you mean --status?");
  CHECK(refused({"frobnicate"}) == "unknown noun frobnicate");
}

TEST_CASE("what is too much or not allowed is refused") {
  CHECK(refused({"user", "get", "a", "b"}) == "unexpected argument b for user get");
  CHECK(refused({"user", "list", "--status", "sleeping"}) == "--status must be one of active, disabled");
  CHECK(refused({"completion", "tcsh"}) == "shell must be one of bash, zsh, fish");
  CHECK(refused({"user", "list", "--status"}).find("--status") != std::string::npos);
}

TEST_CASE("what is missing is named") {
  const Parsed none = parsed({"role", "explain", "alice"});
  CHECK(missing_argument(*none.command, none.values) == "permission");
  const Parsed all = parsed({"role", "explain", "alice", "read:order"});
  CHECK(missing_argument(*all.command, all.values).empty());
  CHECK(parsed({"user"}).command == nullptr);
  CHECK(parsed({}).noun == nullptr);
}

TEST_CASE("global options are checked") {
  Values values;
  values.add("timeout", "2m");
  values.add("output", "yaml");
  const auto globals = globals_from(values);
  REQUIRE(globals);
  CHECK(globals->timeout == std::chrono::minutes(2));
  CHECK(globals->format == Format::yaml);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"timeout", "soon"}, {"timeout", "0s"}, {"output", "xml"}}) {
    Values wrong;
    wrong.add(name, value);
    const auto refused_globals = globals_from(wrong);
    REQUIRE_FALSE(refused_globals);
    CHECK(refused_globals.error().fields.at(0).field == "--" + name);
  }
}

TEST_CASE("the nearest word is near") {
  CHECK(nearest("grnat", {"grant", "revoke"}) == "grant");
  CHECK(nearest("xyz", {"grant", "revoke"}).empty());
  CHECK(nearest("a", {"list", "get"}).empty());
}

}  // namespace muster::cmd
