// SPDX-License-Identifier: Apache-2.0
/// @file The parts that addresses of servers have in common: hosts, percent encoding, numbers, a file with a
/// password. Errors are invalid_argument at `part`, which says what is allowed there. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

struct Host {
  std::string name;
  std::uint16_t port = 0;

  bool operator==(const Host&) const = default;
  /// "host:port".
  [[nodiscard]] std::string text() const;
};

namespace address {

/// Cuts the text up to the separator off its front; nothing when it is not there.
std::optional<std::string_view> cut(std::string_view& text, char separator);
/// What %41 and the like stand for.
Result<std::string> decode(std::string_view part, std::string_view text);
Result<std::int64_t> number(std::string_view part, std::string_view text, std::int64_t least,
                            std::int64_t most);
/// host[:port], joined by commas, 1 to 16 of them.
Result<std::vector<Host>> hosts(std::string_view part, std::string_view text, std::uint16_t port_usual);
/// name=value, joined by &: each name once. `set` says whether it knows the name.
Status parameters(std::string_view text, std::string_view scheme,
                  const std::function<Result<bool>(std::string_view name, const std::string& value)>& set);

/// The file's one line. Errors: unavailable (it cannot be read), conflict (it is not one line).
Result<Secret> password_in(const std::string& path);

}  // namespace address
}  // namespace muster
