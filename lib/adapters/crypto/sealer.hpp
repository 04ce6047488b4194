// SPDX-License-Identifier: Apache-2.0
/// @file Sealing with XChaCha20-Poly1305 under the master key: 32 random bytes in a file, written as hex,
/// that only its owner may read. Thread-safe.
#pragma once

#include "ports/crypto.hpp"

#include <memory>
#include <optional>
#include <string>

namespace muster::crypto {

/// Writes a new random master key to `path`, mode 0600, durable when it returns. Errors: already_exists,
/// unavailable (cannot be written, with the reason).
Status create_master_key(const std::string& path);

/// Errors: not_found; permission_denied (others than the owner may read it); invalid_argument (not 64 hex
/// digits); unavailable (cannot be read).
Result<std::unique_ptr<ports::Sealer>> load_master_key(const std::string& path);

}  // namespace muster::crypto
