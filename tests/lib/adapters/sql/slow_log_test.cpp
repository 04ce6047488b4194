// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/slow_log.hpp"

#include "support/captured_log.hpp"

#include <thread>

#include <catch2/catch.hpp>

namespace muster::sql {
namespace {

using muster::test::CapturedLog;
using std::chrono::milliseconds;

constexpr SlowLog::Limits limits{milliseconds(100), std::chrono::hours(1), 3};

std::string plan_of(const std::string& text) {
  return "the plan of " + text;
}

}  // namespace

TEST_CASE("a statement that is slow is logged with its plan, once in a while, and counted each time") {
  const CapturedLog captured;
  SlowLog log(limits, "mysql://db/muster", plan_of);
  log.note("user_find", "SELECT 1", milliseconds(99));
  log.note("user_find", "SELECT 1", milliseconds(100));
  log.note("user_find", "SELECT 1", milliseconds(5000));
  log.note("commit", "", milliseconds(250));
  CHECK(log.count() == 3);
  CHECK(captured.awaits("slow statement commit took 250 ms; database mysql://db/muster\n"));
  CHECK(captured.awaits(
      "slow statement user_find took 100 ms; database mysql://db/muster; plan: the plan of SELECT 1\n"));
  CHECK(captured.text().find("5000") == std::string::npos);
}

TEST_CASE("after the interval it is logged again, with how often it was slow meanwhile") {
  const CapturedLog captured;
  SlowLog log({milliseconds(100), milliseconds(1), 1000}, "db", plan_of);
  for (int i = 0; i < 2000 && !captured.awaits("user_find took 150 ms, and ", milliseconds(0)); ++i) {
    log.note("user_find", "SELECT 1", milliseconds(150));
    log.note("user_find", "SELECT 1", milliseconds(150));
    std::this_thread::sleep_for(milliseconds(1));
  }
  CHECK(captured.awaits("user_find took 150 ms, and "));
}

TEST_CASE("however many statements are slow, not many lines are written in an interval") {
  const CapturedLog captured;
  SlowLog log(limits, "db", plan_of);
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) log.note(name, "SELECT 1", milliseconds(200));
  CHECK(log.count() == 6);
  CHECK(captured.awaits("slow statement c took"));
  CHECK(captured.text().find("slow statement d") == std::string::npos);
}

TEST_CASE("with no limit nothing is slow") {
  SlowLog log({milliseconds(0)}, "db", plan_of);
  CHECK_FALSE(log.is_on());
  log.note("user_find", "SELECT 1", std::chrono::hours(1));
  CHECK(log.count() == 0);
}

}  // namespace muster::sql
