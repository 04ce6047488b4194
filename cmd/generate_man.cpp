// SPDX-License-Identifier: Apache-2.0
#include "cmd/generate.hpp"
#include "cmd/globals.hpp"
#include "cmd/help.hpp"

#include <cctype>

namespace muster::cmd {
namespace {

/// The page belongs to the release, not to the day it was made on.
constexpr std::string_view page_date = "November 22, 2026";

/// Text that mdoc takes as it is: each sentence on a line of its own, nothing read as a request or an escape.
std::string text(const std::string& plain) {
  std::string out;
  bool line_begins = true;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = false;
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    const bool sentence_ends = (c == '.' || c == '?' || c == '!') && i + 2 < plain.size() &&
                               plain[i + 1] == ' ' &&
                               std::isupper(static_cast<unsigned char>(plain[i + 2])) != 0;
    if (sentence_ends) {
      out += '\n';
      line_begins = true;
      ++i;
    }
  }
  return out;
}

/// One argument of a macro.
std::string word(const std::string& plain) {
  std::string out = "\"";
  for (const char c : plain) {
    if (c == '"')
      out += "\\(dq";
    else if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out + "\"";
}

std::string sentence(const std::string& plain) {
  const bool ended = plain.ends_with('.') || plain.ends_with('?');
  return text(plain) + (ended ? "\n" : ".\n");
}

std::string option_item(const Option& option) {
  std::string out = ".It ";
  if (option.letter != 0) out += std::string("Fl ") + option.letter + " , ";
  out += "Fl Fl " + text(option.name);
  if (!option.placeholder.empty()) out += " Ar " + word(option.placeholder);
  out += "\n" + sentence(option.description);
  if (!option.words.empty() && option.placeholder.find('|') == std::string::npos) {
    out += "One of";
    for (const std::string& each : option.words)
      out += (each == option.words.front() ? " " : ", ") + text(each);
    out += ".\n";
  }
  return out;
}

std::string options_list(const std::vector<Option>& options) {
  std::string out = ".Bl -tag -width Ds\n";
  for (const Option& option : options) out += option_item(option);
  return out + ".El\n";
}

std::string command_section(const Command& command) {
  std::string out = ".Ss " + text(command.words()) + "\n.Nm " + text(command.words()) + "\n";
  for (const Argument& each : command.arguments)
    out += (each.required ? ".Ar " : ".Op Ar ") + text(shown_argument(each.name)) + "\n";
  if (!command.options.empty()) out += ".Op Ar options\n";
  out += ".Pp\n" + sentence(command.summary);
  if (!command.help.empty()) out += ".Pp\n" + sentence(command.help);
  if (!command.arguments.empty()) {
    out += ".Bl -tag -width Ds\n";
    for (const Argument& each : command.arguments)
      out += ".It Ar " + text(shown_argument(each.name)) + "\n" + sentence(each.description);
    out += ".El\n";
  }
  if (!command.options.empty()) out += options_list(command.options);
  for (const auto& [what, line] : command.examples)
    out += ".Pp\n" + text(what) + ":\n.Pp\n.Dl " + text(line) + "\n";
  return out;
}

constexpr std::string_view introduction = R"(.Sh DESCRIPTION
.Nm
is how operators and cron jobs run
.Xr musterd 8 .
Standard output has data only; everything else is written to standard error.
Colour, progress and questions appear only on a terminal.
.Pp
Without
.Fl Fl server ,
.Fl Fl context ,
.Ev MUSTER_SERVER
or a current context it uses the first local socket it finds of
.Pa $MUSTER_DATA_DIR/musterd.sock ,
.Pa /run/muster/musterd.sock ,
.Pa /var/lib/muster/musterd.sock
and
.Pa ./muster\-data/musterd.sock .
On a local socket the caller is the operator of that uid.
Over the network it needs
.Nm
.Cm login ,
or a token in
.Ev MUSTER_TOKEN
or
.Fl Fl token\-file .
.Pp
A USER is given as an id, a username or an email address.
Positional arguments may be given by name too, as
.Fl Fl user Ar alice .
.Pp
Whatever changes something takes
.Fl Fl dry\-run :
nothing is changed, the plan and its hash are printed, and the exit status is 3 if anything would change.
.Fl Fl plan\-hash
then applies just that plan.
Whatever destroys something asks for the name to be typed.
With
.Fl Fl yes
it does not ask; without a terminal and without
.Fl Fl yes
it does nothing and exits 8.
)";

constexpr std::string_view ending = R"(.Sh ENVIRONMENT
.Bl -tag -width Ds
.It Ev MUSTER_SERVER
The server's address.
.It Ev MUSTER_TOKEN
The bearer token for a server on the network.
.It Ev MUSTER_CA_FILE
Trusted certificate authorities, as
.Fl Fl ca\-file .
.It Ev MUSTER_PASSWORD
The password, for commands that need one.
.It Ev MUSTER_DATA_DIR
Where the local daemon keeps its data.
.It Ev NO_COLOR
No colour.
.It Ev XDG_CONFIG_HOME , XDG_STATE_HOME
Where files are kept.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa ~/.config/muster/contexts.json
Contexts.
.It Pa ~/.local/state/muster
Tokens of logins, and how far bulk work got.
Readable by nobody else.
.El
.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
Done.
.It 1
Failed.
.It 2
The command line is wrong.
.It 3
Differs: a dry run that would change something, or a plan that is stale.
.It 4
Not authenticated, or not allowed.
.It 5
Not found, or in conflict with what is there.
.It 6
Partly done: some rows of bulk work failed.
.It 7
The same work is running elsewhere.
.It 8
Needs confirmation, or a precondition is not met.
.It 9
Unreachable, overloaded or timed out: worth trying again.
.It 130
Stopped with Ctrl\-C.
.El
.Sh SEE ALSO
.Xr muster.conf 5 ,
.Xr musterd 8
)";

}  // namespace

std::string generate_man(const std::vector<Noun>& nouns) {
  std::string out =
      ".\\\" Made by musterctl --generate man.\n.Dd " + std::string(page_date) +
      "\n.Dt MUSTERCTL 1\n.Os\n.Sh NAME\n.Nm musterctl\n.Nd run musterd: accounts, roles, tokens\n"
      ".Sh SYNOPSIS\n.Nm\n.Op Ar global options\n.Ar noun\n.Ar verb\n.Op Ar arguments\n";
  out += introduction;
  out += ".Sh GLOBAL OPTIONS\nThey may stand anywhere on the line.\n" + options_list(global_options());
  out += ".Sh COMMANDS\n";
  for (const Noun& noun : nouns)
    for (const Command& command : noun.commands) out += command_section(command);
  return out += ending;
}

}  // namespace muster::cmd
