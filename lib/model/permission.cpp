// SPDX-License-Identifier: Apache-2.0
#include "model/permission.hpp"

#include <algorithm>

namespace muster::model {
namespace {

bool is_side(std::string_view side) noexcept {
  if (side == "*") return true;
  if (side.empty() || side.size() > permission_side_length_max) return false;
  return std::all_of(side.begin(), side.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

std::optional<Permission> Permission::parse(std::string_view code) noexcept {
  const auto colon = code.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Permission out{code.substr(0, colon), code.substr(colon + 1)};
  if (!is_side(out.action) || !is_side(out.resource)) return std::nullopt;
  return out;
}

bool Permission::covers(const Permission& wanted) const noexcept {
  return (action == "*" || action == wanted.action) && (resource == "*" || resource == wanted.resource);
}

std::string Permission::text() const {
  std::string out(action);
  out += ':';
  out += resource;
  return out;
}

Status check_permission_code(std::string_view code, std::string_view field) {
  if (Permission::parse(code)) return {};
  return fail(Error::invalid(std::string(field),
                             "must be action:resource such as create:order, each side 1 to 64 of a-z, 0-9, "
                             "\"_\", \".\", \"-\", or \"*\" for any"));
}

}  // namespace muster::model
