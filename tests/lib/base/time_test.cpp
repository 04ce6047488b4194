// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t last_microsecond = 253'402'300'799'999'999;

TEST_CASE("times are written as RFC 3339 in UTC", "[base]") {
  CHECK(format_time(Time{}) == "1970-01-01T00:00:00Z");
  CHECK(format_time(Time{1'700'000'000s}) == "2023-11-14T22:13:20Z");
  CHECK(format_time(Time{1'700'000'000s + 250ms}) == "2023-11-14T22:13:20.25Z");
  CHECK(format_time(Time{1us}) == "1970-01-01T00:00:00.000001Z");
  CHECK(format_time(Time{Duration{last_microsecond}}) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("times are read with any offset", "[base]") {
  CHECK(parse_time("2023-11-14T22:13:20Z").value() == Time{1'700'000'000s});
  CHECK(parse_time("2023-11-15T00:13:20+02:00").value() == Time{1'700'000'000s});
  CHECK(parse_time("2023-11-14T12:13:20-10:00").value() == Time{1'700'000'000s});
  CHECK(parse_time("2023-11-14t22:13:20.5z").value() == Time{1'700'000'000s + 500ms});
  CHECK(parse_time("2024-02-29T00:00:00Z"));
}

TEST_CASE("what is no RFC 3339 time is refused", "[base]") {
  for (const std::string_view text : {"",
                                      "2023",
                                      "2023-11-14",
                                      "2023-11-14T22:13:20",
                                      "2023-11-14T22:13Z",
                                      "2023-13-14T22:13:20Z",
                                      "2023-02-29T00:00:00Z",
                                      "2023-11-31T00:00:00Z",
                                      "2023-11-14T24:00:00Z",
                                      "2023-11-14T22:60:00Z",
                                      "2023-11-14T22:13:61Z",
                                      "2023-11-14T22:13:20.Z",
                                      "2023-11-14T22:13:20.1234567890Z",
                                      "2023-11-14T22:13:20+2:00",
                                      "2023-11-14T22:13:20+0200",
                                      "2023-11-14T22:13:20Z ",
                                      " 2023-11-14T22:13:20Z",
                                      "1969-12-31T23:59:59Z",
                                      "+2023-11-14T22:13:20Z",
                                      "2023-1-14T22:13:20Z",
                                      "2023-11-14T22:13:20+24:00"}) {
    INFO(text);
    const auto parsed = parse_time(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("every time reads back as itself", "[base]") {
  CHECK(rc::check("time", [] {
    const Time time{Duration{*rc::gen::inRange<std::int64_t>(0, last_microsecond)}};
    RC_ASSERT(parse_time(format_time(time)).value() == time);
  }));
}

TEST_CASE("durations are read and written", "[base]") {
  CHECK(parse_duration("15m").value() == 15min);
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("30d").value() == 720h);
  CHECK(parse_duration("1h30m").value() == 90min);
  CHECK(parse_duration("0s").value() == 0s);
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(15min) == "15m");
  for (const std::string_view text :
       {"", "15", "m", "-1s", "1.5h", "15 m", "15M", "9223372036854775807d", "1x"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK(rc::check("duration", [] {
    const Duration duration{*rc::gen::inRange<std::int64_t>(0, INT64_MAX)};
    RC_ASSERT(parse_duration(format_duration(duration)).value() == duration);
  }));
}

TEST_CASE("sizes are read and written", "[base]") {
  CHECK(parse_size("4096").value() == 4096);
  CHECK(parse_size("64KiB").value() == 65536);
  CHECK(parse_size("64MiB").value() == 64ULL << 20);
  CHECK(parse_size("2GiB").value() == 2ULL << 30);
  CHECK(format_size(64ULL << 20) == "64MiB");
  for (const std::string_view text :
       {"", "-1", "64kb", "64 MiB", "MiB", "99999999999999999999", "99999999999999GiB"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
  CHECK(rc::check("size", [] {
    const auto size_bytes = *rc::gen::arbitrary<std::uint64_t>();
    RC_ASSERT(parse_size(format_size(size_bytes)).value() == size_bytes);
  }));
}

}  // namespace
}  // namespace muster
