// SPDX-License-Identifier: Apache-2.0
/// @file What musterctl can do, as data: parsing, help, completions and the man page are all made from it.
/// Value types; not thread-safe.
#pragma once

#include "base/result.hpp"
#include "wire/error_table.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmd {

class Connection;
class Printer;
class Terminal;
struct Globals;

/// What a shell can offer for a value.
enum class Completes : std::uint8_t { nothing, file };

/// An option. Without a placeholder it is a flag.
struct Option {
  std::string name;  ///< Without dashes: "display-name".
  std::string placeholder;
  std::string description;
  std::vector<std::string> words = {};    ///< The allowed values, where they are few and known.
  std::vector<std::string> aliases = {};  ///< Other spellings; accepted, not shown.
  bool repeated = false;
  Completes completes = Completes::nothing;
  char letter = 0;  ///< Of the short form.
};

/// A value known by its position. It may be given as --NAME as well, so that scripts can say what they mean.
struct Argument {
  std::string name;  ///< Lower case: "user". Shown as USER.
  std::string description;
  bool required = true;
  std::vector<std::string> words = {};
  std::vector<std::string> aliases = {};
  Completes completes = Completes::nothing;
};

/// What was written on the command line for one command.
class Values {
 public:
  void add(const std::string& name, std::string value) { all_[name].push_back(std::move(value)); }
  [[nodiscard]] bool has(const std::string& name) const { return all_.contains(name); }
  /// The last one given.
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const {
    const auto found = all_.find(name);
    return found == all_.end() ? std::nullopt : std::optional(found->second.back());
  }
  [[nodiscard]] std::string get(const std::string& name) const { return find(name).value_or(std::string()); }
  [[nodiscard]] std::vector<std::string> list(const std::string& name) const {
    const auto found = all_.find(name);
    return found == all_.end() ? std::vector<std::string>() : found->second;
  }

 private:
  std::map<std::string, std::vector<std::string>> all_;
};

struct Command;
struct Noun;

/// One run of one command: all it may use.
struct Run {
  const Command& command;
  const Values& values;
  const Globals& globals;
  Terminal& terminal;
  Printer& printer;
  Connection& connection;
  const std::vector<Noun>& nouns;
};

struct Command {
  std::string noun;
  std::string verb;     ///< Empty: the noun is the whole command.
  std::string summary;  ///< One sentence without a full stop.
  std::string help = {};
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  std::vector<std::pair<std::string, std::string>> examples = {};  ///< What it does, the command line.
  bool changes = false;                                            ///< Understands --dry-run and --plan-hash.
  bool local = false;  ///< Changes only files of its own: it has no dry run.
  std::function<Result<wire::Exit>(Run&)> run = {};

  /// "role grant", "doctor".
  [[nodiscard]] std::string words() const { return verb.empty() ? noun : noun + " " + verb; }
};

struct Noun {
  std::string name;
  std::string summary;
  std::vector<Command> commands;
};

}  // namespace muster::cmd
