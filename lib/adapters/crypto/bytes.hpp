// SPDX-License-Identifier: Apache-2.0
/// @file Text as the bytes that the libraries' C interfaces take.
#pragma once

#include <string>
#include <string_view>

namespace muster::crypto {

inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace muster::crypto
