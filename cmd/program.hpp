// SPDX-License-Identifier: Apache-2.0
/// @file From main() to a command and back to an exit status.
#pragma once

#include "base/error.hpp"

#include <string>
#include <vector>

namespace muster::cmd {

struct Globals;

/// Runs one command line, without the program's name. Returns the exit status.
int run_program(const std::vector<std::string>& words);

/// `error: MESSAGE` on standard error, the fields at fault below it, the trace id with -v.
void print_error(const Error& error, const Globals& globals);

}  // namespace muster::cmd
