// SPDX-License-Identifier: Apache-2.0
#include "ops/access_samples.hpp"

#include "lib/ops/fixture.hpp"

#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::ops {
namespace {

/// User number n is asked for n times.
void ask(AccessSamples& samples, std::int64_t users) {
  for (std::int64_t id = 1; id <= users; ++id)
    for (std::int64_t i = 0; i < id; ++i) samples.note(UserId{id});
}

TEST_CASE("the users who were asked for most are known, in their order", "[access_samples]") {
  AccessSamples samples;
  ask(samples, 200);
  CHECK(samples.users() == 200);
  CHECK(samples.hottest(3) == std::vector<UserId>{{200}, {199}, {198}});
  CHECK(samples.hottest(1000).size() == 200);
  CHECK(samples.trace().accesses.size() == 200 * 201 / 2);
  samples.age();
  CHECK(samples.users() == 199);
}

TEST_CASE("samples survive a restart", "[access_samples]") {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() / "accesses";
  AccessSamples before;
  ask(before, 100);
  REQUIRE(before.save(path));
  AccessSamples after;
  REQUIRE(after.load(path));
  CHECK(after.hottest(1000) == before.hottest(1000));
  CHECK(after.trace().accesses == before.trace().accesses);
  CHECK(after.trace().all_accesses == Approx(before.trace().all_accesses));
  after.note(UserId{5000});
  CHECK(after.trace().accesses.size() == before.trace().accesses.size() + 1);
  CHECK(after.trace().all_accesses == Approx(before.trace().all_accesses + 1));
  AccessSamples none;
  CHECK(none.load(folder.path() / "not there"));
}

TEST_CASE("a damaged file of samples is refused, wherever it is damaged", "[access_samples]") {
  AccessSamples samples;
  ask(samples, 20);
  const std::string good = encode_accesses({{{{1}, 2, 1}}, samples.trace()});
  REQUIRE(decode_accesses(good));
  CHECK(encode_accesses(*decode_accesses(good)) == good);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK(!decode_accesses(bad));
    CHECK(!decode_accesses(good.substr(0, i)));
  }
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "accesses") << "something else";
  CHECK(!samples.load(folder.path() / "accesses"));
  CHECK(samples.users() == 20);
}

TEST_CASE("accesses are noted by several threads at once", "[access_samples]") {
  AccessSamples samples;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) threads.emplace_back([&] { ask(samples, 100); });
  for (int i = 0; i < 20; ++i) {
    (void)samples.hottest(10);
    (void)samples.trace();
  }
  for (std::thread& each : threads) each.join();
  CHECK(samples.accesses() == 4 * 5050);
  CHECK(samples.trace().accesses.size() == 4 * 5050);
  CHECK(samples.hottest(2) == std::vector<UserId>{{100}, {99}});
}

}  // namespace
}  // namespace muster::ops
