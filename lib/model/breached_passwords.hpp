// SPDX-License-Identifier: Apache-2.0
/// @file The words that breached passwords are made of most, in lower case, with white space between them.
/// Written down for Muster from what is common knowledge about leaked passwords. Pure: thread-safe.
#pragma once

#include <string_view>

namespace muster::model {

std::string_view breached_passwords();

}  // namespace muster::model
