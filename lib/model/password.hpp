// SPDX-License-Identifier: Apache-2.0
/// @file Which passwords are good enough (NIST SP 800-63B): 8 to 256 characters, any of them, no rules on
/// their mix; none that is on a list of breached ones, is made of what everybody knows about the user, or is
/// guessed quickly. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::model {

inline constexpr std::size_t password_length_min = 8;
inline constexpr std::size_t password_length_max = 256;

/// Passwords that attackers try first, kept as sorted hashes. Compared without regard to case.
class BreachedList {
 public:
  explicit BreachedList(const std::vector<std::string>& passwords);
  /// `next` puts the next password into its argument; false: there are no more.
  explicit BreachedList(const std::function<bool(std::string&)>& next);
  /// The list that is compiled in.
  static const BreachedList& shipped();

  [[nodiscard]] bool contains(std::string_view password) const;
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }

 private:
  std::vector<std::uint64_t> hashes_;
};

/// What everybody may know about the user.
struct PasswordContext {
  std::string username;
  std::optional<std::string> email;
  std::optional<std::string> display_name;
  std::string service = "muster";
};

/// The form that is hashed: Unicode NFC with every kind of space as U+0020 (RFC 8265 OpaqueString), so that
/// one password typed on two keyboards is the same. Every password goes through here, to be set or to be
/// verified. Error: invalid_argument at `field` (not UTF-8, or longer than 256 characters).
Result<Secret> prepare_password(const Secret& password, std::string_view field = "password");

/// Whether a password may be set; give it the prepared form. It must not be on the shipped list, nor on
/// `more` where there is one. Error: invalid_argument at `field`, saying why not.
Status check_password(const Secret& prepared, const PasswordContext& context,
                      const BreachedList* more = nullptr, std::string_view field = "password");

}  // namespace muster::model
