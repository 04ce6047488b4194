// SPDX-License-Identifier: Apache-2.0
#include "nodes/history.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace muster::test {
namespace {

std::string sentence(const Event& event, const std::string& what) {
  return "client " + std::to_string(event.client) +
         (event.kind == Event::Kind::write ? " wrote " : " was shown ") + event.key + " = \"" + event.value +
         "\", version " + std::to_string(event.version) + ": " + what;
}

/// The acknowledged writes of one key, by when they ended.
class Acknowledged {
 public:
  void add(const Event& write) { versions_.emplace_back(write.ended, write.version); }
  void settle() {
    std::sort(versions_.begin(), versions_.end());
    std::int64_t highest = 0;
    for (auto& [ended, version] : versions_) version = highest = std::max(highest, version);
  }
  /// The highest version that was acknowledged before.
  [[nodiscard]] std::int64_t before(Event::Moment moment) const {
    const auto end = std::lower_bound(versions_.begin(), versions_.end(), std::pair(moment, std::int64_t{0}));
    return end == versions_.begin() ? 0 : std::prev(end)->second;
  }

 private:
  std::vector<std::pair<Event::Moment, std::int64_t>> versions_;
};

/// All of one key.
struct Key {
  Acknowledged acknowledged;
  std::map<std::string, const Event*> writes;  ///< By their values.
  std::map<std::int64_t, std::string> values;  ///< By their versions.
  std::map<int, std::int64_t> seen;            ///< By clients that carry it.
};

class Checker {
 public:
  explicit Checker(std::chrono::milliseconds bound) : bound_(bound) {}

  void know(const Event& event) {
    if (event.kind != Event::Kind::write) return;
    Key& key = keys_[event.key];
    key.writes[event.value] = &event;
    if (event.version != 0) key.acknowledged.add(event);
  }
  void settle() {
    for (auto& [name, key] : keys_) key.acknowledged.settle();
  }

  void check(const Event& event) {
    if (event.version == 0) return;
    Key& key = keys_[event.key];
    check_value(event, key);
    check_order(event, key);
    check_client(event, key);
  }
  [[nodiscard]] std::vector<std::string> found() && { return std::move(found_); }

 private:
  void check_value(const Event& event, Key& key) {
    const auto [known, is_new] = key.values.emplace(event.version, event.value);
    if (known->second != event.value) add(event, "that version was \"" + known->second + "\" elsewhere");
    if (event.kind == Event::Kind::write) return;
    const auto write = key.writes.find(event.value);
    if (write == key.writes.end()) return add(event, "nobody has written it");
    if (write->second->began >= event.ended) add(event, "it was written later");
    const std::int64_t version = write->second->version;
    if (version != 0 && version != event.version)
      add(event, "it was written as version " + std::to_string(version));
  }

  void check_order(const Event& event, const Key& key) {
    if (event.kind == Event::Kind::write) {
      const std::int64_t before = key.acknowledged.before(event.began);
      if (before >= event.version)
        add(event, "version " + std::to_string(before) + " was acknowledged before it began");
      return;
    }
    const std::int64_t due = key.acknowledged.before(event.began - bound_);
    if (due > event.version)
      add(event, "version " + std::to_string(due) + " had been acknowledged for longer than the bound");
  }

  void check_client(const Event& event, Key& key) {
    std::int64_t& seen = key.seen[event.client];
    if (event.kind == Event::Kind::write && event.version <= seen)
      add(event, "it had seen version " + std::to_string(seen) + " already");
    if (event.kind == Event::Kind::read && event.carried && event.version < std::max(seen, *event.carried))
      add(event, "it carried version " + std::to_string(std::max(seen, *event.carried)));
    seen = std::max(seen, event.version);
  }

  void add(const Event& event, const std::string& what) { found_.push_back(sentence(event, what)); }

  const std::chrono::milliseconds bound_;
  std::map<std::string, Key> keys_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> contradictions(const std::vector<Event>& history, std::chrono::milliseconds bound) {
  std::vector<const Event*> ordered;
  for (const Event& each : history) ordered.push_back(&each);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Event* a, const Event* b) { return a->began < b->began; });
  Checker checker(bound);
  for (const Event* each : ordered) checker.know(*each);
  checker.settle();
  for (const Event* each : ordered) checker.check(*each);
  return std::move(checker).found();
}

}  // namespace muster::test
