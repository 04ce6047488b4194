// SPDX-License-Identifier: Apache-2.0
#include "wire/envelope.hpp"

#include "wire/error_table.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

TEST_CASE("a success has code 0 and its data", "[envelope]") {
  CHECK(success_envelope(R"({"a":1})") == R"({"code":0,"message":"ok","data":{"a":1}})");
  CHECK(success_envelope("") == R"({"code":0,"message":"ok","data":null})");
  const auto read_back = read_envelope(success_envelope(R"({"a":[1]})"), 200);
  REQUIRE(read_back.has_value());
  CHECK(read_back->data_json == R"({"a":[1]})");
}

TEST_CASE("a failure has its number, name and trace, and fields only where one is at fault", "[envelope]") {
  CHECK(error_envelope({ErrorCode::not_found, "no such \"user\"", "secret detail", {}, {}}, "abc") ==
        R"({"code":40400,"message":"no such \"user\"","data":null,"error":"not_found","trace_id":"abc"})");
  CHECK(
      error_envelope(Error::invalid("name", "is required"), "abc") ==
      R"({"code":40000,"message":"name: is required","data":null,"error":"invalid_argument","trace_id":"abc",)"
      R"("fields":[{"field":"name","message":"is required"}]})");
}

TEST_CASE("every error reads back as itself and never shows its detail", "[envelope]") {
  for (const ErrorEntry& entry : error_table) {
    const Error error{entry.code, "what happened", "for the log only", {{"a", "b"}, {"c", "d"}}, {}};
    const std::string text = error_envelope(error, "trace");
    CHECK(text.find("for the log only") == std::string::npos);
    const auto read_back = read_envelope(text, entry.http_status);
    REQUIRE_FALSE(read_back.has_value());
    CHECK(read_back.error().code == entry.code);
    CHECK(read_back.error().message == "what happened");
    CHECK(read_back.error().fields == error.fields);
  }
}

TEST_CASE("an answer that is not Muster's is said to be so", "[envelope]") {
  for (const char* text :
       {"", "<html>502 Bad Gateway</html>", "[]", "{}", R"({"code":"0"})", R"({"code":40400})",
        R"({"code":40400,"error":"teapot"})", R"({"error":"not_found"})", "null"}) {
    INFO(text);
    const auto read_back = read_envelope(text, 502);
    REQUIRE_FALSE(read_back.has_value());
    CHECK(read_back.error().code == ErrorCode::internal);
    CHECK(read_back.error().message.find("HTTP 502") != std::string::npos);
  }
}

TEST_CASE("numbers are what was promised to callers", "[errors]") {
  const auto is = [](std::string_view name, int number, Exit exit) {
    const ErrorEntry* entry = entry_named(name);
    return entry != nullptr && entry->number == number && entry->exit == exit;
  };
  CHECK(is("invalid_argument", 40000, Exit::usage));
  CHECK(is("unauthenticated", 40100, Exit::denied));
  CHECK(is("token_expired", 40101, Exit::denied));
  CHECK(is("token_revoked", 40102, Exit::denied));
  CHECK(is("refresh_reused", 40103, Exit::denied));
  CHECK(is("permission_denied", 40300, Exit::denied));
  CHECK(is("account_disabled", 40301, Exit::denied));
  CHECK(is("not_found", 40400, Exit::missing_or_conflict));
  CHECK(is("method_not_allowed", 40500, Exit::failed));
  CHECK(is("conflict", 40900, Exit::missing_or_conflict));
  CHECK(is("already_exists", 40901, Exit::missing_or_conflict));
  CHECK(is("precondition_failed", 41200, Exit::needs_confirmation));
  CHECK(is("too_large", 41300, Exit::usage));
  CHECK(is("unsupported_media_type", 41500, Exit::failed));
  CHECK(is("rate_limited", 42900, Exit::unreachable));
  CHECK(is("internal", 50000, Exit::failed));
  CHECK(is("unavailable", 50300, Exit::unreachable));
  CHECK(is("overloaded", 50301, Exit::unreachable));
  CHECK(is("deadline_exceeded", 50400, Exit::unreachable));
  CHECK(entry_named("teapot") == nullptr);
}

TEST_CASE("a number begins with its status, and no two are the same", "[errors]") {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const ErrorEntry& entry : error_table) {
    CHECK(static_cast<unsigned>(entry.number / 100) == entry.http_status);
    CHECK(numbers.insert(entry.number).second);
    CHECK(names.insert(entry.name).second);
    CHECK(&entry_of(entry.code) == &entry);
  }
}

}  // namespace
}  // namespace muster::wire
