// SPDX-License-Identifier: Apache-2.0
#include "crash/crew.hpp"

#include "model/slot.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::test {
namespace {

using http::Method;
using Clock = std::chrono::steady_clock;

constexpr unsigned shared_emails = 8;

std::string json_of(const boost::json::object& fields) {
  return wire::to_text(fields);
}

std::string text_of(const wire::Json& json, const char* member) {
  const auto& value = json.get_object().at(member);
  return value.is_null() ? "" : std::string(value.get_string());
}

/// Without its trace id: random digits, in which any short number is to be found sooner or later.
std::string words_of(const Outcome& outcome) {
  std::string words = outcome.body;
  const std::string trace(outcome.headers.find("X-Trace-Id").value_or(""));
  if (const auto at = words.find(trace); !trace.empty() && at != std::string::npos)
    words.erase(at, trace.size());
  return words;
}

/// Whether it may have been done or not.
bool is_open(const Outcome& outcome) {
  return outcome.name == "unreachable" || outcome.status == 503 || outcome.status == 504;
}

}  // namespace

SlotOwners::SlotOwners(const Daemon& daemon) : shards_(model::slot_count) {
  const Outcome slots = Api("unix:" + daemon.socket()).call(Method::get, "/v1/admin/shards/slots");
  REQUIRE(slots.ok());
  for (const wire::Json& range : slots.data.get_object().at("items").get_array()) {
    const auto& object = range.get_object();
    for (std::int64_t slot = object.at("first").get_int64(); slot <= object.at("last").get_int64(); ++slot)
      shards_.at(static_cast<std::size_t>(slot)) = text_of(range, "shard");
  }
}

std::string SlotOwners::of_user(const std::string& id) const {
  const auto user = UserId::parse(id);
  return user ? shards_[model::slot_of(*user)] : std::string();
}

std::string SlotOwners::of_username(const std::string& name) const {
  return shards_[model::slot_of_name(model::NameKind::username, name)];
}

std::string SlotOwners::of_email(const std::string& email) const {
  return shards_[model::slot_of_name(model::NameKind::email, email)];
}

void Sightings::add(const std::string& call, const Outcome& outcome, bool apart, Clock::duration took) {
  if (outcome.ok()) ++acknowledged_;
  if (is_open(outcome)) ++unanswered_;
  if (outcome.status >= 500 && outcome.status != 503 && outcome.status != 504)
    wrong(std::to_string(outcome.status) + " " + outcome.message);
  if (!outcome.ok()) {
    const std::string words = words_of(outcome);
    for (const std::string& word : forbidden_)
      if (words.find(word) != std::string::npos) wrong("a user was told: " + outcome.body);
  }
  if (!apart) return;
  if (!is_open(outcome)) ++apart_served_;
  const std::lock_guard lock(mutex_);
  if (is_open(outcome)) ++apart_failures_[call + ": " + outcome.name + ": " + outcome.message];
  if (took <= apart_slowest_) return;
  apart_slowest_ = took;
  slowest_call_ =
      call + ": " + outcome.name + ", trace " + std::string(outcome.headers.find("X-Trace-Id").value_or(""));
}

void Sightings::wrong(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (wrongs_.size() < 20) wrongs_.insert(what);
}

std::map<std::string, int> Sightings::apart_failures() const {
  const std::lock_guard lock(mutex_);
  return apart_failures_;
}

std::chrono::milliseconds Sightings::apart_slowest() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(apart_slowest_);
}

std::string Sightings::slowest_call() const {
  const std::lock_guard lock(mutex_);
  return slowest_call_;
}

std::string Sightings::wrongs() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& each : wrongs_) all += each + "\n";
  return all;
}

/// One client, with the accounts that only it changes.
class Crew::Member {
 public:
  Member(Crew& crew, std::size_t number, const std::set<std::string>& sick, Sightings& sightings,
         unsigned seed)
      : name_("c" + std::to_string(number)),
        accounts_(crew.accounts_[number]),
        next_(crew.numbers_[number]),
        padding_size_bytes_(crew.padding_size_bytes_),
        owners_(crew.owners_),
        sick_(sick),
        sightings_(sightings),
        // The others will soon all wait for who does not answer.
        keeps_apart_(number % 2 == 0 && !sick.empty() && !sick.contains(everywhere)),
        random_(seed),
        network_(crew.daemon_.url()),
        socket_("unix:" + crew.daemon_.socket()) {}

  void step() {
    const unsigned choice = random_() % 20;
    Account* const account = any();
    // Where a new user will be is not known before.
    if (keeps_apart_ && (account == nullptr || choice < 5 || account->id.empty())) return pause_briefly();
    if (account == nullptr || choice < 4) return register_next();
    if (account->id.empty()) return send_registration(*account);
    if (choice < 5) return send_registration(*account);
    if (account->there == There::no) return pause_briefly();
    if (choice < 9) return change_email(*account);
    if (choice < 14) return log_in(*account);
    if (choice < 15) return remove(*account);
    look(*account);
  }

