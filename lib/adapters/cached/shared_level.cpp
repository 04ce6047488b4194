// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/shared_level.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace muster::cached {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::chrono::seconds skew{2};
constexpr std::size_t token_size_bytes = 12;
constexpr std::size_t changes_max = 100'000;
/// Longer than anybody reads one user from the store.
constexpr std::string_view change_kept_milliseconds = "10000";
/// While nothing is to be told, it is seen whether Redis answers.
constexpr std::chrono::seconds looking_interval{2};
constexpr auto relaxed = std::memory_order_relaxed;

/// What is in Redis: "V as_of since version json", "N as_of since", "T as_of" (it changed), "L token as_of".
/// ARGV: token, floor, trusted since, milliseconds of the lease.
constexpr const char* claim_text = R"(
local now = redis.call('TIME')
local since = now[1] * 1000000 + now[2]
local there = redis.call('GET', KEYS[1])
local least = 0
if there then
  local kind = string.sub(there, 1, 1)
  if kind == 'L' then return {'others'} end
  local as_of, begun = string.match(there, '^%u (%d+) ?(%d*)')
  least = tonumber(as_of) or 0
  if kind ~= 'T' and least >= tonumber(ARGV[2]) and tonumber(begun) >= tonumber(ARGV[3]) then
    return {'value', there}
  end
end
redis.call('SET', KEYS[1], 'L ' .. ARGV[1] .. ' ' .. string.format('%d', least), 'PX', ARGV[4])
return {'mine', string.format('%.0f', since), string.format('%.0f', least)}
)";

/// ARGV: token, value, milliseconds it is kept.
constexpr const char* fill_text = R"(
local there = redis.call('GET', KEYS[1])
if not there or string.match(there, '^L (%S+)') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
)";

/// ARGV: sequence number of the change, milliseconds the mark is kept.
constexpr const char* change_text = R"(
local there = redis.call('GET', KEYS[1])
if there and string.sub(there, 1, 1) ~= 'L' then
  local as_of = tonumber(string.match(there, '^%u (%d+)') or '0')
  if as_of >= tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], 'T ' .. ARGV[1], 'PX', ARGV[2])
return 1
)";

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return value;
}

/// Nothing for what is no value: a lease, a mark, something that is not ours.
std::optional<SharedValue> read_value(std::string whole) {
  std::string_view text = whole;
  const bool is_there = text.starts_with("V ");
  if (!is_there && !text.starts_with("N ")) return std::nullopt;
  text.remove_prefix(2);
  SharedValue value;
  const auto as_of = take_number(text);
  const auto since = take_number(text);
  if (!as_of || !since) return std::nullopt;
  value.as_of = *as_of;
  value.since_microseconds = *since;
  if (!is_there) return value;
  const auto version = take_number(text);
  if (!version || text.empty()) return std::nullopt;
  value.version = *version;
  whole.erase(0, whole.size() - text.size());
  value.json = std::move(whole);
  return value;
}

std::string write_value(const SharedValue& value) {
  std::string text = (value.json.empty() ? "N " : "V ") + std::to_string(value.as_of) + ' ' +
                     std::to_string(value.since_microseconds);
  if (!value.json.empty()) text += ' ' + std::to_string(value.version) + ' ' + value.json;
  return text;
}

}  // namespace

SharedLevel::SharedLevel(const redis::Url& url, const redis::Passwords& passwords, const std::string& name,
                         ports::Entropy& entropy)
    : prefix_("muster:" + name + ":user:"),
      skew_microseconds_(url.layout == redis::Layout::single ? 0 : std::chrono::microseconds(skew).count()),
      entropy_(entropy),
      client_(url, passwords),
      claim_script_(claim_text),
      fill_script_(fill_text),
      change_script_(change_text),
      trusted_since_(never),
      teller_([this] { tell_changes(); }) {}

SharedLevel::~SharedLevel() {
  pause_.end();
  {
    const std::lock_guard lock(changes_mutex_);
    stopping_ = true;
  }
  has_changes_.notify_all();
  teller_.join();
}

