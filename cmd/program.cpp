// SPDX-License-Identifier: Apache-2.0
#include "cmd/program.hpp"

#include "base/version.hpp"
#include "cmd/commands.hpp"
#include "cmd/connection.hpp"
#include "cmd/generate.hpp"
#include "cmd/globals.hpp"
#include "cmd/help.hpp"
#include "cmd/parser.hpp"
#include "cmd/printer.hpp"
#include "cmd/terminal.hpp"

#include <clocale>
#include <cstdio>

#include <unistd.h>

namespace muster::cmd {
namespace {

int status_of(wire::Exit exit) {
  return static_cast<int>(exit);
}

int status_of(const Error& error, const Globals& globals) {
  // The server's one answer to a plan that no longer fits.
  if (globals.plan_hash && error.code == ErrorCode::precondition_failed)
    return status_of(wire::Exit::differs);
  return status_of(wire::entry_of(error.code).exit);
}

int usage_error(const std::string& message, const Globals& globals, const std::string& hint) {
  print_error(Error{ErrorCode::invalid_argument, message, {}, {}, {}}, globals);
  if (!globals.quiet) std::fprintf(stderr, "see %s --help\n", hint.c_str());
  return status_of(wire::Exit::usage);
}

int write_out(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return status_of(written ? wire::Exit::done : wire::Exit::failed);
}

int run_command(const std::vector<Noun>& nouns, const Parsed& parsed, const Globals& globals) {
  const Command& command = *parsed.command;
  if (const std::string name = missing_argument(command, parsed.values); !name.empty())
    return usage_error(command.words() + " needs " + shown_argument(name), globals,
                       "musterctl " + command.words());
  if ((globals.dry_run || globals.plan_hash) && command.local)
    return usage_error(command.words() + " changes nothing on the server and has no dry run", globals,
                       "musterctl " + command.words());
  Terminal terminal(globals);
  Printer printer(globals.format, stdout, globals.color && isatty(STDOUT_FILENO) != 0);
  Connection connection(globals);
  Run run{command, parsed.values, globals, terminal, printer, connection, nouns};
  auto outcome = command.run(run);
  if (outcome)
    if (auto status = printer.flush(); !status) outcome = fail(std::move(status).error());
  if (Terminal::interrupted()) return exit_interrupted;
  if (outcome) return status_of(*outcome);
  (void)std::fflush(stdout);
  print_error(outcome.error(), globals);
  return status_of(outcome.error(), globals);
}

/// What builds the committed completions and man page; no part of the interface.
std::optional<std::string> generated(const std::vector<Noun>& nouns, const std::vector<std::string>& words) {
  if (words.size() != 2 || words[0] != "--generate") return std::nullopt;
  if (words[1] == "man") return generate_man(nouns);
  return generate_completion(nouns, words[1]);
}

}  // namespace

void print_error(const Error& error, const Globals& globals) {
  const bool red = globals.color && isatty(STDERR_FILENO) != 0;
  std::string out = red ? "\x1b[31merror:\x1b[0m " : "error: ";
  out += printable(error.message) + "\n";
  for (const FieldError& each : error.fields)
    if (error.message.find(each.field + ": ") == std::string::npos)
      out += "  " + printable(each.field) + ": " + printable(each.message) + "\n";
  if (globals.verbose && !error.detail.empty()) out += "trace id: " + printable(error.detail) + "\n";
  std::fputs(out.c_str(), stderr);
}

int run_program(const std::vector<std::string>& given) {
  std::vector<std::string> words = given;
  // What users of other such programs write for --help.
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  std::setlocale(LC_CTYPE, "C.UTF-8");  // NOLINT(concurrency-mt-unsafe): no other thread runs yet
  const std::vector<Noun>& nouns = all_nouns();
  if (const auto text = generated(nouns, words)) return write_out(*text);
  const auto parsed = parse(nouns, words);
  if (!parsed) return usage_error(parsed.error().message, Globals{}, "musterctl");
  const auto globals = globals_from(parsed->globals);
  if (!globals) {
    print_error(globals.error(), Globals{});
    return status_of(wire::Exit::usage);
  }
  if (globals->version) return write_out("musterctl " + std::string(version) + "\n");
  if (globals->help) return write_out(help_text(nouns, parsed->noun, parsed->command));
  if (parsed->command != nullptr) return run_command(nouns, *parsed, *globals);
  std::fputs(help_text(nouns, parsed->noun, nullptr).c_str(), stderr);
  return status_of(wire::Exit::usage);
}

}  // namespace muster::cmd
