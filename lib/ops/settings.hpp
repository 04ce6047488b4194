// SPDX-License-Identifier: Apache-2.0
/// @file The settings that operations obey. Filled from the configuration; what SIGHUP may change is read
/// through Context::settings(), which hands out one consistent copy.
#pragma once

#include "base/time.hpp"
#include "model/signing_key.hpp"

#include <memory>
#include <string>

namespace muster::model {
class BreachedList;
}

namespace muster::ops {

struct Settings {
  Duration token_access_ttl = std::chrono::minutes{15};
  Duration token_refresh_ttl = std::chrono::hours{24 * 30};
  model::SigningAlgorithm token_algorithm = model::SigningAlgorithm::es256;
  Duration key_rotation_interval = std::chrono::hours{24 * 30};
  std::string token_issuer = "muster";
  std::string token_audience = "muster";
  bool self_registration = true;
  std::size_t sessions_per_user_max = 100;  ///< The oldest is ended for a new one.
  /// Wrong passwords; see login_throttle.hpp. For an account from one address, in the window.
  std::size_t login_failures_max = 20;
  std::size_t login_failures_in_a_row_max = 100;   ///< For an account.
  std::size_t login_failures_per_address_max = 0;  ///< From an address, in the window; 0: no limit.
  Duration login_failure_window = std::chrono::minutes{5};
  /// Passwords refused beside those of the shipped list; nothing where there is no such list.
  std::shared_ptr<const model::BreachedList> breached;
  std::string backup_directory;       ///< Where `backup create` writes and may read.
  std::string data_directory;         ///< Where a restore is asked for (restore.hpp).
  std::string node_name = "musterd";  ///< What a revocation with `wait` calls this daemon.
};

}  // namespace muster::ops
