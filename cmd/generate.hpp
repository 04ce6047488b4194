// SPDX-License-Identifier: Apache-2.0
/// @file Completions and the man page, made from the commands' declarations. Pure functions: thread-safe.
#pragma once

#include "cmd/command.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmd {

/// For "bash", "zsh" or "fish"; nothing for another shell.
std::optional<std::string> generate_completion(const std::vector<Noun>& nouns, std::string_view shell);

/// musterctl(1), in mdoc.
std::string generate_man(const std::vector<Noun>& nouns);

}  // namespace muster::cmd