  /// Sends what had no answer once more. Whether everything has one now.
  bool settle() {
    bool settled = true;
    for (Account& each : accounts_) {
      if (each.id.empty()) send_registration(each);
      settled = settled && !each.id.empty();
    }
    return settled;
  }

 private:
  Account* any() {
    if (accounts_.empty()) return nullptr;
    // Mostly those that came last: there what went wrong is found soon.
    const std::size_t recent = std::min<std::size_t>(accounts_.size(), 30);
    return &accounts_[accounts_.size() - 1 - random_() % recent];
  }

  [[nodiscard]] bool is_apart(const std::vector<std::string>& shards) const {
    return !sick_.contains(everywhere) &&
           std::none_of(shards.begin(), shards.end(), [&](const auto& each) { return sick_.contains(each); });
  }
  [[nodiscard]] bool avoids(const std::vector<std::string>& shards) const {
    const bool avoided = keeps_apart_ && !is_apart(shards);
    if (avoided) pause_briefly();
    return avoided;
  }

  Outcome call(Api& api, const std::vector<std::string>& shards, Method method, const std::string& target,
               const std::string& body = {}, const std::string& key = {}) {
    const bool apart = is_apart(shards);
    const auto began = Clock::now();
    Outcome outcome = api.call(method, target, body, {}, key);
    sightings_.add(std::string(http::method_name(method)) + " " + target + " " + body, outcome, apart,
                   Clock::now() - began);
    if (is_open(outcome)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return outcome;
  }

  void register_next() {
    Account account;
    account.username = name_ + "-" + std::to_string(++next_);
    account.key = "key-" + account.username;
    account.padding_size_bytes = padding_size_bytes_;
    if (random_() % 2 == 0) account.own_email = account.username + "@own.example";
    accounts_.push_back(account);
    send_registration(accounts_.back());
  }

  void send_registration(Account& account) {
    boost::json::object fields{{"username", account.username}, {"password", crew_password}};
    if (account.own_email) fields["email"] = *account.own_email;
    if (account.padding_size_bytes != 0)
      fields["attributes"] = boost::json::object{{"padding", std::string(account.padding_size_bytes, 'x')}};
    // Where it will be is not known before: it is no measure of anything.
    const std::vector<std::string> anywhere(sick_.begin(), sick_.end());
    const Outcome outcome = call(network_, anywhere, Method::post, "/v1/users", json_of(fields), account.key);
    if (is_open(outcome)) return;
    if (!outcome.ok()) {
      sightings_.wrong("registration refused: " + outcome.message);
      return;
    }
    if (account.id.empty()) {
      account.id = outcome.text("id");
      account.there = There::yes;
      account.emails = {account.own_email.value_or("")};
    }
    if (outcome.text("id") != account.id) sightings_.wrong("the same key made another user");
    if (outcome.text("username") != account.username) sightings_.wrong("the same key gave another user");
  }

  /// The user of the account does not exist: either it is known, or now it is.
  void note_absence(Account& account, const char* doing) {
    if (account.there == There::yes) sightings_.wrong(account.username + " is gone: seen when " + doing);
    account.there = There::no;
  }

  void change_email(Account& account) {
    std::string email = "shared" + std::to_string(random_() % shared_emails) + "@example.org";
    if (random_() % 2 == 0) email = account.username + "@own" + std::to_string(random_() % 3) + ".example";
    std::vector<std::string> shards{owners_.of_user(account.id), owners_.of_email(email)};
    for (const std::string& each : account.emails)
      if (!each.empty()) shards.push_back(owners_.of_email(each));
    if (avoids(shards)) return;
    const Outcome outcome =
        call(socket_, shards, Method::patch, "/v1/users/" + account.id, json_of({{"email", email}}));
    if (outcome.ok())
      account.emails = {email};
    else if (is_open(outcome))
      account.emails.insert(email);
    else if (outcome.name == "not_found")
      note_absence(account, "the email was changed");
    else if (outcome.name != "already_exists")
      sightings_.wrong("change of email: " + outcome.name + " " + outcome.message);
  }

  void log_in(Account& account) {
    const std::vector<std::string> shards{owners_.of_user(account.id), owners_.of_username(account.username)};
    if (avoids(shards)) return;
    const Outcome outcome = call(network_, shards, Method::post, "/v1/sessions",
                                 json_of({{"login", account.username}, {"password", crew_password}}));
    if (outcome.ok() || is_open(outcome)) return;
    if (outcome.name == "unauthenticated")
      note_absence(account, "logging in");
    else
      sightings_.wrong("login: " + outcome.name + " " + outcome.message);
  }

  void remove(Account& account) {
    std::vector<std::string> shards{owners_.of_user(account.id), owners_.of_username(account.username)};
    for (const std::string& each : account.emails)
      if (!each.empty()) shards.push_back(owners_.of_email(each));
    if (avoids(shards)) return;
    const Outcome outcome = call(socket_, shards, Method::del, "/v1/users/" + account.id);
    if (outcome.ok()) {
      // Also when it had been removed before.
      account.there = There::no;
    } else if (is_open(outcome)) {
      account.there = There::unknown;
    } else {
      sightings_.wrong("removal: " + outcome.name + " " + outcome.message);
    }
  }

  void look(Account& account) {
    if (avoids({owners_.of_user(account.id)})) return;
    const Outcome outcome =
        call(socket_, {owners_.of_user(account.id)}, Method::get, "/v1/users/" + account.id);
    if (is_open(outcome)) return;
    if (outcome.name == "not_found") return note_absence(account, "it was read");
    if (!outcome.ok())
      sightings_.wrong("read: " + outcome.name + " " + outcome.message);
    else if (!account.emails.contains(text_of(outcome.data, "email")))
      sightings_.wrong(account.username + " has the email " + outcome.text("email"));
  }

  const std::string name_;
  std::vector<Account>& accounts_;
  int& next_;
  const std::size_t padding_size_bytes_;
  const SlotOwners& owners_;
  const std::set<std::string>& sick_;
  Sightings& sightings_;
  const bool keeps_apart_;
  std::mt19937 random_;
  Api network_;
  Api socket_;
};

Crew::Crew(const Daemon& daemon, std::size_t size)
    : daemon_(daemon), owners_(daemon), accounts_(size), numbers_(size) {}

void Crew::work(const std::set<std::string>& sick, Sightings& sightings, const std::function<void()>& fault) {
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> unsettled{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < accounts_.size(); ++i)
    threads.emplace_back([&, i, seed = random_()] {
      Member member(*this, i, sick, sightings, static_cast<unsigned>(seed));
      while (!stopping) member.step();
      if (!eventually([&] { return member.settle(); })) ++unsettled;
    });
  // A macro of the test may end it from within the fault.
  const auto end = [&] {
    stopping = true;
    for (std::thread& each : threads) each.join();
  };
  try {
    fault();
  } catch (...) {
    end();
    throw;
  }
  end();
  CHECK(unsettled == 0);
}

std::vector<std::string> Crew::usernames_at(const std::string& shard) const {
  std::vector<std::string> names;
  for (const auto& some : accounts_)
    for (const Account& each : some)
      if (each.there == There::yes && owners_.of_user(each.id) == shard) names.push_back(each.username);
  return names;
}

void Crew::check_promises() {
  Api socket("unix:" + daemon_.socket());
  std::map<std::string, std::pair<std::string, std::string>> found;
  std::map<std::string, std::string> owners;
  std::vector<std::string> faults;
  for (std::string cursor;;) {
    const Outcome page =
        socket.call(Method::get, "/v1/users?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    INFO(page.name << ": " << page.message);
    REQUIRE(page.ok());
    for (const wire::Json& user : page.data.get_object().at("items").get_array()) {
      const std::string id = text_of(user, "id");
      found[id] = {text_of(user, "username"), text_of(user, "email")};
      for (const std::string& name : {"user " + found[id].first, "email " + found[id].second})
        if (name != "email " && !owners.emplace(name, id).second) faults.push_back("two have " + name);
    }
    cursor = text_of(page.data, "next_cursor");
    if (cursor.empty()) break;
  }
  std::size_t known = 0;
  for (auto& some : accounts_)
    for (Account& account : some) {
      const auto user = found.find(account.id);
      const bool is_there = user != found.end();
      if (is_there) ++known;
      if (is_there != (account.there == There::yes) && account.there != There::unknown)
        faults.push_back(account.username + (is_there ? " came back" : " is lost"));
      account.there = is_there ? There::yes : There::no;
      if (!is_there) continue;
      if (user->second.first != account.username) faults.push_back(account.username + " has another name");
      if (!account.emails.contains(user->second.second))
        faults.push_back(account.username + " has the email " + user->second.second);
      account.emails = {user->second.second};
    }
  if (known != found.size()) faults.push_back("there are users that nobody registered");
  std::string all;
  for (std::size_t i = 0; i < std::min<std::size_t>(faults.size(), 20); ++i) all += faults[i] + "\n";
  CHECK(all.empty());
  INFO(all);
  CHECK(faults.empty());
}

}  // namespace muster::test
