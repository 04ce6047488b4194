// SPDX-License-Identifier: Apache-2.0
/// @file Secrets on their way in: from a file, standard input, the environment or a prompt without echo;
/// never from the command line, which everybody on the machine can read.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "cmd/command.hpp"

#include <optional>
#include <string_view>

namespace muster::cmd {

/// `--password-file FILE` for `password` and `new_password`; `--file FILE` for `token`.
Option secret_option(std::string_view field);

/// In this order: the option, MUSTER_PASSWORD (for passwords), a prompt (twice where a new one is chosen),
/// and for a token standard input. Nothing when it is not required and not given. Errors: invalid_argument
/// (nothing to read it from, the two do not match), those of the file.
Result<std::optional<Secret>> secret_value(Run& run, std::string_view field, bool required);

}  // namespace muster::cmd