bool SharedLevel::is_trusted(const SharedValue& value, std::int64_t floor) const {
  return value.as_of >= floor && value.since_microseconds >= trusted_since_.load(std::memory_order_acquire);
}

std::optional<SharedValue> SharedLevel::look(UserId user, std::int64_t floor) {
  auto reply = client_.run({key_of(user), {"GET", key_of(user)}, redis::Repeat::harmless});
  answers_.store(reply.has_value(), relaxed);
  if (!reply) {
    failures_.fetch_add(1, relaxed);
    return std::nullopt;
  }
  if (reply->kind != redis::Reply::Kind::text) return std::nullopt;
  auto value = read_value(std::move(reply->text));
  if (!value || is_trusted(*value, floor)) return value;
  distrusted_.fetch_add(1, relaxed);
  return std::nullopt;
}

std::optional<SharedValue> SharedLevel::get(UserId user, std::int64_t floor) {
  auto value = look(user, floor);
  if (!value)
    misses_.fetch_add(1, relaxed);
  else
    (value->json.empty() ? hits_negative_ : hits_).fetch_add(1, relaxed);
  return value;
}

bool SharedLevel::ask(UserId user, std::unique_ptr<redis::Asker>& asker) {
  const std::string key = key_of(user);
  return client_.ask(key, std::array<std::string_view, 2>{"GET", key}, asker);
}

std::optional<SharedValue> SharedLevel::take(std::optional<redis::Reply> reply, std::int64_t floor) {
  if (!reply || reply->kind != redis::Reply::Kind::text) return std::nullopt;
  auto value = read_value(std::move(reply->text));
  if (!value || !is_trusted(*value, floor)) return std::nullopt;
  (value->json.empty() ? hits_negative_ : hits_).fetch_add(1, relaxed);
  return value;
}

Result<redis::Reply> SharedLevel::run(redis::Script& script, UserId user, const redis::Words& arguments) {
  auto reply = client_.run(script, {key_of(user)}, arguments, redis::Repeat::harmless);
  answers_.store(reply.has_value(), relaxed);
  if (!reply) failures_.fetch_add(1, relaxed);
  return reply;
}

SharedLevel::Claim SharedLevel::claim(UserId user, std::int64_t floor) {
  Claim claim;
  claim.lease.token = hex_encode(entropy_.bytes(token_size_bytes));
  const std::uint64_t distrusts = distrusts_.load(std::memory_order_acquire);
  auto reply = run(
      claim_script_, user,
      {claim.lease.token, std::to_string(floor),
       std::to_string(trusted_since_.load(std::memory_order_acquire)), std::to_string(lease_time_.count())});
  if (!reply || reply->items.empty()) return claim;
  const std::string& outcome = reply->items[0].text;
  if (outcome == "others") {
    claim.kind = Claim::Kind::others;
  } else if (outcome == "value" && reply->items.size() == 2) {
    auto value = read_value(std::move(reply->items[1].text));
    if (!value || !is_trusted(*value, floor)) return claim;
    claim.kind = Claim::Kind::value;
    claim.value = std::move(*value);
  } else if (outcome == "mine" && reply->items.size() == 3) {
    std::string_view since = reply->items[1].text;
    std::string_view least = reply->items[2].text;
    claim.lease.since_microseconds = take_number(since).value_or(0);
    claim.lease.as_of_min = take_number(least).value_or(0);
    claim.kind = Claim::Kind::mine;
    note_time(claim.lease.since_microseconds, distrusts);
  }
  return claim;
}

/// What was put there before that moment is not believed, if `distrusts` still is the number of times that
/// was asked for.
void SharedLevel::note_time(std::int64_t microseconds, std::uint64_t distrusts) {
  if (trusted_since_.load(relaxed) != never) return;
  const std::lock_guard lock(trust_mutex_);
  if (distrusts_.load(relaxed) == distrusts && trusted_since_.load(relaxed) == never)
    trusted_since_.store(microseconds + skew_microseconds_, std::memory_order_release);
}

