// SPDX-License-Identifier: Apache-2.0
/// @file What the running daemon says of itself. Thread-safe.
#pragma once

#include "base/time.hpp"

#include <string>
#include <vector>

namespace muster::ports {

/// One field of the configuration in force. Never a secret: of one, whether it is set.
struct HostSetting {
  std::string name;    ///< "http.listen"
  std::string value;   ///< As it would be written.
  std::string source;  ///< "default", "muster.conf:12", "environment MUSTER_HTTP_LISTEN", "flag --listen".
  bool reloads = false;
};

class Host {
 public:
  virtual ~Host() = default;

  [[nodiscard]] virtual std::vector<HostSetting> configuration() const = 0;
  /// Where it listens.
  [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;
  [[nodiscard]] virtual Time started_at() const = 0;
  [[nodiscard]] virtual bool is_draining() const = 0;
};

}  // namespace muster::ports
