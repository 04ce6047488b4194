// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/fan_out.hpp"

#include "adapters/sharded/watched_store.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace muster::sharded {

void fan_out(std::size_t count, std::size_t at_once_max, const std::function<void(std::size_t)>& work) {
  const Watch::Elsewhere elsewhere;
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  threads.reserve(at_once_max);
  for (std::size_t i = 1; i < std::min(count, at_once_max); ++i) {
    try {
      threads.emplace_back(run);
    } catch (const std::system_error&) {
      break;  // Where no more threads can be had, those there are do the work.
    }
  }
  run();
  for (std::thread& each : threads) each.join();
}

}  // namespace muster::sharded
