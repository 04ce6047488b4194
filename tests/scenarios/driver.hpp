// SPDX-License-Identifier: Apache-2.0
/// @file What a scenario speaks to: the same actions in process, over HTTP to a real musterd, and through the
/// real musterctl. A scenario names an action and its fields; each driver knows how its side writes that
/// down.
#pragma once

#include "base/time.hpp"
#include "support/daemon.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace muster::test {

/// Who asks: the local operator, nobody, or the holder of an access token.
struct As {
  enum class Kind : std::uint8_t { local_operator, anonymous, holder } kind = Kind::local_operator;
  std::string token = {};
  std::string idempotency_key = {};
};
inline const As local_operator{};
inline const As anonymous{As::Kind::anonymous, {}, {}};
inline As holder_of(std::string token) {
  return {As::Kind::holder, std::move(token), {}};
}

/// An action as each side writes it. `{x}` is the field x, and `command` is empty where musterctl has none:
/// the CLI driver then asks over HTTP, as a user's application would.
struct Action {
  std::string_view name;
  http::Method method;
  std::string_view path;
  std::string_view command;
};
const Action& action_named(std::string_view name);

class Driver {
 public:
  virtual ~Driver() = default;

  virtual Outcome call(std::string_view action, const boost::json::object& fields, const As& as) = 0;
  Outcome call(std::string_view action, const boost::json::object& fields = {}) {
    return call(action, fields, local_operator);
  }
  /// The time that grants and tokens are held against, and waiting for it.
  virtual Time now() = 0;
  virtual void let_pass(std::chrono::seconds time) = 0;
  /// The program ends without notice and starts again.
  virtual void crash() = 0;
};

/// How many databases users are in beside the catalog; 0: one database has everything.
struct Shards {
  std::size_t count = 0;
};

/// "operations", "http" or "cli", the first two also "over shards".
std::unique_ptr<Driver> make_driver(const std::string& kind);

/// Whether it failed as that error does: by name, or, where only an exit status is seen, by that.
bool failed_as(const Outcome& outcome, std::string_view error);

std::unique_ptr<Driver> make_operations_driver(Shards shards);
std::unique_ptr<Driver> make_http_driver(Shards shards);
std::unique_ptr<Driver> make_cli_driver();

}  // namespace muster::test
