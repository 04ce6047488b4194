// SPDX-License-Identifier: Apache-2.0
#include "cmd/parser.hpp"

#include "cmd/globals.hpp"

#include <algorithm>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace muster::cmd {
namespace {

/// Letters put in, left out, changed or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t k = 0; k <= b.size(); ++k) table[0][k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t changed = table[i - 1][k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1);
      table[i][k] = std::min({table[i - 1][k] + 1, table[i][k - 1] + 1, changed});
      const bool swapped = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
      if (swapped) table[i][k] = std::min(table[i][k], table[i - 2][k - 2] + 1);
    }
  return table[a.size()][b.size()];
}

Error usage_error(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message), {}, {}, {}};
}

std::string with_suggestion(std::string message, std::string_view word,
                            const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  if (!near.empty()) message += "; did you mean " + near + "?";
  return message;
}

std::string cli_names(const std::string& name, const std::vector<std::string>& aliases, char letter) {
  std::string names = letter == 0 ? "" : std::string("-") + letter + ",";
  names += "--" + name;
  for (const std::string& alias : aliases) names += ",--" + alias;
  return names;
}

using Declared = std::vector<std::pair<std::string, CLI::Option*>>;

void declare(CLI::App& app, const Option& option, Declared& declared) {
  const std::string names = cli_names(option.name, option.aliases, option.letter);
  CLI::Option* made = nullptr;
  if (option.placeholder.empty()) {
    made = app.add_flag(names);
  } else {
    made = app.add_option(names);
    made->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  declared.emplace_back(option.name, made);
}

void declare(CLI::App& app, const Argument& argument, Declared& declared) {
  CLI::Option* made = app.add_option(argument.name + "," + cli_names(argument.name, argument.aliases, 0));
  made->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  declared.emplace_back(argument.name, made);
}

void declare(CLI::App& app, const Command& command, Declared& declared) {
  app.set_help_flag();
  app.fallthrough();
  app.allow_extras();
  for (const Argument& argument : command.arguments) declare(app, argument, declared);
  for (const Option& option : command.options) declare(app, option, declared);
}

Values collect(const Declared& declared) {
  Values values;
  for (const auto& [name, option] : declared)
    for (const std::string& result : option->results()) {
      const bool flag_is_off = option->get_expected_max() == 0 && result == "false";
      if (!flag_is_off) values.add(name, result);
    }
  return values;
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Argument& each : command.arguments) names.push_back("--" + each.name);
  for (const Option& each : command.options) names.push_back("--" + each.name);
  for (const Option& each : global_options()) names.push_back("--" + each.name);
  return names;
}

Error unexpected(const std::string& word, const Command& command) {
  const std::string name = word.substr(0, word.find('='));
  if (word.size() > 1 && word.front() == '-')
    return usage_error(
        with_suggestion("unknown option " + name + " for " + command.words(), name, option_names(command)));
  return usage_error("unexpected argument " + word + " for " + command.words());
}

Status check_words(const Command& command, const Values& values) {
  const auto check = [&](const std::string& shown, const std::string& name,
                         const std::vector<std::string>& words) -> Status {
    if (words.empty()) return {};
    for (const std::string& value : values.list(name))
      if (std::find(words.begin(), words.end(), value) == words.end()) {
        std::string all;
        for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
        return fail(usage_error(shown + " must be one of " + all));
      }
    return {};
  };
  for (const Argument& each : command.arguments) MUSTER_CHECK_OK(check(each.name, each.name, each.words));
  for (const Option& each : command.options)
    if (!each.repeated) MUSTER_CHECK_OK(check("--" + each.name, each.name, each.words));
  return {};
}

/// The first word that is neither a global option nor its value: where the noun should stand.
std::string first_plain_word(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.empty() || word.front() != '-') return word;
    const auto takes_value = [&](const Option& option) {
      return !option.placeholder.empty() &&
             (word == "--" + option.name || (option.letter != 0 && word == std::string("-") + option.letter));
    };
    if (std::any_of(global_options().begin(), global_options().end(), takes_value)) ++i;
  }
  return {};
}

/// CLI11 takes the next word for the value of `--name=`; an empty word of its own says what is meant.
std::vector<std::string> with_empty_values_apart(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  bool options_end = false;
  for (const std::string& word : words) {
    options_end = options_end || word == "--";
    const bool empty_value =
        !options_end && word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1;
    out.push_back(empty_value ? word.substr(0, word.size() - 1) : word);
    if (empty_value) out.emplace_back();
  }
  return out;
}

struct Tree {
  CLI::App app;
  Declared globals;
  std::map<const Command*, std::pair<CLI::App*, Declared>> commands;
};

void grow(Tree& tree, const std::vector<Noun>& nouns) {
  tree.app.set_help_flag();
  tree.app.allow_extras();
  tree.app.require_subcommand(0, 1);
  for (const Option& option : global_options()) declare(tree.app, option, tree.globals);
  for (const Noun& noun : nouns) {
    CLI::App* const branch = tree.app.add_subcommand(noun.name);
    branch->set_help_flag();
    branch->fallthrough();
    branch->allow_extras();
    branch->require_subcommand(0, 1);
    for (const Command& command : noun.commands) {
      CLI::App* const leaf = command.verb.empty() ? branch : branch->add_subcommand(command.verb);
      auto& place = tree.commands[&command];
      place.first = leaf;
      declare(*leaf, command, place.second);
    }
  }
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Result<Parsed> parse(const std::vector<Noun>& nouns, const std::vector<std::string>& words) {
  Tree tree;
  grow(tree, nouns);
  std::vector<std::string> reversed = with_empty_values_apart(words);
  std::reverse(reversed.begin(), reversed.end());
  try {
    tree.app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    return fail(usage_error(error.what()));
  }
  Parsed parsed;
  parsed.globals = collect(tree.globals);
  for (const Noun& noun : nouns) {
    if (!tree.app.got_subcommand(noun.name)) continue;
    parsed.noun = &noun;
    for (const Command& command : noun.commands)
      if (command.verb.empty() || tree.commands[&command].first->parsed()) parsed.command = &command;
  }
  std::vector<std::string> extras = tree.app.remaining(true);
  // CLI11 leaves the mark that ends the options among what it did not understand.
  if (const auto mark = std::find(extras.begin(), extras.end(), "--"); mark != extras.end())
    extras.erase(mark);
  if (parsed.noun == nullptr) {
    const std::string word = first_plain_word(words);
    std::vector<std::string> names;
    names.reserve(nouns.size());
    for (const Noun& noun : nouns) names.push_back(noun.name);
    if (!word.empty()) return fail(usage_error(with_suggestion("unknown noun " + word, word, names)));
    if (!extras.empty()) return fail(usage_error("unknown option " + extras.front()));
    return parsed;
  }
  if (parsed.command == nullptr) {
    std::vector<std::string> verbs;
    for (const Command& command : parsed.noun->commands) verbs.push_back(command.verb);
    if (!extras.empty())
      return fail(usage_error(with_suggestion("unknown verb " + extras.front() + " for " + parsed.noun->name,
                                              extras.front(), verbs)));
    return parsed;
  }
  if (!extras.empty()) return fail(unexpected(extras.front(), *parsed.command));
  parsed.values = collect(tree.commands[parsed.command].second);
  MUSTER_CHECK_OK(check_words(*parsed.command, parsed.values));
  return parsed;
}

std::string missing_argument(const Command& command, const Values& values) {
  for (const Argument& argument : command.arguments)
    if (argument.required && !values.has(argument.name)) return argument.name;
  return {};
}

}  // namespace muster::cmd
