// SPDX-License-Identifier: Apache-2.0
// The committed completions and man page are what the program would make, and real programs accept them.
#include "cmd/commands.hpp"
#include "cmd/generate.hpp"
#include "support/daemon.hpp"
#include "support/process.hpp"

#include <catch2/catch.hpp>

namespace muster::cmd {
namespace {

using test::run;

const std::string source = MUSTER_SOURCE_DIR;

bool is_installed(const std::string& program) {
  return run({"/bin/sh", "-c", "command -v " + program}).status == 0;
}

/// What bash offers for a command line whose last word is being written.
std::string bash_offers(const std::string& words) {
  const std::string script =
      "source " + source + "/completions/musterctl.bash; COMP_WORDS=(" + words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _musterctl; printf '%s\\n' \"${COMPREPLY[@]}\"";
  return run({"bash", "--norc", "-c", script}).out;
}

std::string fish_offers(const std::string& line) {
  const std::string script = "source " + source + "/completions/musterctl.fish; complete -C '" + line +
                             "' | string replace -r '\\t.*' ''";
  return run({"fish", "--no-config", "-c", script}, {{"HOME", "/nonexistent"}}).out;
}

/// With stand-ins for the two functions that only work inside the line editor.
std::string zsh_offers(const std::string& words) {
  const std::string script =
      "compdef() { : }; _describe() { local name=${@[-1]}; print -l -- ${(P)name%%:*} }; compadd() { shift; "
      "print -l -- $@ }; "
      "_files() { print FILES }; source " +
      source + "/completions/_musterctl; words=(" + words + "); CURRENT=$#words; _musterctl";
  return run({"zsh", "-f", "-c", script}).out;
}

}  // namespace

TEST_CASE("committed completions and man page are up to date") {
  const auto& nouns = all_nouns();
  CHECK(test::read_file(source + "/completions/musterctl.bash") == generate_completion(nouns, "bash"));
  CHECK(test::read_file(source + "/completions/_musterctl") == generate_completion(nouns, "zsh"));
  CHECK(test::read_file(source + "/completions/musterctl.fish") == generate_completion(nouns, "fish"));
  CHECK(test::read_file(source + "/man/musterctl.1") == generate_man(nouns));
  CHECK_FALSE(generate_completion(nouns, "tcsh"));
  // The program itself says the same.
  CHECK(run({test::program("musterctl"), "--generate", "man"}).out == generate_man(nouns));
}

TEST_CASE("the man page has no faults") {
  REQUIRE(is_installed("mandoc"));
  const auto checked = run({"mandoc", "-T", "lint", "-W", "warning", source + "/man/musterctl.1"});
  CHECK(checked.out + checked.err == "");
  CHECK(checked.status == 0);
}

TEST_CASE("bash completes nouns, verbs, options and values") {
  CHECK(bash_offers("musterctl us") == "user\n");
  CHECK(bash_offers("musterctl -o json user g") == "get\n");
  CHECK(bash_offers("musterctl user list --stat") == "--status\n");
  CHECK(bash_offers("musterctl user list --status ''") == "active\ndisabled\n");
  CHECK(bash_offers("musterctl user list -o j") == "json\njsonl\n");
  CHECK(bash_offers("musterctl completion ''") == "bash\nzsh\nfish\n");
  CHECK(bash_offers("musterctl user import /etc/host").find("/etc/hosts\n") != std::string::npos);
  CHECK(bash_offers("musterctl user get a") == "\n");
}

TEST_CASE("zsh completes nouns, verbs, options and values") {
  REQUIRE(is_installed("zsh"));
  CHECK(zsh_offers("musterctl ''").find("user\nrole\n") == 0);
  CHECK(zsh_offers("musterctl -o json role ''").find("\nexplain\n") != std::string::npos);
  CHECK(zsh_offers("musterctl user list --").find("--created-after\n") != std::string::npos);
  CHECK(zsh_offers("musterctl user list --status ''") == "active\ndisabled\n");
  CHECK(zsh_offers("musterctl completion ''") == "bash\nzsh\nfish\n");
  CHECK(zsh_offers("musterctl user import ''") == "FILES\n");
}

TEST_CASE("fish completes nouns, verbs, options and values") {
  REQUIRE(is_installed("fish"));
  CHECK(fish_offers("musterctl us") == "user\n");
  CHECK(fish_offers("musterctl -o json user g") == "get\n");
  CHECK(fish_offers("musterctl user list --stat") == "--status\n");
  CHECK(fish_offers("musterctl user list --status ") == "active\ndisabled\n");
  CHECK(fish_offers("musterctl completion b") == "bash\n");
}

}  // namespace muster::cmd
