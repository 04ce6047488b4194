// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker_pool.hpp"

#include "daemon/exchange.hpp"
#include "http/connection.hpp"

#include <chrono>
#include <new>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::daemon {
namespace {

/// Counts what became of requests.
class Fates final : public http::Responder::Target {
 public:
  void answer(std::uint64_t /*sequence*/, http::Response /*response*/) override { ++answered; }
  void abandon(std::uint64_t /*sequence*/) override { ++abandoned; }

  std::atomic<int> answered{0};
  std::atomic<int> abandoned{0};
};

}  // namespace

TEST_CASE("a request whose work throws is refused, and the next is served") {
  const auto fates = std::make_shared<Fates>();
  const http::Listener listener;
  std::atomic<int> calls{0};
  WorkerPool pool({"worker", 1, 4, 0}, [&](std::unique_ptr<Exchange> exchange) {
    if (++calls == 1) throw std::bad_alloc();
    exchange->responder.send({});
  });
  for (int i = 0; i < 2; ++i) {
    auto exchange = std::make_unique<Exchange>(http::Request{}, listener, http::Responder(fates, 0));
    REQUIRE(pool.post(exchange));
  }
  for (int i = 0; i < 10'000 && fates->answered == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  CHECK(calls == 2);
  CHECK(fates->abandoned == 1);
  CHECK(fates->answered == 1);
  pool.stop();
  CHECK(pool.counters().busy == 0);
}

}  // namespace muster::daemon
