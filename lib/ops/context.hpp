// SPDX-License-Identifier: Apache-2.0
/// @file Everything an operation may use: the ports and the state in memory that follows the store. Built
/// once by assembly/world.hpp. Thread-safe, as each part is.
#pragma once

#include "ops/settings.hpp"
#include "ports/clock.hpp"
#include "ports/crypto.hpp"
#include "ports/meter.hpp"
#include "ports/store.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

namespace muster::ports {
class Host;
class Sharding;
class UserCache;
}  // namespace muster::ports

namespace muster::ops {

class AccessSamples;
class Authorizer;
class Tokens;
class JobRunner;
class LoginThrottle;
class Feed;
class NodeRegistry;

struct Context {
  ports::Store& store;
  ports::Clock& clock;
  ports::Entropy& entropy;
  ports::IdSource& ids;
  ports::PasswordHasher& hasher;
  ports::TokenSigner& signer;
  ports::Sealer& sealer;
  ports::Meter& meter;
  Authorizer& authorizer;
  Tokens& tokens;
  JobRunner& jobs;
  LoginThrottle& login_throttle;
  std::shared_ptr<const Settings> initial_settings;
  /// The daemon that serves; set before its first request, nothing where there is none.
  const ports::Host* host = nullptr;
  /// How the data is spread over databases; nothing where that is not known.
  ports::Sharding* sharding = nullptr;
  /// Which users are asked for; nothing where nobody wants to know.
  AccessSamples* access_samples = nullptr;
  /// The cache is being filled before the daemon says that it is ready.
  std::atomic<bool> is_warming = false;
  /// Users that were read lately; nothing where every user is read from the store.
  ports::UserCache* users_cache = nullptr;
  /// Follows what other daemons write; nothing where there can be none.
  Feed* feed = nullptr;
  /// The daemons that serve this installation; nothing where this is the only one.
  NodeRegistry* nodes = nullptr;
  /// Has other daemons look at the store now rather than soon; never waits. Nothing where they cannot be
  /// told.
  std::function<void()> tell_others = nullptr;

  [[nodiscard]] std::shared_ptr<const Settings> settings() const {
    return std::atomic_load(&initial_settings);
  }
  void change_settings(std::shared_ptr<const Settings> changed) {
    std::atomic_store(&initial_settings, std::move(changed));
  }
};

}  // namespace muster::ops
