// SPDX-License-Identifier: Apache-2.0
#include "cmd/access_log.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace muster::cmd {
namespace {

constexpr std::string_view users_path = "/v1/users/";

/// The text up to `end`, which it is cut off with. Nothing where `end` is not in it.
std::optional<std::string_view> cut(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return front;
}

bool was_answered(std::string_view status) {
  return status.size() == 3 && (status.front() == '2' || status == "304");
}

}  // namespace

std::optional<UserId> user_of_line(std::string_view line) {
  if (!cut(line, "] \"")) return std::nullopt;
  const auto method = cut(line, " ");
  if (method != "GET" && method != "HEAD") return std::nullopt;
  auto target = cut(line, " ");
  if (!target || !cut(line, "\" ")) return std::nullopt;
  const std::string_view status = line.substr(0, line.find(' '));
  if (!was_answered(status)) return std::nullopt;
  target = target->substr(0, target->find('?'));
  if (!cut(*target, users_path)) return std::nullopt;
  return UserId::parse(*target);
}

void AccessLog::add(std::string_view line) {
  ++lines_;
  const auto user = user_of_line(line);
  if (!user) return;
  ++accesses_;
  ++counts_[*user];
  if (counts_.size() <= users_max_) return;
  std::erase_if(counts_, [](const auto& each) { return each.second == 1; });
  // Where that is not enough, all are hot.
  if (counts_.size() > users_max_ / 2)
    for (auto& [id, count] : counts_) count = (count + 1) / 2;
}

std::vector<UserId> AccessLog::hottest(std::size_t count) const {
  std::vector<std::pair<std::uint64_t, UserId>> order;
  for (const auto& [user, times] : counts_) order.emplace_back(times, user);
  std::sort(order.begin(), order.end(), std::greater<>());
  order.resize(std::min(order.size(), count));
  std::vector<UserId> out;
  out.reserve(order.size());
  for (const auto& each : order) out.push_back(each.second);
  return out;
}

}  // namespace muster::cmd
