// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace muster {

std::optional<UserId> UserId::parse(std::string_view text) {
  if (text.empty() || text.front() == '0' || text.front() == '-') return std::nullopt;
  UserId id;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (status != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::string SessionId::text() const {
  std::string bytes;
  bytes.reserve(8 + random_size_bytes);
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>((static_cast<std::uint64_t>(user.value) >> shift) & 0xff);
  bytes.append(random.begin(), random.end());
  return base64url_encode(bytes);
}

std::optional<SessionId> SessionId::parse(std::string_view text) {
  const auto bytes = base64url_decode(text);
  if (!bytes || bytes->size() != 8 + random_size_bytes) return std::nullopt;
  SessionId id;
  for (std::size_t i = 0; i < 8; ++i)
    id.user.value = (id.user.value << 8) | static_cast<unsigned char>((*bytes)[i]);
  if (id.user.value <= 0) return std::nullopt;
  std::copy(bytes->begin() + 8, bytes->end(), id.random.begin());
  return id;
}

}  // namespace muster
