// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/relay.hpp"

#include "base/log.hpp"
#include "ports/security_store.hpp"

#include <charconv>
#include <chrono>

namespace muster::sharded {
namespace {

using ports::Unit;

constexpr std::size_t passed_at_a_time = 500;
constexpr std::chrono::seconds tending_interval{5};
constexpr std::chrono::milliseconds pause_after_failure{500};
constexpr std::chrono::seconds flush_time_max{5};

void put(std::string& out, std::string_view value) {
  out += std::to_string(value.size());
  out += ':';
  out += value;
}

void put(std::string& out, const std::optional<JsonValue>& value) {
  if (value)
    put(out, value->text);
  else
    out += "-:";
}

/// Takes the next value; nothing when it is marked absent.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}

  std::optional<std::string> next() {
    const std::size_t colon = rest_.find(':');
    std::size_t size = 0;
    const std::string_view head = rest_.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (head == "-") {
      rest_.remove_prefix(colon + 1);
      return std::nullopt;
    }
    const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), size);
    if (error != std::errc() || end != head.data() + head.size() || rest_.size() - colon - 1 < size) {
      damaged_ = true;
      rest_ = {};
      return std::nullopt;
    }
    std::string value(rest_.substr(colon + 1, size));
    rest_.remove_prefix(colon + 1 + size);
    return value;
  }
  [[nodiscard]] bool is_damaged() const { return damaged_ || !rest_.empty(); }

 private:
  std::string_view rest_;
  bool damaged_ = false;
};

Status append(Unit& unit, const std::vector<ports::Posted>& posted) {
  for (const ports::Posted& each : posted) {
    MUSTER_TRY(const bool is_new, unit.slots().take(each.token));
    if (!is_new) continue;
    MUSTER_TRY(model::AuditRecord record, read_record(each.text));
    MUSTER_CHECK_OK(unit.audit().append(record));
  }
  return {};
}

/// Passes on a bounded number. True: there may be more.
Result<bool> pass_some(const Layout& layout, Database& from) {
  std::vector<ports::Posted> posted;
  MUSTER_CHECK_OK(from.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(posted, unit.slots().posted(passed_at_a_time));
    return {};
  }));
  if (posted.empty()) return false;
  MUSTER_CHECK_OK(layout.catalog().store->write([&](Unit& unit) { return append(unit, posted); }));
  const auto unpost = [&](Unit& unit) -> Status {
    for (const ports::Posted& each : posted) MUSTER_CHECK_OK(unit.slots().unpost(each.id));
    return {};
  };
  MUSTER_CHECK_OK(from.store->write(unpost));
  const auto forget_taken = [&](Unit& unit) -> Status {
    for (const ports::Posted& each : posted) MUSTER_CHECK_OK(unit.slots().forget_taken(each.token));
    return {};
  };
  MUSTER_CHECK_OK(layout.catalog().store->write(forget_taken));
  return posted.size() == passed_at_a_time;
}

}  // namespace

std::string write_record(const model::AuditRecord& record) {
  std::string out;
  put(out, std::to_string(record.time.time_since_epoch().count()));
  for (const std::string* each :
       {&record.actor, &record.source, &record.operation, &record.target, &record.outcome, &record.trace_id})
    put(out, *each);
  put(out, record.before);
  put(out, record.after);
  return out;
}

Result<model::AuditRecord> read_record(const std::string& text) {
  Parts parts(text);
  model::AuditRecord record;
  std::int64_t time = 0;
  const std::string time_text = parts.next().value_or("");
  std::from_chars(time_text.data(), time_text.data() + time_text.size(), time);
  record.time = Time{Duration{time}};
  for (std::string* each :
       {&record.actor, &record.source, &record.operation, &record.target, &record.outcome, &record.trace_id})
    *each = parts.next().value_or("");
  for (std::optional<JsonValue>* each : {&record.before, &record.after})
    if (auto value = parts.next()) *each = JsonValue{std::move(*value)};
  if (parts.is_damaged())
    return fail(ErrorCode::internal, "internal error", "a record that waited for the audit log is damaged");
  return record;
}

Relay::Relay(LayoutNow layout, std::function<void(const Layout&)> tend)
    : layout_(std::move(layout)), tend_(std::move(tend)), thread_([this] { loop(); }) {}

Relay::~Relay() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Relay::notify() {
  const std::lock_guard lock(mutex_);
  ++asked_;
  changed_.notify_all();
}

void Relay::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = asked_;
  changed_.wait_for(lock, flush_time_max, [&] { return passed_ >= wanted || stopping_ || failing_; });
}

void Relay::loop() {
  auto tended_at = std::chrono::steady_clock::time_point{};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (passed_ == asked_)
      changed_.wait_until(lock, tended_at + tending_interval,
                          [this] { return stopping_ || passed_ != asked_; });
    if (stopping_) return;
    const std::uint64_t wanted = asked_;
    const bool asked = passed_ != asked_;
    lock.unlock();
    const auto layout = layout_();
    const bool passed = !asked || pass_everything(*layout);
    if (const auto now = std::chrono::steady_clock::now(); now >= tended_at + tending_interval) {
      tend_(*layout);
      tended_at = std::chrono::steady_clock::now();
    }
    lock.lock();
    if (!asked) continue;
    failing_ = !passed;
    if (passed) passed_ = wanted;
    changed_.notify_all();
    if (!passed) changed_.wait_for(lock, pause_after_failure, [this] { return stopping_; });
  }
}

bool Relay::pass_everything(const Layout& layout) {
  bool all = true;
  for (std::size_t i = 1; i < layout.databases.size(); ++i) {
    for (bool more = true; more;) {
      const auto passed = pass_some(layout, *layout.databases[i]);
      more = passed && *passed;
      if (passed) continue;
      log::warn("audit records of shard {} wait: {} {}", layout.databases[i]->id.value,
                passed.error().message, passed.error().detail);
      all = false;
    }
  }
  return all;
}

}  // namespace muster::sharded
