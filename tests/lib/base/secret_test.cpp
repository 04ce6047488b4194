// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <array>
#include <concepts>
#include <memory>
#include <ostream>

#include <catch2/catch.hpp>
#include <spdlog/fmt/fmt.h>

namespace muster {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

// A secret cannot be printed, logged or turned into a string by accident.
static_assert(!Streamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string_view>);
static_assert(!std::convertible_to<std::string, Secret>);

const std::string long_text(100, 'k');

TEST_CASE("a secret gives its bytes only when asked", "[base]") {
  const Secret secret(long_text);
  CHECK(secret.reveal() == long_text);
  CHECK(secret.size() == 100);
  CHECK_FALSE(secret.empty());
  CHECK(Secret().empty());
}

TEST_CASE("secrets compare by value", "[base]") {
  CHECK(Secret("abc") == Secret("abc"));
  CHECK_FALSE(Secret("abc") == Secret("abd"));
  CHECK_FALSE(Secret("abc") == Secret("ab"));
  CHECK(Secret() == Secret(""));
  CHECK(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  CHECK_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("a secret that was moved from keeps nothing", "[base]") {
  // Short strings live inside the object, where a plain move leaves them behind.
  for (const std::string& text : {std::string("short"), long_text}) {
    alignas(Secret) std::array<char, sizeof(Secret)> room{};
    auto* from = std::construct_at(reinterpret_cast<Secret*>(room.data()), Secret(text));
    const Secret to(std::move(*from));
    CHECK(to.reveal() == text);
    CHECK(from->empty());
    CHECK(std::string_view(room.data(), room.size()).find("short") == std::string_view::npos);
    std::destroy_at(from);
  }
}

TEST_CASE("a secret wipes its memory when it goes", "[base]") {
  alignas(Secret) std::array<char, sizeof(Secret)> room{};
  auto* secret = std::construct_at(reinterpret_cast<Secret*>(room.data()), Secret("short"));
  REQUIRE(std::string_view(room.data(), room.size()).find("short") != std::string_view::npos);
  std::destroy_at(secret);
  CHECK(std::string_view(room.data(), room.size()).find("short") == std::string_view::npos);
}

TEST_CASE("secrets are assigned by copy and by move", "[base]") {
  Secret a("first");
  const Secret b(long_text);
  a = b;
  CHECK(a == b);
  Secret c("third");
  a = std::move(c);
  CHECK(a.reveal() == "third");
  CHECK(c.empty());
}

}  // namespace
}  // namespace muster
