// SPDX-License-Identifier: Apache-2.0
/// @file The options that every command understands.
#pragma once

#include "cmd/command.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::cmd {

enum class Format : std::uint8_t { table, json, jsonl, yaml, csv, id };

struct Globals {
  Format format = Format::table;
  bool format_given = false;
  std::optional<std::string> server;
  std::optional<std::string> context;
  std::string certificate_authority_file;
  std::optional<std::string> token_file;
  std::chrono::milliseconds timeout{30'000};
  std::optional<std::string> plan_hash;
  bool quiet = false;
  bool verbose = false;
  bool trace_http = false;
  bool color = true;
  bool yes = false;
  bool dry_run = false;
  bool help = false;
  bool version = false;
};

/// Their declarations, in the order help shows them.
const std::vector<Option>& global_options();

/// Error: invalid_argument naming the option.
Result<Globals> globals_from(const Values& values);

}  // namespace muster::cmd
