// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics.hpp"

#include "base/version.hpp"
#include "ops/catalogue.hpp"
#include "wire/error_table.hpp"

#include <algorithm>
#include <limits>
#include <locale>
#include <sstream>

#include <prometheus/text_serializer.h>

namespace muster::daemon {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

class Families final : public MetricSink {
 public:
  void counter(const std::string& name, const std::string& help, double value, Labels labels) override {
    add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
  }
  void gauge(const std::string& name, const std::string& help, double value, Labels labels) override {
    add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
  }
  void histogram(const std::string& name, const std::string& help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum, Labels labels) override {
    auto& histogram = add(name, help, prometheus::MetricType::Histogram, labels).histogram;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      cumulative += counts[i];
      const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({cumulative, bound});
    }
    histogram.sample_sum = sum;
    histogram.sample_count = cumulative;
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const Labels& labels) {
    const auto [place, is_new] = places_.try_emplace(name, families_.size());
    if (is_new) families_.push_back({name, help, type, {}});
    auto& metric = families_[place->second].metric.emplace_back();
    for (const auto& [label, value] : labels) metric.label.push_back({label, value});
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
  std::unordered_map<std::string, std::size_t> places_;
};

std::size_t outcome_index(std::string_view outcome) {
  if (outcome == "ok") return 0;
  const auto* entry = wire::entry_named(outcome);
  return 1 + static_cast<std::size_t>(entry == nullptr ? ErrorCode::internal : entry->code);
}

std::string_view outcome_name(std::size_t index) {
  return index == 0 ? "ok" : wire::error_table[index - 1].name;
}

}  // namespace

Metrics::Metrics() {
  const auto add = [&](std::string_view name) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->operation = name;
    by_name_.emplace(name, slots_.back().get());
  };
  for (const auto& each : ops::catalogue()) add(each.info.name);
  add("introspect_token");
  add("revoke_token");
  add("other");
}

void Metrics::record(std::string_view operation, std::string_view outcome, std::chrono::nanoseconds took) {
  const auto found = by_name_.find(operation);
  Slot& slot = found == by_name_.end() ? *slots_.back() : *found->second;
  slot.outcomes[outcome_index(outcome)].fetch_add(1, relaxed);
  const double seconds = std::chrono::duration<double>(took).count();
  std::size_t bucket = 0;
  while (bucket < bounds_seconds.size() && seconds > bounds_seconds[bucket]) ++bucket;
  slot.buckets[bucket].fetch_add(1, relaxed);
  slot.nanoseconds.fetch_add(static_cast<std::uint64_t>(took.count()), relaxed);
}

void Metrics::record_response(unsigned http_status) {
  responses_[http_status < responses_.size() ? http_status : 0].fetch_add(1, relaxed);
}

std::string Metrics::render() const {
  Families families;
  families.gauge("muster_build_info", "The version of this daemon; always 1", 1,
                 {{"version", std::string(version)}});
  for (std::size_t status = 0; status < responses_.size(); ++status)
    if (const auto count = responses_[status].load(relaxed); count != 0)
      families.counter("muster_http_responses_total", "Answers by HTTP status", static_cast<double>(count),
                       {{"code", std::to_string(status)}});
  for (const auto& slot : slots_) {
    const std::string operation(slot->operation);
    for (std::size_t i = 0; i < outcome_count; ++i)
      if (const auto count = slot->outcomes[i].load(relaxed); count != 0 || (i == 0 && operation != "other"))
        families.counter("muster_operations_total", "Calls of operations by outcome",
                         static_cast<double>(count),
                         {{"operation", operation}, {"outcome", std::string(outcome_name(i))}});
  }
  for (const auto& slot : slots_) {
    std::array<std::uint64_t, bounds_seconds.size() + 1> counts{};
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = slot->buckets[i].load(relaxed);
    if (std::all_of(counts.begin(), counts.end(), [](std::uint64_t each) { return each == 0; })) continue;
    families.histogram("muster_operation_duration_seconds", "How long calls of operations took",
                       bounds_seconds, counts, static_cast<double>(slot->nanoseconds.load(relaxed)) / 1e9,
                       {{"operation", std::string(slot->operation)}});
  }
  for (const Collector& collector : collectors_) collector(families);
  return families.text();
}

}  // namespace muster::daemon
