// SPDX-License-Identifier: Apache-2.0
#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>

namespace muster {
namespace {

using std::chrono::microseconds;

Error malformed(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message), {}, {}, {}};
}

/// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

struct Unit {
  std::string_view name;
  std::int64_t microseconds_each;
};
// Longest first in formatting; `ms` before `m` and `s` matters to the parser.
constexpr std::array<Unit, 6> duration_units{{{"d", 86'400'000'000},
                                              {"h", 3'600'000'000},
                                              {"ms", 1'000},
                                              {"us", 1},
                                              {"m", 60'000'000},
                                              {"s", 1'000'000}}};
constexpr std::array<std::pair<std::string_view, int>, 4> size_units{
    {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};

}  // namespace

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 48> buffer{};
  int size =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  std::string out(buffer.data(), static_cast<std::size_t>(size));
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    size = std::snprintf(buffer.data(), buffer.size(), ".%06lld", static_cast<long long>(fraction));
    std::string_view digits(buffer.data(), static_cast<std::size_t>(size));
    out += digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  out += 'Z';
  return out;
}

Result<Time> parse_time(std::string_view text) {
  const auto error = [] { return fail(malformed("must be an RFC 3339 time such as 2026-01-31T23:59:59Z")); };
  const auto year = take_digits(text, 4);
  if (!year || *year < 1970 || !take_char(text, '-')) return error();
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) return error();
  const auto day = take_digits(text, 2);
  if (!day || text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' '))
    return error();
  text.remove_prefix(1);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return error();
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) return error();
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take_char(text, ':')) return error();
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return error();
  std::int64_t fraction = 0;
  if (take_char(text, '.')) {
    std::size_t digits = 0;
    std::int64_t scale = 100'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      fraction += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
      if (++digits > 9) return error();
    }
    if (digits == 0) return error();
  }
  std::chrono::minutes offset{0};
  if (!text.empty() && (text.front() == 'Z' || text.front() == 'z')) {
    text.remove_prefix(1);
  } else {
    const bool behind = !text.empty() && text.front() == '-';
    if (!behind && (text.empty() || text.front() != '+')) return error();
    text.remove_prefix(1);
    const auto offset_hours = take_digits(text, 2);
    if (!offset_hours || *offset_hours > 23 || !take_char(text, ':')) return error();
    const auto offset_minutes = take_digits(text, 2);
    if (!offset_minutes || *offset_minutes > 59) return error();
    offset = std::chrono::hours{*offset_hours} + std::chrono::minutes{*offset_minutes};
    if (behind) offset = -offset;
  }
  if (!text.empty()) return error();
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + microseconds{fraction} - offset;
}

Result<Duration> parse_duration(std::string_view text) {
  const auto error = [] { return fail(malformed("must be a duration such as 250ms, 90s, 15m, 12h or 30d")); };
  if (text.empty()) return error();
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc{} || number < 0) return error();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* unit = nullptr;
    for (const Unit& candidate : duration_units)
      if (text.starts_with(candidate.name)) {
        unit = &candidate;
        break;
      }
    if (unit == nullptr) return error();
    text.remove_prefix(unit->name.size());
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number, unit->microseconds_each, &part) ||
        __builtin_add_overflow(total, part, &total))
      return error();
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  if (duration.count() == 0) return "0s";
  std::string out;
  std::int64_t rest = duration.count();
  constexpr std::array<Unit, 6> largest_first{{{"d", 86'400'000'000},
                                               {"h", 3'600'000'000},
                                               {"m", 60'000'000},
                                               {"s", 1'000'000},
                                               {"ms", 1'000},
                                               {"us", 1}}};
  for (const auto& [name, each] : largest_first) {
    if (rest < each) continue;
    out += std::to_string(rest / each);
    out += name;
    rest %= each;
  }
  return out;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto error = [] { return fail(malformed("must be a size such as 4096, 64KiB, 64MiB or 2GiB")); };
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc{}) return error();
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.empty()) return number;
  for (const auto& [name, shift] : size_units)
    if (text == name) {
      if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return error();
      return number << shift;
    }
  return error();
}

std::string format_size(std::uint64_t size_bytes) {
  for (const auto& [name, shift] : size_units)
    if (size_bytes != 0 && (size_bytes & ((std::uint64_t{1} << shift) - 1)) == 0)
      return shift == 0 ? std::to_string(size_bytes)
                        : std::to_string(size_bytes >> shift) + std::string(name);
  return "0";
}

}  // namespace muster
