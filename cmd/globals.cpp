// SPDX-License-Identifier: Apache-2.0
#include "cmd/globals.hpp"

#include "base/time.hpp"

#include <array>
#include <cstdlib>

namespace muster::cmd {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 6> formats{{{"table", Format::table},
                                                                      {"json", Format::json},
                                                                      {"jsonl", Format::jsonl},
                                                                      {"yaml", Format::yaml},
                                                                      {"csv", Format::csv},
                                                                      {"id", Format::id}}};

bool is_set(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no other thread runs yet
  return value != nullptr && *value != '\0';
}

}  // namespace

const std::vector<Option>& global_options() {
  static const std::vector<Option> all{
      {.name = "server",
       .placeholder = "ADDRESS",
       .description = "Where musterd is: unix:PATH, https://HOST:PORT or http://HOST:PORT"},
      {.name = "context",
       .placeholder = "NAME",
       .description = "Use this context instead of the current one"},
      {.name = "ca-file",
       .placeholder = "FILE",
       .description = "Trust the certificate authorities in this PEM file",
       .completes = Completes::file},
      {.name = "token-file",
       .placeholder = "FILE",
       .description = "Read the bearer token from this file; - is standard input",
       .completes = Completes::file},
      {.name = "output",
       .placeholder = "FORMAT",
       .description = "How data is written: table, json, jsonl, yaml, csv or id",
       .words = {"table", "json", "jsonl", "yaml", "csv", "id"},
       .letter = 'o'},
      {.name = "timeout",
       .placeholder = "DURATION",
       .description = "How long to wait for one answer, such as 500ms, 30s or 2m; 30s by default"},
      {.name = "dry-run",
       .placeholder = "",
       .description = "Change nothing; say what would change and exit 3 if anything would"},
      {.name = "plan-hash",
       .placeholder = "HASH",
       .description = "Apply only the plan that a dry run gave this hash; exit 3 if it is stale"},
      {.name = "yes", .placeholder = "", .description = "Do not ask for confirmation", .letter = 'y'},
      {.name = "quiet",
       .placeholder = "",
       .description = "Write errors and data, nothing else",
       .letter = 'q'},
      {.name = "verbose",
       .placeholder = "",
       .description = "Say more on standard error, trace ids included",
       .letter = 'v'},
      {.name = "trace-http",
       .placeholder = "",
       .description = "Show requests and answers on standard error, without secrets"},
      {.name = "no-color", .placeholder = "", .description = "Never use colour; NO_COLOR does the same"},
      {.name = "help", .placeholder = "", .description = "Show help and exit", .letter = 'h'},
      {.name = "version", .placeholder = "", .description = "Show musterctl's own version and exit"}};
  return all;
}

Result<Globals> globals_from(const Values& values) {
  Globals globals;
  globals.server = values.find("server");
  globals.context = values.find("context");
  globals.certificate_authority_file = values.get("ca-file");
  globals.token_file = values.find("token-file");
  globals.plan_hash = values.find("plan-hash");
  globals.quiet = values.has("quiet");
  globals.verbose = values.has("verbose");
  globals.trace_http = values.has("trace-http");
  globals.color = !values.has("no-color") && !is_set("NO_COLOR");
  globals.yes = values.has("yes");
  globals.dry_run = values.has("dry-run");
  globals.help = values.has("help");
  globals.version = values.has("version");
  if (const auto format = values.find("output")) {
    globals.format_given = true;
    bool known = false;
    for (const auto& [word, value] : formats)
      if (word == *format) {
        globals.format = value;
        known = true;
      }
    if (!known) return fail(Error::invalid("--output", "must be one of table, json, jsonl, yaml, csv, id"));
  }
  if (const auto timeout = values.find("timeout")) {
    const auto duration = parse_duration(*timeout);
    if (!duration) return fail(Error::invalid("--timeout", duration.error().message));
    const auto rounded = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
    if (rounded.count() < 1) return fail(Error::invalid("--timeout", "must be at least 1ms"));
    globals.timeout = rounded;
  }
  return globals;
}

}  // namespace muster::cmd
