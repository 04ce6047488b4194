// SPDX-License-Identifier: Apache-2.0
#include "ops/page.hpp"

#include "base/encoding.hpp"

#include <charconv>

namespace muster::ops {
namespace {

Error bad_cursor() {
  return Error::invalid("cursor", "must be the next_cursor of this list");
}

}  // namespace

std::string make_cursor(std::string_view kind, std::string_view key) {
  std::string bytes(kind);
  bytes += '\0';
  bytes += key;
  return base64url_encode(bytes);
}

Result<std::string> read_cursor(std::string_view kind, std::string_view cursor) {
  const auto bytes = base64url_decode(cursor);
  if (!bytes || bytes->size() <= kind.size() || !bytes->starts_with(kind) || (*bytes)[kind.size()] != '\0')
    return fail(bad_cursor());
  return bytes->substr(kind.size() + 1);
}

Result<std::int64_t> read_number_cursor(std::string_view kind, std::string_view cursor) {
  MUSTER_TRY(const std::string key, read_cursor(kind, cursor));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), value);
  if (error != std::errc() || end != key.data() + key.size() || value < 0) return fail(bad_cursor());
  return value;
}

}  // namespace muster::ops
