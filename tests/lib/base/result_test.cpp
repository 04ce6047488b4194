// SPDX-License-Identifier: Apache-2.0
#include "base/result.hpp"

#include "base/fields.hpp"

#include <memory>

#include <catch2/catch.hpp>

namespace muster {
namespace {

enum class Colour : std::uint8_t { red, green };

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::invalid_argument, "must be even", "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  MUSTER_TRY(const int once, half(number));
  MUSTER_TRY(const int twice, half(once));
  return twice;
}

Status check_even(int number, int& reached) {
  MUSTER_CHECK_OK(half(number));
  ++reached;
  return {};
}

}  // namespace

template <>
struct EnumWords<Colour> {
  static constexpr std::array<std::pair<Colour, std::string_view>, 2> words{
      {{Colour::red, "red"}, {Colour::green, "green"}}};
};

namespace {

TEST_CASE("MUSTER_TRY unwraps or hands the error on", "[base]") {
  CHECK(quarter(8).value() == 2);
  const auto refused = quarter(6);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  CHECK(refused.error().message == "must be even");
  CHECK(refused.error().detail == "odd");
}

TEST_CASE("MUSTER_TRY takes what can only be moved", "[base]") {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    MUSTER_TRY(const auto owned, make());
    return *owned;
  };
  CHECK(use().value() == 7);
}

TEST_CASE("MUSTER_CHECK_OK stops at an error", "[base]") {
  int reached = 0;
  CHECK(check_even(2, reached));
  CHECK_FALSE(check_even(3, reached));
  CHECK(reached == 1);
}

TEST_CASE("an invalid field names itself and what is allowed", "[base]") {
  const Error error = Error::invalid("limit", "must be 1 to 1000");
  CHECK(error.code == ErrorCode::invalid_argument);
  CHECK(error.message == "limit: must be 1 to 1000");
  CHECK(error.fields == std::vector<FieldError>{{"limit", "must be 1 to 1000"}});
}

TEST_CASE("enumerations have words both ways", "[base]") {
  CHECK(to_word(Colour::green) == "green");
  CHECK(from_word<Colour>("red") == Colour::red);
  CHECK_FALSE(from_word<Colour>("Red"));
  CHECK_FALSE(from_word<Colour>(""));
}

TEST_CASE("a patch leaves, sets or clears", "[base]") {
  CHECK(Patch<int>{}.applied_to(1) == 1);
  CHECK(Patch<int>{true, 2}.applied_to(1) == 2);
  CHECK_FALSE(Patch<int>{true, std::nullopt}.applied_to(1));
}

}  // namespace
}  // namespace muster
