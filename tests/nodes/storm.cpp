// SPDX-License-Identifier: Apache-2.0
#include "nodes/storm.hpp"

#include <optional>

namespace muster::test {
namespace {

using http::Method;

constexpr int users = 4;
constexpr int clients = 4;
constexpr std::size_t told_at_most = 20;

std::int64_t version_in(const Outcome& outcome) {
  const std::string text = outcome.text("version");
  return text.empty() ? 0 : std::stoll(text);
}

}  // namespace

/// Of one thread: finds the daemons again that were started again.
class Storm::Client {
 public:
  Client(Storm& storm, unsigned seed) : storm_(storm), random_(seed), apis_(storm.daemons_) {}

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  std::size_t any_daemon() { return below(storm_.daemons_); }

  Outcome call(std::size_t daemon, Method method, const std::string& target, const std::string& body,
               const std::string& token, http::Headers headers = {}) {
    std::optional<Api>& api = apis_[daemon];
    if (!api) {
      const std::lock_guard lock(storm_.mutex_);
      api.emplace(storm_.urls_[daemon]);
    }
    Outcome outcome = api->call(method, target, body, token, {}, std::move(headers));
    if (outcome.name == "unreachable") api.reset();
    return outcome;
  }

 private:
  Storm& storm_;
  std::mt19937 random_;
  std::vector<std::optional<Api>> apis_;
};

std::int64_t Storm::Counts::failures() const {
  std::int64_t sum = 0;
  for (const auto& [name, count] : failed) sum += count;
  return sum;
}

std::string Storm::Counts::text() const {
  std::string out = std::to_string(answered) + " answered";
  for (const auto& [name, count] : failed) out += ", " + std::to_string(count) + " " + name;
  return out;
}

Storm::Storm(Fleet& fleet) : daemons_(fleet.size()), fleet_(fleet) {
  const std::string admin = fleet.register_user(0, "admin");
  REQUIRE(fleet.admin(0, Method::put, "/v1/users/" + admin + "/roles/muster-admin").ok());
  REQUIRE(fleet.admin(0, Method::post, "/v1/roles", R"({"name":"cook","permissions":["cook:soup"]})").ok());
  admin_ = fleet.log_in(0, "admin").token;
  fleet.register_user(0, "kim");
  cook_ = fleet.register_user(0, "cook");
  for (int i = 0; i < users; ++i) {
    keys_.push_back(fleet.register_user(0, "user-" + std::to_string(i)));
    // What is there before the first is a state too.
    Event first{Event::Kind::write, -1, keys_.back(), "first-" + std::to_string(i), 0, {}, Clock::now(), {}};
    const auto written = fleet.admin(0, Method::patch, "/v1/users/" + keys_.back(),
                                     R"({"display_name":")" + first.value + "\"}");
    REQUIRE(written.ok());
    first.version = version_in(written);
    first.ended = Clock::now();
    history_.push_back(first);
  }
  find_daemons();
  for (std::size_t i = 0; i < daemons_; ++i) REQUIRE(fleet.soon(i, admin_, "ok"));
  for (int i = 0; i < clients; ++i) threads_.emplace_back([this, i] { read_and_write(i); });
  threads_.emplace_back([this] { revoke(); });
  threads_.emplace_back([this] { take_away(); });
}

void Storm::find_daemons() {
  const std::lock_guard lock(mutex_);
  urls_.clear();
  for (std::size_t i = 0; i < daemons_; ++i) urls_.push_back(fleet_[i].daemon->url());
}

void Storm::stop() {
  stopping_ = true;
  for (std::thread& each : threads_) each.join();
  threads_.clear();
}

bool Storm::pause(std::chrono::milliseconds time) {
  const auto end = Clock::now() + time;
  while (!stopping_ && Clock::now() < end)
    std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(20)));
  return !stopping_;
}

void Storm::note(const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome.ok())
    ++counts_.answered;
  else
    ++counts_.failed[outcome.name];
}

Storm::Counts Storm::take_counts() {
  const std::lock_guard lock(mutex_);
  return std::exchange(counts_, {});
}

bool Storm::goes_on() {
  constexpr std::int64_t answers = 400;
  const auto answered = [&] {
    const std::lock_guard lock(mutex_);
    return counts_.answered;
  };
  const std::int64_t answered_before = answered();
  const int revoked_before = revoked_;
  const int taken_before = taken_away_;
  return eventually(
      [&] {
        return answered() >= answered_before + answers && revoked_ >= revoked_before + 5 &&
               taken_away_ > taken_before;
      },
      std::chrono::seconds(90));
}

void Storm::break_promise(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (broken_.size() < told_at_most) broken_.push_back(what);
}

std::vector<std::string> Storm::broken_promises() const {
  std::vector<std::string> out = broken_;
  for (std::string& each : contradictions(history_, bound))
    if (out.size() < told_at_most) out.push_back(std::move(each));
  return out;
}

