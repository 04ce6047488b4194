// SPDX-License-Identifier: Apache-2.0
/// @file What the daemon measures, and how /metrics shows it (Prometheus text format). Recording is a few
/// relaxed atomic additions. Thread-safe; collectors are added before the first request.
#pragma once

#include "ports/meter.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::daemon {

/// What a collector writes to: one metric a call, or one of several labelled ones of a name.
class MetricSink {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  virtual ~MetricSink() = default;
  virtual void counter(const std::string& name, const std::string& help, double value,
                       Labels labels = {}) = 0;
  virtual void gauge(const std::string& name, const std::string& help, double value, Labels labels = {}) = 0;
  /// `counts` has one more than `bounds`: what is above all of them.
  virtual void histogram(const std::string& name, const std::string& help, std::span<const double> bounds,
                         std::span<const std::uint64_t> counts, double sum, Labels labels = {}) = 0;
};

class Metrics final : public ports::Meter {
 public:
  using Collector = std::function<void(MetricSink&)>;

  Metrics();

  void record(std::string_view operation, std::string_view outcome, std::chrono::nanoseconds took) override;
  void record_response(unsigned http_status);
  void add_collector(Collector collector) { collectors_.push_back(std::move(collector)); }
  [[nodiscard]] std::string render() const;

 private:
  static constexpr std::array<double, 14> bounds_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                         0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5};
  static constexpr std::size_t outcome_count = 20;  ///< "ok", then the table of errors.

  struct Slot {
    std::string_view operation;
    std::array<std::atomic<std::uint64_t>, outcome_count> outcomes{};
    std::array<std::atomic<std::uint64_t>, bounds_seconds.size() + 1> buckets{};
    std::atomic<std::uint64_t> nanoseconds{0};
  };

  std::vector<std::unique_ptr<Slot>> slots_;  ///< The last is for names that are not in the catalogue.
  std::unordered_map<std::string_view, Slot*> by_name_;
  std::array<std::atomic<std::uint64_t>, 600> responses_{};
  std::vector<Collector> collectors_;
};

/// Memory, processor time, open files and threads of this process, by the names Prometheus clients use.
void collect_process(MetricSink& sink);

}  // namespace muster::daemon
