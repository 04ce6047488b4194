// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/leased_ids.hpp"

#include <catch2/catch.hpp>

namespace muster::system {
namespace {

using namespace std::chrono_literals;

constexpr Time start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

std::int64_t worker_of(UserId id) {
  return id.value >> 12 & 0x3ff;
}

/// Ids over two clocks that stand still until they are moved.
struct Machine {
  Time wall = start;
  LeasedIds::Moment steady{1000s};
  LeasedIds ids{UserId{}, [this] { return wall; }, [this] { return steady; }};

  void pass(std::chrono::seconds time) {
    wall += time;
    steady += time;
  }
  /// A lease of 60 seconds from now on.
  void hold(std::uint32_t worker, std::int64_t fence, Time ids_after = {}) {
    ids.hold({worker, "test", fence, wall + 60s}, ids_after, steady + 60s);
  }
};

void check_refused(const Result<UserId>& id, const std::string& why) {
  REQUIRE_FALSE(id);
  CHECK(id.error().code == ErrorCode::unavailable);
  CHECK(id.error().message == "no ids can be issued: " + why);
}

TEST_CASE("an id's time is the greatest of its millisecond's inverse", "[leased_ids]") {
  CHECK(time_of(last_id_before(start)) == start);
  CHECK(time_of(last_id_before(start + 1999us)) == start + 1ms);
  CHECK(time_of(UserId{last_id_before(start).value + 1}) == start + 1ms);
  CHECK(last_id_before(Time{}) == UserId{0});
}

TEST_CASE("no id is given out before a worker is leased, nor after it was let go", "[leased_ids]") {
  Machine machine;
  check_refused(machine.ids.next(), "no worker id is leased");
  machine.hold(7, 1);
  CHECK(worker_of(machine.ids.next().value()) == 7);
  (void)machine.ids.let_go();
  check_refused(machine.ids.next(), "no worker id is leased");
}

TEST_CASE("who was frozen beyond its lease gives out no ids until it is renewed", "[leased_ids]") {
  Machine machine;
  machine.hold(7, 1);
  REQUIRE(machine.ids.next());
  machine.pass(59s);
  REQUIRE(machine.ids.next());
  machine.pass(1s);
  check_refused(machine.ids.next(), "the lease of worker id 7 ran out and could not be renewed yet");
  machine.hold(7, 1);
  CHECK(machine.ids.next());
}

TEST_CASE("a lease ends by the steady clock though the system's was set back", "[leased_ids]") {
  Machine machine;
  machine.hold(7, 1);
  machine.steady += 60s;
  CHECK_FALSE(machine.ids.next());
}

TEST_CASE("a lease ends by the id's time though the steady clock stood still", "[leased_ids]") {
  Machine machine;
  machine.hold(7, 1);
  machine.wall += 60s + 1ms;
  CHECK_FALSE(machine.ids.several(10));
  check_refused(machine.ids.next(),
                "the lease of worker id 7 ended, by the system's clock, at " + format_time(start + 60s));
}

TEST_CASE("a worker's next owner begins where its last one must have ended", "[leased_ids]") {
  Machine before;
  before.hold(7, 1);
  before.wall = start + 60s;
  const UserId last = before.ids.next().value();

  Machine after;
  after.wall = start + 60s;
  after.hold(7, 2, start + 60s);
  CHECK_FALSE(after.ids.next());
  after.wall += 1ms;
  const UserId first = after.ids.next().value();
  CHECK(first > last);
  CHECK(first > last_id_before(start + 60s));
}

TEST_CASE("ids ascend through renewals and a change of worker", "[leased_ids]") {
  Machine machine;
  machine.hold(7, 1);
  UserId last = machine.ids.next().value();
  machine.hold(7, 1);
  UserId next = machine.ids.next().value();
  CHECK(next.value == last.value + 1);
  machine.hold(2, 5);
  machine.pass(1s);
  last = next;
  next = machine.ids.next().value();
  CHECK(next > last);
  CHECK(worker_of(next) == 2);
}

TEST_CASE("what is let go ends after its last id, or where it began", "[leased_ids]") {
  Machine machine;
  CHECK(machine.ids.let_go() == Time{});
  machine.hold(7, 1, start - 5s);
  CHECK(machine.ids.let_go() == start - 5s);
  machine.hold(7, 2, start - 5s);
  const UserId last = machine.ids.next().value();
  const Time end = machine.ids.let_go();
  CHECK(last_id_before(end) >= last);
  CHECK(end <= machine.wall);
}

}  // namespace
}  // namespace muster::system