void Storm::read_and_write(int number) {
  Client client(*this, static_cast<unsigned>(number) + 1);
  const bool carries = number % 2 == 0;
  std::map<std::string, std::int64_t> seen;
  std::vector<Event> events;
  for (int step = 0; pause(std::chrono::milliseconds(2)); ++step) {
    Event event;
    event.client = number;
    // Half of the users are seldom changed and shown to nobody who would ask for more than is near.
    const std::size_t key = client.below(carries ? keys_.size() / 2 : keys_.size());
    event.key = keys_[key];
    const std::size_t reads_for_a_write = key < keys_.size() / 2 ? 4 : 200;
    event.kind = client.below(reads_for_a_write) == 0 ? Event::Kind::write : Event::Kind::read;
    const bool writes = event.kind == Event::Kind::write;
    http::Headers headers;
    if (!writes && carries) {
      event.carried = seen[event.key];
      if (*event.carried > 0) headers.add("X-Muster-At-Least", std::to_string(*event.carried));
    }
    if (writes) event.value = std::to_string(number) + "-" + std::to_string(step);
    event.began = Clock::now();
    const Outcome outcome =
        client.call(client.any_daemon(), writes ? Method::patch : Method::get, "/v1/users/" + event.key,
                    writes ? R"({"display_name":")" + event.value + "\"}" : "", admin_, std::move(headers));
    event.ended = Clock::now();
    note(outcome);
    if (outcome.ok()) {
      event.version = version_in(outcome);
      event.value = outcome.text("display_name");
      seen[event.key] = std::max(seen[event.key], event.version);
    }
    // What was refused while it was written may have been kept.
    if (outcome.ok() || writes) events.push_back(event);
  }
  const std::lock_guard lock(mutex_);
  history_.insert(history_.end(), events.begin(), events.end());
}

void Storm::check_dead(Client& client, const Dead& dead) {
  for (std::size_t i = 0; i < daemons_; ++i) {
    const auto began = Clock::now();
    const Outcome outcome = client.call(i, Method::get, "/v1/auth/verify", {}, dead.token);
    const bool is_late = i == dead.known_to || began > dead.everywhere;
    if (is_late && outcome.ok()) break_promise("daemon " + std::to_string(i) + " accepted a revoked token");
  }
}

void Storm::revoke() {
  Client client(*this, 101);
  std::vector<Dead> all;
  while (pause(std::chrono::milliseconds(5))) {
    const Outcome login = client.call(client.any_daemon(), Method::post, "/v1/sessions",
                                      R"({"login":"kim","password":"correct horse battery"})", {});
    note(login);
    if (!login.ok()) continue;
    const bool waits = client.below(2) == 0;
    Dead dead{login.text("access_token"), client.any_daemon(), {}};
    const Outcome revoked = client.call(
        dead.known_to, Method::post, "/v1/admin/revocations",
        R"({"session_id":")" + login.text("session_id") + R"(","wait":)" + (waits ? "true}" : "false}"),
        admin_);
    dead.everywhere = Clock::now() + (waits ? std::chrono::milliseconds(0) : bound);
    note(revoked);
    if (!revoked.ok()) continue;
    ++revoked_;
    check_dead(client, dead);
    all.push_back(dead);
    // Nor ever after.
    for (int i = 0; i < 3; ++i) check_dead(client, all[client.below(all.size())]);
  }
}

void Storm::check_taken(Client& client, std::size_t by, Clock::time_point taken) {
  for (std::size_t i = 0; i < daemons_; ++i) {
    const auto began = Clock::now();
    const Outcome outcome = client.call(i, Method::post, "/v1/authz/check",
                                        R"({"user_id":")" + cook_ + R"(","permission":"cook:soup"})", admin_);
    note(outcome);
    if ((i == by || began > taken + bound) && outcome.text("allowed") == "true")
      break_promise("daemon " + std::to_string(i) + " decided by a grant that was taken away");
  }
}

void Storm::take_away() {
  Client client(*this, 102);
  const std::string grant = "/v1/users/" + cook_ + "/roles/cook";
  while (pause(std::chrono::milliseconds(20))) {
    const Outcome granted = client.call(client.any_daemon(), Method::put, grant, {}, admin_);
    note(granted);
    if (!granted.ok()) continue;
    // So that they have something to forget; who answers nothing now has not heard of it yet.
    for (std::size_t i = 0; i < daemons_; ++i)
      client.call(i, Method::post, "/v1/authz/check",
                  R"({"user_id":")" + cook_ + R"(","permission":"cook:soup"})", admin_);
    const std::size_t by = client.any_daemon();
    const Outcome taken = client.call(by, Method::del, grant, {}, admin_);
    const auto when = Clock::now();
    note(taken);
    if (!taken.ok()) continue;
    check_taken(client, by, when);
    if (!pause(bound + std::chrono::milliseconds(1))) break;
    check_taken(client, by, when);
    ++taken_away_;
  }
}

}  // namespace muster::test
