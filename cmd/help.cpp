// SPDX-License-Identifier: Apache-2.0
#include "cmd/help.hpp"

#include "cmd/globals.hpp"

#include <algorithm>

namespace muster::cmd {
namespace {

constexpr std::size_t line_width = 100;

/// `left` and `right` as two columns; `right` is wrapped.
std::string row(const std::string& left, const std::string& right, std::size_t left_width) {
  std::string out = "  " + left;
  std::size_t column = out.size();
  const std::size_t start = left_width + 4;
  if (column + 2 > start) {
    out += '\n';
    column = 0;
  }
  out.append(start - column, ' ');
  column = start;
  std::string_view rest = right;
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    const std::string_view word = rest.substr(0, space);
    if (column + word.size() > line_width && column > start) {
      out += "\n" + std::string(start, ' ');
      column = start;
    }
    out += word;
    column += word.size() + 1;
    if (space == std::string_view::npos) break;
    out += ' ';
    rest.remove_prefix(space + 1);
  }
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string described(const Option& option) {
  std::string text = option.description;
  if (option.words.empty() || option.placeholder.find('|') != std::string::npos || option.name == "output")
    return text;
  text += ": ";
  for (const std::string& word : option.words) text += (word == option.words.front() ? "" : ", ") + word;
  return text;
}

std::string options_text(const std::vector<Option>& options) {
  std::size_t width = 0;
  for (const Option& option : options)
    width = std::max(width, std::min<std::size_t>(30, shown_option(option).size()));
  std::string out;
  for (const Option& option : options) out += row(shown_option(option), described(option), width);
  return out;
}

std::string command_help(const Command& command) {
  std::string out = command.summary + ".\n";
  if (!command.help.empty()) out += "\n" + row("", command.help, 0).substr(4);
  out += "\nUsage: " + usage_line(command) + "\n";
  if (!command.arguments.empty()) {
    std::size_t width = 0;
    for (const Argument& each : command.arguments) width = std::max(width, each.name.size());
    out += "\nArguments (each may be given as --NAME VALUE too):\n";
    for (const Argument& each : command.arguments)
      out += row(shown_argument(each.name), each.description, width);
  }
  if (!command.options.empty()) out += "\nOptions:\n" + options_text(command.options);
  if (!command.examples.empty()) {
    out += "\nExamples:\n";
    for (const auto& [what, line] : command.examples) out += "  # " + what + "\n  " + line + "\n";
  }
  return out + "\nGlobal options: musterctl --help\n";
}

std::string noun_help(const Noun& noun) {
  std::string out =
      noun.summary + ".\n\nUsage: musterctl " + noun.name + " VERB [arguments] [options]\n\nVerbs:\n";
  std::size_t width = 0;
  for (const Command& each : noun.commands) width = std::max(width, each.verb.size());
  for (const Command& each : noun.commands) out += row(each.verb, each.summary, width);
  return out + "\nMore about one: musterctl " + noun.name + " VERB --help\n";
}

}  // namespace

std::string shown_argument(const std::string& name) {
  std::string out = name;
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::string shown_option(const Option& option) {
  std::string out = option.letter == 0 ? "" : std::string("-") + option.letter + ", ";
  out += "--" + option.name;
  if (!option.placeholder.empty()) out += " " + option.placeholder;
  return out;
}

std::string usage_line(const Command& command) {
  std::string out = "musterctl " + command.words();
  for (const Argument& each : command.arguments)
    out += each.required ? " " + shown_argument(each.name) : " [" + shown_argument(each.name) + "]";
  return out + (command.options.empty() ? "" : " [options]");
}

std::string help_text(const std::vector<Noun>& nouns, const Noun* noun, const Command* command) {
  if (command != nullptr) return command_help(*command);
  if (noun != nullptr) return noun_help(*noun);
  std::string out =
      "musterctl runs musterd: accounts, roles, tokens and what an operator needs.\n\n"
      "Usage: musterctl [global options] NOUN VERB [arguments] [options]\n\nNouns:\n";
  std::size_t width = 0;
  for (const Noun& each : nouns) width = std::max(width, each.name.size());
  for (const Noun& each : nouns) out += row(each.name, each.summary, width);
  out += "\nGlobal options, anywhere on the line:\n" + options_text(global_options());
  return out + "\nMore: musterctl NOUN --help, man musterctl\n";
}

}  // namespace muster::cmd
