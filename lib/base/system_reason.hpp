// SPDX-License-Identifier: Apache-2.0
/// @file What the system says about an error number, for the end of a message: "No such file or directory".
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace muster {

/// Of the call that has just failed, unless another number is given.
inline std::string system_reason(int error_number = errno) {
  return std::generic_category().message(error_number);
}

}  // namespace muster
