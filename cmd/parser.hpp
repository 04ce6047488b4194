// SPDX-License-Identifier: Apache-2.0
/// @file From a command line to a command and its values. Global options may stand anywhere.
/// Pure functions: thread-safe.
#pragma once

#include "cmd/command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::cmd {

struct Parsed {
  const Noun* noun = nullptr;        ///< Nothing: only global options were given.
  const Command* command = nullptr;  ///< Nothing: a noun without its verb.
  Values globals;
  Values values;
};

/// `words` are the arguments without the program's name. Error: invalid_argument saying what is wrong, with
/// the nearest noun, verb or option where one is near. What is required is not checked here (see
/// missing_argument).
Result<Parsed> parse(const std::vector<Noun>& nouns, const std::vector<std::string>& words);

/// The name of the first required argument that was not given; empty if none is missing.
std::string missing_argument(const Command& command, const Values& values);

/// The candidate closest to `word`, if it is close enough to be a slip of the fingers; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace muster::cmd
