// SPDX-License-Identifier: Apache-2.0
/// @file A string that must not leak: passwords, refresh tokens, keys. It has no operator<<, no
/// formatter and no conversion to std::string, compares in constant time and wipes its memory when it
/// goes. reveal() is the one way to the bytes, so every use of a secret can be found by that name.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <string.h>  // explicit_bzero is not in <cstring>

namespace muster {

/// Compares in a time that depends on the lengths only.
inline bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(other.value_) { other.wipe(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      value_ = other.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      value_ = other.value_;
      other.wipe();
    }
    return *this;
  }
  ~Secret() { wipe(); }

  [[nodiscard]] std::string_view reveal() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return value_.size(); }

  bool operator==(const Secret& other) const noexcept { return constant_time_equal(value_, other.value_); }

 private:
  void wipe() noexcept {
    explicit_bzero(value_.data(), value_.capacity());
    value_.clear();
  }

  std::string value_;
};

}  // namespace muster
