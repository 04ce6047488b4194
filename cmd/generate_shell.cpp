// SPDX-License-Identifier: Apache-2.0
#include "cmd/generate.hpp"
#include "cmd/globals.hpp"

#include <array>
#include <functional>

namespace muster::cmd {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Every spelling of the option that is shown, with dashes.
std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> out{"--" + option.name};
  if (option.letter != 0) out.push_back(std::string("-") + option.letter);
  return out;
}

/// The options whose next word is a value, wherever they stand: where noun and verb are must be known.
std::vector<std::string> options_with_value(const std::vector<Option>& options) {
  std::vector<std::string> out;
  for (const Option& option : options)
    if (!option.placeholder.empty())
      for (std::string& each : spellings(option)) out.push_back(std::move(each));
  return out;
}

void for_each_command(const std::vector<Noun>& nouns, const std::function<void(const Command&)>& visit) {
  for (const Noun& noun : nouns)
    for (const Command& command : noun.commands) visit(command);
}

std::vector<std::string> all_option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.options) names.push_back("--" + option.name);
  return names;
}

std::vector<std::string> single_nouns(const std::vector<Noun>& nouns) {
  std::vector<std::string> names;
  for (const Noun& noun : nouns)
    if (noun.commands.front().verb.empty()) names.push_back(noun.name);
  return names;
}

/// What both bash and zsh need: a `case` branch for each option that has a value of its own.
std::string value_cases(const std::vector<Option>& options, std::string_view prefix, std::string_view words,
                        std::string_view files) {
  std::string out;
  for (const Option& option : options) {
    if (option.placeholder.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& each : spellings(option))
      patterns.push_back("'" + std::string(prefix) + each + "'");
    std::string action = ":";
    if (!option.words.empty()) action = replaced(std::string(words), "@", joined(option.words, " "));
    if (option.completes == Completes::file) action = std::string(files);
    out += "    " + joined(patterns, " | ") + ") " + action + "; return ;;\n";
  }
  return out;
}

std::string all_value_cases(const std::vector<Noun>& nouns, std::string_view words, std::string_view files) {
  std::string out;
  for_each_command(nouns, [&](const Command& command) {
    out += value_cases(command.options, command.words() + " ", words, files);
  });
  return out;
}

std::string bash_completion(const std::vector<Noun>& nouns) {
  std::string out = R"(# bash completion for musterctl; made by musterctl --generate bash

_musterctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} noun='' verb='' word index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    case $word in
    )" + joined(options_with_value(global_options()), " | ") +
                    R"() ((index++)) ;;
    -*) ;;
    *) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;
    esac
  done
  case $noun in
  )" + joined(single_nouns(nouns), " | ") +
                    R"() verb='' ;;
  esac
  local command=$noun${verb:+ $verb}
  case $previous in
)";
  out += value_cases(global_options(), "", "COMPREPLY=($(compgen -W '@' -- \"$current\"))",
                     "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\"))");
  out += "  esac\n  case \"$command $previous\" in\n";
  out += all_value_cases(nouns, "COMPREPLY=($(compgen -W '@' -- \"$current\"))",
                         "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\"))");
  std::vector<std::string> globals;
  globals.reserve(global_options().size());
  for (const Option& option : global_options()) globals.push_back("--" + option.name);
  out += "  esac\n  local globals='" + joined(globals, " ") + "' words='' files=''\n  case $command in\n";
  std::vector<std::string> names;
  names.reserve(nouns.size());
  for (const Noun& noun : nouns) names.push_back(noun.name);
  out += "  '') words='" + joined(names, " ") + "' ;;\n";
  for (const Noun& noun : nouns) {
    std::vector<std::string> verbs;
    for (const Command& command : noun.commands)
      if (!command.verb.empty()) verbs.push_back(command.verb);
    if (!verbs.empty()) out += "  '" + noun.name + "') words='" + joined(verbs, " ") + "' ;;\n";
  }
  for_each_command(nouns, [&](const Command& command) {
    std::string words;
    bool files = false;
    for (const Argument& argument : command.arguments) {
      if (!argument.words.empty()) words = joined(argument.words, " ");
      files = files || argument.completes == Completes::file;
    }
    out += "  '" + command.words() + "') globals+=' " + joined(all_option_names(command), " ") + "' words='" +
           words + "'" + (files ? " files=1" : "") + " ;;\n";
  });
  return out + R"(  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$globals" -- "$current"))
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _musterctl musterctl
)";
}

std::string zsh_quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

/// "name:description" for _describe.
std::string zsh_item(const std::string& name, const std::string& description) {
  return zsh_quoted(replaced(name, ":", "\\:") + ":" + description);
}

std::string zsh_options(const std::vector<Option>& options) {
  std::string out;
  for (const Option& option : options) out += " " + zsh_item("--" + option.name, option.description);
  return out;
}

