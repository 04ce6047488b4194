// SPDX-License-Identifier: Apache-2.0
/// @file Which method and path lead to what: every operation of the catalogue and the daemon's own endpoints.
/// Built once, then constant: thread-safe.
#pragma once

#include "http/message.hpp"
#include "ops/catalogue.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::daemon {

struct Exchange;
struct Services;
enum class Next : std::uint8_t;

using Endpoint = Next (*)(Services&, Exchange&);

enum class Body : std::uint8_t { none, json, form };
enum class Format : std::uint8_t { envelope, oauth2 };
enum class Access : std::uint8_t {
  open,        ///< No look at who calls.
  optional,    ///< A token that is no good counts as none.
  identified,  ///< A token that is no good ends the request.
};

struct Route {
  http::Method method = http::Method::get;
  std::string_view path;  ///< "/v1/users/{id}"
  Body body = Body::none;
  Access access = Access::identified;
  Format format = Format::envelope;
  bool any_method = false;
  bool subtree = false;  ///< Also for what lies below the path.
  const ops::Operation* operation = nullptr;
  Endpoint endpoint = nullptr;
  std::vector<std::string_view> segments = {};
  /// For each path value, the request's field of that name, in the order of the path.
  std::vector<const wire::FieldInfo*> parameters = {};
};

struct PathValues {
  static constexpr std::size_t count_max = 4;
  std::array<std::string_view, count_max> values;  ///< Still percent-encoded.
  std::size_t count = 0;
};

struct Match {
  const Route* route = nullptr;
  PathValues values;
  std::string allow;  ///< Where only the method is wrong: the methods there are.
};

class RouteTable {
 public:
  RouteTable();

  [[nodiscard]] Match find(http::Method method, std::string_view path) const;

 private:
  void add(Route route);

  std::vector<Route> routes_;
  std::unordered_map<std::string_view, std::vector<const Route*>> literal_;
  std::vector<const Route*> patterns_;  ///< The more literal ones first.
  std::vector<const Route*> subtrees_;
};

}  // namespace muster::daemon
