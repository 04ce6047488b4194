// SPDX-License-Identifier: Apache-2.0
/// @file The table of fields as text: what --print-config shows, the sample file and the manual page.
/// Pure functions: thread-safe.
#pragma once

#include "assembly/load_config.hpp"
#include "ports/host.hpp"

#include <string>

namespace muster::assembly {

/// One line a field: name = value, then where it came from. Valid TOML.
std::string print_config(const LoadedConfig& loaded);
/// The fields as a running daemon shows them. Secrets stand in files of their own: no field is one.
std::vector<ports::HostSetting> settings_shown(const Config& config, const std::vector<std::string>& origins);
/// A file with every field at its default, commented out.
std::string sample_config();
/// man 5 muster.conf, in roff.
std::string config_manual();

}  // namespace muster::assembly
