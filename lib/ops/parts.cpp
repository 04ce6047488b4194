// SPDX-License-Identifier: Apache-2.0
#include "ops/parts.hpp"

#include "ops/accounts.hpp"
#include "ops/context.hpp"
#include "ports/sharding.hpp"

#include <charconv>

namespace muster::ops {
namespace {

Error not_a_cursor() {
  return Error::invalid("cursor", "must be the next_cursor or resume_cursor of this list");
}

std::string text_of(const std::optional<UserId>& after) {
  return after ? after->text() : "-";
}

Result<std::optional<UserId>> read_after(std::string_view text) {
  if (text == "-") return std::optional<UserId>();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return fail(not_a_cursor());
  return std::optional(UserId{value});
}

bool is_out_of_reach(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::overloaded ||
         error.code == ErrorCode::deadline_exceeded;
}

/// By part, for who may know; of one database there is nothing to name.
std::vector<std::string> shards_of(const Context& context) {
  std::vector<std::string> names;
  if (context.sharding == nullptr) return names;
  for (const ports::ShardReport& each : context.sharding->overview())
    names.push_back(std::to_string(each.id.value));
  return names;
}

}  // namespace

std::string text_of(const PartsPlace& place) {
  std::string text = text_of(place.after);
  for (const auto& [part, behind] : place.behind) text += ";" + std::to_string(part) + ":" + text_of(behind);
  return text;
}

Result<PartsPlace> place_of(std::string_view kind, const std::optional<std::string>& cursor) {
  PartsPlace place;
  if (!cursor) return place;
  MUSTER_TRY(const std::string key, read_cursor(kind, *cursor));
  std::string_view rest = key;
  const auto next = [&] {
    const auto end = rest.find(';');
    const std::string_view word = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return word;
  };
  MUSTER_TRY(place.after, read_after(next()));
  while (!rest.empty()) {
    const std::string_view word = next();
    const auto colon = word.find(':');
    std::size_t part = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), part);
    if (colon == std::string_view::npos || error != std::errc() || end != word.data() + colon)
      return fail(not_a_cursor());
    MUSTER_TRY(place.behind[part], read_after(word.substr(colon + 1)));
  }
  return place;
}

std::size_t count_parts(const Context& context) {
  return context.store.parts().size();
}

Result<PartsAnswer> ask_parts(Context& context, const Call& call, Missing missing,
                              const std::function<Status(std::size_t, ports::Unit&)>& ask) {
  const std::vector<Status> statuses = context.store.read_parts(ask);
  PartsAnswer answer;
  std::vector<std::string> names;
  const auto name_of = [&](std::size_t part) {
    if (names.empty()) names = shards_of(context);
    return part < names.size() ? names[part] : std::to_string(part);
  };
  for (std::size_t part = 0; part < statuses.size(); ++part) {
    if (statuses[part]) continue;
    Error error = statuses[part].error();
    if (!is_out_of_reach(error)) return fail(std::move(error));
    const bool may_know = require_permission(context, call, "read:shard").has_value();
    if (missing == Missing::refused) {
      if (may_know && statuses.size() > 1)
        error.message =
            "shard " + name_of(part) + ": " + error.message + "; with partial, the others are listed";
      return fail(std::move(error));
    }
    answer.missing.push_back(part);
    if (!may_know) continue;
    if (!answer.missing_shards) answer.missing_shards.emplace();
    answer.missing_shards->push_back(name_of(part));
  }
  return answer;
}

}  // namespace muster::ops
