// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/relay.hpp"

#include "base/log.hpp"
#include "ports/security_store.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace muster::sharded {
namespace {

using ports::Unit;

constexpr std::size_t passed_at_a_time = 500;
constexpr std::chrono::milliseconds pause_after_failure{500};
/// How soon a shard that was added is looked at for the first time.
constexpr std::chrono::milliseconds looking_interval{5000};
constexpr std::chrono::milliseconds others_interval{500};
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

/// In the catalog, of each database: how often it was forgotten what was taken from there. Who has seen that
/// before looking for what is posted, and finds it the same when taking, has seen nothing that was forgotten.
std::string forgotten_name(model::ShardId from) {
  return "relay_forgotten:" + std::to_string(from.value);
}

Result<std::int64_t> times_forgotten(Unit& catalog, model::ShardId from) {
  MUSTER_TRY(const auto text, catalog.meta().get(forgotten_name(from)));
  std::int64_t times = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), times);
  return times;
}

Result<std::int64_t> forget(Unit& catalog, model::ShardId from, const std::vector<std::int64_t>& tokens) {
  for (const std::int64_t each : tokens) MUSTER_CHECK_OK(catalog.slots().forget_taken(each));
  MUSTER_TRY(const std::int64_t times, times_forgotten(catalog, from));
  MUSTER_CHECK_OK(catalog.meta().put(forgotten_name(from), std::to_string(times + 1)));
  return times + 1;
}

/// Passes on a bounded number. True: there may be more. `forgotten` is what is known of it; nothing after an
/// error.
Result<bool> pass_some(const Layout& layout, Database& from, std::optional<std::int64_t>& forgotten,
                       const std::function<void()>& told) {
  const auto known = std::exchange(forgotten, std::nullopt);
  std::int64_t times = known.value_or(0);
  if (!known)
    MUSTER_CHECK_OK(layout.catalog().store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(times, times_forgotten(unit, from.id));
      return {};
    }));
  std::vector<ports::Posted> posted;
  MUSTER_CHECK_OK(from.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(posted, unit.slots().posted(passed_at_a_time));
    return {};
  }));
  if (posted.empty()) {
    forgotten = times;
    return false;
  }
  bool is_late = false;
  MUSTER_CHECK_OK(layout.catalog().store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(const std::int64_t times_now, times_forgotten(unit, from.id));
    is_late = times_now != times;
    if (told) unit.after_commit(told);
    return is_late ? Status{} : append(unit, posted);
  }));
  // Another process has passed some of them on since, and forgotten it.
  if (is_late) return true;
  const auto unpost = [&](Unit& unit) -> Status {
    for (const ports::Posted& each : posted) MUSTER_CHECK_OK(unit.slots().unpost(each.id));
    return {};
  };
  MUSTER_CHECK_OK(from.store->write(unpost));
  std::vector<std::int64_t> tokens(posted.size());
  std::transform(posted.begin(), posted.end(), tokens.begin(), [](const auto& each) { return each.token; });
  MUSTER_CHECK_OK(layout.catalog().store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(times, forget(unit, from.id, tokens));
    return {};
  }));
  forgotten = times;
  return posted.size() == passed_at_a_time;
}

}  // namespace

Status forget_passed_on(const Layout& layout) {
  std::vector<std::int64_t> tokens;
  MUSTER_CHECK_OK(layout.catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(tokens, unit.slots().taken(passed_at_a_time));
    return {};
  }));
  if (tokens.empty()) return {};
  // Read after them: what is not posted now was removed after it had been taken.
  std::set<std::int64_t> waiting;
  for (const auto& database : layout.databases) {
    std::vector<ports::Posted> posted;
    MUSTER_CHECK_OK(database->store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(posted, unit.slots().posted(passed_at_a_time));
      return {};
    }));
    if (posted.size() == passed_at_a_time) return {};
    for (const ports::Posted& each : posted) waiting.insert(each.token);
  }
  std::erase_if(tokens, [&](std::int64_t token) { return waiting.contains(token); });
  if (tokens.empty()) return {};
  // Of which database they were is not known any more.
  return layout.catalog().store->write([&](Unit& unit) -> Status {
    for (const auto& database : layout.databases) MUSTER_CHECK_OK(forget(unit, database->id, tokens));
    return {};
  });
}

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

Relay::Relay(LayoutNow layout, Writers writers) : layout_(std::move(layout)), writers_(writers) {
  // A database that does not answer holds one of them up, and not the others.
  constexpr int threads = 3;
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

Relay::~Relay() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& each : threads_) each.join();
}

void Relay::on_passed(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

void Relay::notify(model::ShardId database) {
  const std::lock_guard lock(mutex_);
  ++progress_[database].asked;
  changed_.notify_all();
}

void Relay::flush() {
  std::unique_lock lock(mutex_);
  const auto wanted = progress_;
  changed_.wait_for(lock, flush_time_max, [&] {
    const auto now = std::chrono::steady_clock::now();
    return stopping_ || std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
             const Progress& is = progress_[each.first];
             return is.passed >= each.second.asked || now < is.not_before;
           });
  });
}

std::optional<std::size_t> Relay::next_due(const Layout& layout) {
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = 1; i < layout.databases.size(); ++i)
    if (progress_[layout.databases[i]->id].is_due(now)) return i;
  return std::nullopt;
}

void Relay::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto layout = layout_();
    if (layout) {
      look_again(*layout);
      if (const auto index = next_due(*layout)) {
        lock.unlock();
        pass(layout, *index);
        lock.lock();
        continue;
      }
    }
    const bool waits = std::any_of(progress_.begin(), progress_.end(),
                                   [](const auto& each) { return each.second.passed != each.second.asked; });
    const auto interval = writers_ == Writers::several ? others_interval : looking_interval;
    changed_.wait_for(lock, waits ? std::min(interval, pause_after_failure) : interval);
  }
}

void Relay::look_again(const Layout& layout) {
  const auto now = std::chrono::steady_clock::now();
  if (writers_ != Writers::several || now < next_look_) return;
  next_look_ = now + others_interval;
  for (std::size_t i = 1; i < layout.databases.size(); ++i) {
    Progress& progress = progress_[layout.databases[i]->id];
    if (progress.passed == progress.asked) ++progress.asked;
  }
}

void Relay::pass(const std::shared_ptr<const Layout>& layout, std::size_t index) {
  Database& database = *layout->databases[index];
  std::uint64_t wanted = 0;
  std::optional<std::int64_t> forgotten;
  std::function<void()> told;
  {
    const std::lock_guard lock(mutex_);
    Progress& progress = progress_[database.id];
    if (progress.running) return;
    progress.running = true;
    wanted = progress.asked;
    forgotten = progress.forgotten;
    told = told_;
  }
  auto passed = Result<bool>(true);
  while (passed && *passed) passed = pass_some(*layout, database, forgotten, told);
  if (!passed)
    log::warn("audit records of shard {} wait: {} {}", database.id.value, passed.error().message,
              passed.error().detail);
  const std::lock_guard lock(mutex_);
  Progress& progress = progress_[database.id];
  progress.running = false;
  progress.forgotten = forgotten;
  if (passed)
    progress.passed = wanted;
  else
    progress.not_before = std::chrono::steady_clock::now() + pause_after_failure;
  changed_.notify_all();
}

}  // namespace muster::sharded
