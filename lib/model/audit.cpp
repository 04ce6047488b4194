// SPDX-License-Identifier: Apache-2.0
#include "model/audit.hpp"

namespace muster::model {
namespace {

void append_number(std::string& out, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> shift));
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

void append_optional(std::string& out, const std::optional<JsonValue>& value) {
  // A mark before the length keeps an absent value apart from an empty one.
  out += value ? '\1' : '\0';
  append_text(out, value ? std::string_view(value->text) : std::string_view());
}

}  // namespace

std::string AuditRecord::canonical_bytes() const {
  std::string out = "muster.audit.1";
  append_number(out, seq);
  append_number(out, time.time_since_epoch().count());
  for (const std::string* text : {&actor, &source, &operation, &target, &outcome, &trace_id})
    append_text(out, *text);
  append_optional(out, before);
  append_optional(out, after);
  return out;
}

}  // namespace muster::model
