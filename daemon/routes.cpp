// SPDX-License-Identifier: Apache-2.0
#include "daemon/routes.hpp"

#include "base/check.hpp"
#include "daemon/endpoints.hpp"

#include <algorithm>
#include <optional>

namespace muster::daemon {
namespace {

using http::Method;

http::Method method_named(std::string_view name) {
  for (const Method method : {Method::get, Method::post, Method::put, Method::patch, Method::del})
    if (http::method_name(method) == name) return method;
  MUSTER_CHECK(false);
}

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    out.push_back(path.substr(0, end));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  return out;
}

bool is_parameter(std::string_view segment) {
  return !segment.empty() && segment.front() == '{';
}

std::optional<PathValues> match_pattern(const Route& route, std::string_view path) {
  PathValues values;
  for (const std::string_view segment : route.segments) {
    if (path.empty() || path.front() != '/') return std::nullopt;
    path.remove_prefix(1);
    const auto given = path.substr(0, path.find('/'));
    path.remove_prefix(given.size());
    if (!is_parameter(segment)) {
      if (given != segment) return std::nullopt;
    } else if (given.empty()) {
      return std::nullopt;
    } else {
      values.values[values.count++] = given;
    }
  }
  if (!path.empty()) return std::nullopt;
  return values;
}

Route route_of(const ops::Operation& operation) {
  const ops::OperationDescription& description = *operation.description;
  Route route;
  route.method = method_named(description.info.method);
  route.path = description.info.path;
  const bool query_only = route.method == Method::get || route.method == Method::del;
  route.body = query_only ? Body::none : Body::json;
  route.access = description.info.needs == ops::nobody_needs_anything ? Access::optional : Access::identified;
  route.operation = &operation;
  return route;
}

}  // namespace

RouteTable::RouteTable() {
  routes_.reserve(own_endpoints().size() + ops::operations().size());
  for (const Route& route : own_endpoints()) add(route);
  for (const ops::Operation& operation : ops::operations()) add(route_of(operation));
  std::stable_sort(patterns_.begin(), patterns_.end(), [](const Route* a, const Route* b) {
    return std::lexicographical_compare(
        a->segments.begin(), a->segments.end(), b->segments.begin(), b->segments.end(),
        [](std::string_view x, std::string_view y) { return !is_parameter(x) && is_parameter(y); });
  });
}

void RouteTable::add(Route route) {
  route.segments = split_path(route.path);
  for (const std::string_view segment : route.segments) {
    if (!is_parameter(segment)) continue;
    const auto& fields = route.operation->description->request;
    const auto name = segment.substr(1, segment.size() - 2);
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.name == name; });
    MUSTER_CHECK(field != fields.end());
    route.parameters.push_back(&*field);
  }
  MUSTER_CHECK(route.parameters.size() <= PathValues::count_max);
  routes_.push_back(std::move(route));
  const Route* kept = &routes_.back();
  if (kept->parameters.empty())
    literal_[kept->path].push_back(kept);
  else
    patterns_.push_back(kept);
  if (kept->subtree) subtrees_.push_back(kept);
}

Match RouteTable::find(Method method, std::string_view path) const {
  Match match;
  const Method wanted = method == Method::head ? Method::get : method;
  const auto try_route = [&](const Route& route, const PathValues& values) {
    if (route.any_method || route.method == wanted) {
      match.route = &route;
      match.values = values;
      return true;
    }
    const auto name = http::method_name(route.method);
    if (match.allow.find(name) == std::string::npos)
      match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
    if (route.method == Method::get) match.allow += ", HEAD";
    return false;
  };
  if (const auto found = literal_.find(path); found != literal_.end())
    for (const Route* route : found->second)
      if (try_route(*route, {})) return match;
  for (const Route* route : patterns_)
    if (const auto values = match_pattern(*route, path))
      if (try_route(*route, *values)) return match;
  for (const Route* route : subtrees_)
    if (path.size() > route->path.size() && path.compare(0, route->path.size(), route->path) == 0 &&
        path[route->path.size()] == '/' && try_route(*route, {}))
      return match;
  return match;
}

}  // namespace muster::daemon
