// SPDX-License-Identifier: Apache-2.0
// That a wrong history is told from a right one.
#include "nodes/history.hpp"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace muster::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds bound{100};

/// Times are milliseconds.
Event write(int client, const std::string& value, std::int64_t version, int began, int ended) {
  const Event::Moment start{};
  return {Event::Kind::write,         client, "u", value, version, {}, start + milliseconds(began),
          start + milliseconds(ended)};
}

Event read(int client, const std::string& value, std::int64_t version, int began, int ended) {
  Event out = write(client, value, version, began, ended);
  out.kind = Event::Kind::read;
  return out;
}

Event carrying(Event event, std::int64_t version) {
  event.carried = version;
  return event;
}

bool is_told(const std::vector<Event>& history, const std::string& why) {
  const auto found = contradictions(history, bound);
  for (const std::string& each : found) UNSCOPED_INFO(each);
  return found.size() == 1 && found[0].find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("what may be is no contradiction") {
  const std::vector<Event> history{
      write(0, "a", 1, 0, 10),
      // Which of them was first is known by their versions alone.
      write(0, "b", 5, 20, 60),
      write(1, "c", 3, 30, 50),
      // Before the acknowledgement, and long after it for who asks for nothing.
      read(2, "c", 3, 35, 40),
      read(2, "a", 1, 90, 95),
      carrying(read(1, "c", 3, 70, 80), 3),
      carrying(read(1, "b", 5, 81, 85), 3),
      carrying(read(0, "b", 5, 65, 90), 5),
      // Nobody knows what became of it, until somebody is shown it.
      write(0, "d", 0, 100, 200),
      read(2, "d", 9, 150, 160),
      write(0, "never", 0, 210, 220),
      read(2, "d", 9, 500, 510),
  };
  CHECK(contradictions(history, bound).empty());
}

TEST_CASE("each contradiction of a history is told") {
  std::vector<Event> history{write(0, "a", 1, 0, 10), write(1, "b", 2, 20, 30)};
  const auto with = [&](std::vector<Event> more) {
    history.insert(history.end(), more.begin(), more.end());
    return history;
  };
  SECTION("who wrote does not read what was written") {
    CHECK(is_told(with({carrying(read(1, "a", 1, 40, 50), 2)}), "it carried version 2"));
  }
  SECTION("also when it forgot to carry it") {
    CHECK(is_told(with({carrying(read(1, "a", 1, 40, 50), 1)}), "it carried version 2"));
  }
  SECTION("a version goes back") {
    CHECK(is_told(with({carrying(read(2, "b", 2, 40, 50), 0), carrying(read(2, "a", 1, 51, 60), 2)}),
                  "it carried version 2"));
  }
  SECTION("a write was lost") {
    CHECK(is_told(with({write(0, "c", 2, 25, 40)}), "that version was \"b\" elsewhere"));
  }
  SECTION("a write went behind one that was acknowledged") {
    CHECK(is_told({write(0, "a", 4, 0, 10), write(1, "b", 2, 20, 30)},
                  "version 4 was acknowledged before it began"));
  }
  SECTION("a client's write is no newer than what it had seen") {
    CHECK(is_told({write(1, "b", 9, 20, 60), read(2, "b", 9, 22, 24), write(2, "c", 5, 26, 40)},
                  "it had seen version 9 already"));
  }
  SECTION("a version shows two states") {
    CHECK(is_told(with({write(2, "d", 0, 20, 60), read(2, "d", 2, 61, 70)}), "that version was \"b\""));
  }
  SECTION("a value shows as another version") {
    CHECK(is_told(with({read(2, "b", 3, 40, 50)}), "it was written as version 2"));
  }
  SECTION("nobody wrote what is shown") {
    CHECK(is_told(with({read(2, "x", 7, 40, 50)}), "nobody has written it"));
  }
  SECTION("it is shown before it is written") {
    CHECK(is_told(with({read(2, "c", 3, 40, 50), write(0, "c", 3, 60, 70)}), "it was written later"));
  }
  SECTION("what was acknowledged long ago is not shown") {
    CHECK(is_told(with({read(2, "a", 1, 131, 140)}), "longer than the bound"));
    history.back() = read(2, "a", 1, 129, 140);
    CHECK(contradictions(history, bound).empty());
  }
}

TEST_CASE("of a register that is right no history is wrong, and one old answer makes it wrong") {
  rc::prop("random histories", [] {
    std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
    const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
    std::vector<Event> history{write(0, "v1", 1, 0, 1)};
    std::vector<std::int64_t> seen(4, 0);
    seen[0] = 1;
    std::int64_t version = 1;
    for (int step = 1; step < 60; ++step) {
      const int client = up_to(3);
      auto& known = seen[static_cast<std::size_t>(client)];
      const int now = step * 10;
      if (up_to(2) == 0) {
        ++version;
        history.push_back(write(client, "v" + std::to_string(version), version, now, now + up_to(9)));
        known = version;
      } else {
        history.push_back(
            carrying(read(client, "v" + std::to_string(version), version, now, now + up_to(9)), known));
        known = version;
      }
    }
    RC_ASSERT(contradictions(history, bound).empty());
    // The last that somebody was shown, as it was before the last write.
    const auto last = std::find_if(history.rbegin(), history.rend(), [](const Event& each) {
      return each.kind == Event::Kind::read && each.version == each.carried && each.version > 1;
    });
    RC_PRE(last != history.rend());
    --last->version;
    last->value = "v" + std::to_string(last->version);
    RC_ASSERT_FALSE(contradictions(history, bound).empty());
  });
}

}  // namespace muster::test