void SharedLevel::distrust_all() {
  const std::lock_guard lock(trust_mutex_);
  distrusts_.fetch_add(1, std::memory_order_acq_rel);
  trusted_since_.store(never, std::memory_order_release);
}

std::optional<SharedValue> SharedLevel::wait_for(UserId user, std::int64_t floor) {
  for (const int pause : {1, 2, 4, 8, 16, 32, 64, 128}) {
    pause_.wait(std::chrono::milliseconds(pause));
    if (auto value = look(user, floor)) return value;
    if (!answers_.load(relaxed)) break;
  }
  return std::nullopt;
}

bool SharedLevel::fill(UserId user, const Lease& lease, const SharedValue& value,
                       std::chrono::milliseconds ttl) {
  const auto kept = std::max<std::int64_t>(1, ttl.count());
  const auto reply = run(fill_script_, user, {lease.token, write_value(value), std::to_string(kept)});
  if (!reply) return false;
  const bool is_filled = reply->integer == 1;
  (is_filled ? fills_ : fills_refused_).fetch_add(1, relaxed);
  return is_filled;
}

void SharedLevel::changed(UserId user, std::int64_t seq) {
  {
    const std::lock_guard lock(changes_mutex_);
    // What is not told is not believed either, by whoever knows of the change.
    if (changes_.size() >= changes_max) return;
    changes_.push_back({user, seq});
  }
  has_changes_.notify_one();
}

void SharedLevel::tell_changes() {
  for (;;) {
    Change change{};
    {
      std::unique_lock lock(changes_mutex_);
      const bool is_idle =
          !has_changes_.wait_for(lock, looking_interval, [this] { return stopping_ || !changes_.empty(); });
      if (stopping_) return;
      if (is_idle) {
        lock.unlock();
        answers_.store(client_.run({prefix_, {"GET", prefix_}, redis::Repeat::harmless}).has_value(),
                       relaxed);
        continue;
      }
      change = changes_.front();
      changes_.pop_front();
    }
    (void)run(change_script_, change.user,
              {std::to_string(change.seq), std::string(change_kept_milliseconds)});
  }
}

Result<std::int64_t> SharedLevel::sweep(bool remove) {
  std::int64_t count = 0;
  for (const auto& node : client_.nodes()) {
    std::string cursor = "0";
    do {
      const std::vector<redis::Words> scan{{"SCAN", cursor, "MATCH", prefix_ + "*", "COUNT", "1000"}};
      auto page = node->exchange(scan);
      if (!page) return fail(page.error().error);
      if (page->empty() || page->front().items.size() != 2)
        return fail(ErrorCode::unavailable, "Redis does not list its keys",
                    page->empty() ? "" : page->front().text);
      cursor = page->front().items[0].text;
      // Of a cluster each key is in a slot of its own, so each is a command of its own.
      std::vector<redis::Words> removals;
      for (const redis::Reply& key : page->front().items[1].items) removals.push_back({"UNLINK", key.text});
      count += static_cast<std::int64_t>(removals.size());
      if (!remove || removals.empty()) continue;
      if (auto removed = node->exchange(removals); !removed) return fail(removed.error().error);
    } while (cursor != "0");
  }
  return count;
}

Result<std::int64_t> SharedLevel::size() {
  return sweep(false);
}

Result<std::int64_t> SharedLevel::flush() {
  distrust_all();
  return sweep(true);
}

SharedLevel::Counters SharedLevel::counters() const {
  return {hits_.load(relaxed),          hits_negative_.load(relaxed), misses_.load(relaxed),
          distrusted_.load(relaxed),    failures_.load(relaxed),      fills_.load(relaxed),
          fills_refused_.load(relaxed), answers_.load(relaxed),       client_.errands().counts()};
}

}  // namespace muster::cached
