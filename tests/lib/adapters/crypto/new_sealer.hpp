// SPDX-License-Identifier: Apache-2.0
/// @file A real sealer under a master key of its own, made in a temporary folder that is gone again at once.
#pragma once

#include "adapters/crypto/sealer.hpp"
#include "base/check.hpp"

#include <filesystem>
#include <memory>
#include <string>

#include <stdlib.h>  // mkdtemp is not in <cstdlib>

namespace muster::crypto {

inline std::unique_ptr<ports::Sealer> new_sealer() {
  std::string folder = (std::filesystem::temp_directory_path() / "muster-key-XXXXXX").string();
  MUSTER_CHECK(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/master.key";
  MUSTER_CHECK(create_master_key(path).has_value());
  auto out = load_master_key(path);
  std::filesystem::remove_all(folder);
  MUSTER_CHECK(out.has_value());
  return std::move(*out);
}

}  // namespace muster::crypto
