// SPDX-License-Identifier: Apache-2.0
/// @file The tokens of a login, one file a server in XDG_STATE_HOME/muster, mode 0600. Not thread-safe;
/// several musterctl may run at once, so what is read, refreshed and written again is done under lock_of().
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <tuple>

namespace muster::cmd {

struct Credentials {
  std::string server;
  std::string username;
  std::string session_id;
  Secret access_token;
  Time access_expires_at;
  Secret refresh_token;
  Time refresh_expires_at;

  static constexpr auto fields() {
    using Self = Credentials;
    return std::tuple{field("server", &Self::server, "Whose tokens they are"),
                      field("username", &Self::username, "Who logged in"),
                      field("session_id", &Self::session_id, "The session"),
                      field("access_token", &Self::access_token, "For requests").length(0, 16384),
                      field("access_expires_at", &Self::access_expires_at, "When it expires"),
                      field("refresh_token", &Self::refresh_token, "For the next access token"),
                      field("refresh_expires_at", &Self::refresh_expires_at, "When the login ends")};
  }
};

/// Nothing when there is no login to the server. Error: precondition_failed.
Result<std::optional<Credentials>> load_credentials(const std::string& server);
Status save_credentials(const Credentials& credentials);
/// False: there were none.
Result<bool> remove_credentials(const std::string& server);
/// The path to lock (FileLock) while they are changed.
Result<std::string> credentials_lock(const std::string& server);

/// From the reply of a login or a refresh. Error: internal when it is not one.
Result<Credentials> credentials_from_reply(const std::string& server, const std::string& reply_json,
                                           Time now);

}  // namespace muster::cmd