std::string zsh_completion(const std::vector<Noun>& nouns) {
  std::string out = R"(#compdef musterctl
# zsh completion for musterctl; made by musterctl --generate zsh

_musterctl() {
  local current=${words[CURRENT]} previous=${words[CURRENT - 1]} noun='' verb='' word
  local -i index
  local -a found options
  for ((index = 2; index < CURRENT; index++)); do
    word=${words[index]}
    case $word in
    ()" + joined(options_with_value(global_options()), " | ") +
                    R"() ((index++)) ;;
    (-*) ;;
    (*) if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi ;;
    esac
  done
  case $noun in
  ()" + joined(single_nouns(nouns), " | ") +
                    R"() verb='' ;;
  esac
  local command=$noun${verb:+ $verb}
  case $previous in
)";
  out += value_cases(global_options(), "", "compadd -- @", "_files");
  out += "  esac\n  case \"$command $previous\" in\n";
  out += all_value_cases(nouns, "compadd -- @", "_files");
  out += "  esac\n  options=(" + zsh_options(global_options()) + ")\n  case $command in\n  ('') found=(";
  for (const Noun& noun : nouns) out += " " + zsh_item(noun.name, noun.summary);
  out += ") ;;\n";
  for (const Noun& noun : nouns) {
    if (noun.commands.front().verb.empty()) continue;
    out += "  ('" + noun.name + "') found=(";
    for (const Command& command : noun.commands) out += " " + zsh_item(command.verb, command.summary);
    out += ") ;;\n";
  }
  for_each_command(nouns, [&](const Command& command) {
    out += "  ('" + command.words() + "') options+=(" + zsh_options(command.options) + ")";
    for (const Argument& argument : command.arguments) {
      if (!argument.words.empty()) out += "; found=(" + joined(argument.words, " ") + ")";
      if (argument.completes == Completes::file) out += "; [[ $current == -* ]] || { _files; return }";
    }
    out += " ;;\n";
  });
  return out + R"(  esac
  if [[ $current == -* ]]; then
    _describe -o option options
  elif (( $#found )); then
    _describe word found
  fi
}
if [[ $funcstack[1] == _musterctl ]]; then
  _musterctl "$@"
else
  compdef _musterctl musterctl
fi
)";
}

std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_option(const std::string& condition, const Option& option) {
  std::string out = "complete -c musterctl";
  if (!condition.empty()) out += " -n " + fish_quoted(condition);
  out += " -l " + option.name;
  if (option.letter != 0) out += std::string(" -s ") + option.letter;
  if (!option.placeholder.empty()) out += option.completes == Completes::file ? " -r -F" : " -x";
  if (!option.words.empty()) out += " -a " + fish_quoted(joined(option.words, " "));
  return out + " -d " + fish_quoted(option.description) + "\n";
}

std::string fish_completion(const std::vector<Noun>& nouns) {
  std::string out = R"(# fish completion for musterctl; made by musterctl --generate fish

# The words so far that are neither options nor their values.
function __musterctl_words
    set -l skip 0
    for token in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $token
            case )" +
                    joined(options_with_value(global_options()), " ") + R"(
                set skip 1
            case '-*'
            case '*'
                echo $token
        end
    end
end

# Whether noun and verb are these; without arguments whether there is no noun, with one whether no verb follows.
function __musterctl_at
    set -l words (__musterctl_words)
    switch (count $argv)
        case 0
            test (count $words) -eq 0
        case 1
            test (count $words) -eq 1; and test "$words[1]" = "$argv[1]"
        case '*'
            test (count $words) -ge 2; and test "$words[1]" = "$argv[1]"; and test "$words[2]" = "$argv[2]"
    end
end

# Whether the noun, which has no verbs, is this one.
function __musterctl_noun
    set -l words (__musterctl_words)
    test (count $words) -ge 1; and test "$words[1]" = "$argv[1]"
end

complete -c musterctl -f
)";
  for (const Option& option : global_options()) out += fish_option("", option);
  for (const Noun& noun : nouns) {
    out +=
        "complete -c musterctl -n __musterctl_at -a " + noun.name + " -d " + fish_quoted(noun.summary) + "\n";
    for (const Command& command : noun.commands) {
      const bool single = command.verb.empty();
      const std::string here = (single ? "__musterctl_noun " : "__musterctl_at ") + command.words();
      if (!single)
        out += "complete -c musterctl -n " + fish_quoted("__musterctl_at " + noun.name) + " -a " +
               command.verb + " -d " + fish_quoted(command.summary) + "\n";
      for (const Option& option : command.options) out += fish_option(here, option);
      for (const Argument& argument : command.arguments) {
        if (!argument.words.empty())
          out += "complete -c musterctl -n " + fish_quoted(here) + " -a " +
                 fish_quoted(joined(argument.words, " ")) + "\n";
        if (argument.completes == Completes::file)
          out += "complete -c musterctl -n " + fish_quoted(here) + " -F\n";
      }
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> generate_completion(const std::vector<Noun>& nouns, std::string_view shell) {
  if (shell == "bash") return bash_completion(nouns);
  if (shell == "zsh") return zsh_completion(nouns);
  if (shell == "fish") return fish_completion(nouns);
  return std::nullopt;
}

}  // namespace muster::cmd
