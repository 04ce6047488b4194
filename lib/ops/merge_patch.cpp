// SPDX-License-Identifier: Apache-2.0
#include "ops/merge_patch.hpp"

#include "wire/json.hpp"

#include <boost/json.hpp>

namespace muster::ops {
namespace {

/// As deep as the patch, which the parser has bounded.
void merge(wire::JsonMembers& target, const wire::JsonMembers& patch) {
  for (const auto& member : patch) {
    if (member.value().is_null()) {
      target.stable_erase(member.key());
    } else if (const auto* inner = member.value().if_object()) {
      wire::Json& place = target[member.key()];
      if (!place.is_object()) place.emplace_object();
      merge(place.get_object(), *inner);
    } else {
      target[member.key()] = member.value();
    }
  }
}

}  // namespace

Result<JsonObject> merge_patch(const JsonObject& target, const JsonObject& patch, std::string_view field) {
  MUSTER_TRY(wire::Json merged, wire::parse_json(target.text));
  MUSTER_TRY(const wire::Json changes, wire::parse_json(patch.text));
  merge(merged.as_object(), changes.as_object());
  JsonObject out{wire::to_text(merged)};
  if (out.text.size() > merged_size_max_bytes)
    return fail(Error::invalid(std::string(field), "must be at most 64KiB of JSON"));
  return out;
}

}  // namespace muster::ops
