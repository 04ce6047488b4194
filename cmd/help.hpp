// SPDX-License-Identifier: Apache-2.0
/// @file Help for people, from the commands' declarations. Pure functions: thread-safe.
#pragma once

#include "cmd/command.hpp"

#include <string>
#include <vector>

namespace muster::cmd {

/// Of the command; of the noun where there is no command; of everything where there is no noun.
std::string help_text(const std::vector<Noun>& nouns, const Noun* noun, const Command* command);

/// "musterctl role grant ROLE USER [options]".
std::string usage_line(const Command& command);

/// "USER" for "user".
std::string shown_argument(const std::string& name);

/// "-o, --output FORMAT".
std::string shown_option(const Option& option);

}  // namespace muster::cmd
