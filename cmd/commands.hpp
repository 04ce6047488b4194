// SPDX-License-Identifier: Apache-2.0
/// @file Everything musterctl can do, in the order help shows it. The one place to add a command.
/// Built on first use, then constant: thread-safe.
#pragma once

#include "cmd/command.hpp"

#include <vector>

namespace muster::cmd {

const std::vector<Noun>& all_nouns();

}  // namespace muster::cmd
