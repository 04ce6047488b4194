// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "scenarios/driver.hpp"
#include "wire/schema.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include <boost/json.hpp>

namespace muster::test {
namespace {

std::string encoded(const boost::json::value& value) {
  return http::percent_encode(wire::text_from_json(value));
}

class HttpDriver : public Driver {
 public:
  explicit HttpDriver(Shards shards) : daemon_(folder_.path() + "/data", options(shards)) { start(); }

  Outcome call(std::string_view name, const boost::json::object& fields, const As& as) override {
    const Action& action = action_named(name);
    boost::json::object rest = fields;
    std::string target = filled(action.path, rest, encoded);
    if (name == "disable_user") rest["status"] = "disabled";
    if (name == "enable_user") rest["status"] = "active";
    std::string body;
    if (action.method == http::Method::get || action.method == http::Method::del) {
      char separator = '?';
      for (const auto& field : rest) {
        target += separator + std::string(field.key()) + "=" + encoded(field.value());
        separator = '&';
      }
    } else {
      body = wire::to_text(rest);
    }
    Api& api = as.kind == As::Kind::local_operator ? *socket_ : *network_;
    Outcome outcome = api.call(action.method, target, body, as.token, as.idempotency_key);
    if (name == "verify_token" && outcome.ok())
      outcome.data = boost::json::object{
          {"user_id", std::string(outcome.headers.find("X-Muster-User-Id").value_or(""))},
          {"session_id", std::string(outcome.headers.find("X-Muster-Session-Id").value_or(""))}};
    return outcome;
  }

  Time now() override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  void let_pass(std::chrono::seconds time) override { std::this_thread::sleep_for(time); }
  void crash() override {
    daemon_.kill();
    start();
  }

 protected:
  /// `text` with each {x} replaced by the field x, which is taken out of `fields`.
  template <class Encode>
  static std::string filled(std::string_view text, boost::json::object& fields, Encode encode) {
    std::string out;
    while (!text.empty()) {
      const auto open = text.find('{');
      out += text.substr(0, open);
      if (open == std::string_view::npos) break;
      const auto close = text.find('}', open);
      const std::string name(text.substr(open + 1, close - open - 1));
      MUSTER_CHECK(fields.contains(name));
      out += encode(fields.at(name));
      fields.erase(name);
      text.remove_prefix(close + 1);
    }
    return out;
  }

  const Daemon& daemon() const { return daemon_; }
  std::string home() const { return folder_.path(); }

 private:
  DaemonOptions options(Shards shards) const {
    DaemonOptions options;
    std::string dsns;
    for (std::size_t i = 1; i <= shards.count; ++i)
      dsns +=
          (dsns.empty() ? "" : ",") + ("sqlite://" + folder_.path() + "/shard" + std::to_string(i) + ".db");
    if (!dsns.empty()) options.environment = {{"MUSTER_STORE_SHARDS", dsns}};
    return options;
  }

  void start() {
    const bool started = daemon_.start();
    if (!started) throw std::runtime_error("musterd did not start: " + daemon_.log());
    socket_ = std::make_unique<Api>("unix:" + daemon_.socket());
    network_ = std::make_unique<Api>(daemon_.url());
  }

  TemporaryFolder folder_;
  Daemon daemon_;
  std::unique_ptr<Api> socket_;
  std::unique_ptr<Api> network_;
};

class CliDriver final : public HttpDriver {
 public:
  CliDriver() : HttpDriver(Shards{}) {}

  Outcome call(std::string_view name, const boost::json::object& fields, const As& as) override {
    const Action& action = action_named(name);
    const bool has_no_form =
        action.command.empty() || as.kind == As::Kind::anonymous || !as.idempotency_key.empty();
    if (has_no_form) return HttpDriver::call(name, fields, as);

    boost::json::object rest = fields;
    Environment environment = {{"HOME", home()}, {"XDG_CONFIG_HOME", home()}, {"XDG_STATE_HOME", home()}};
    if (rest.contains("password")) {
      environment.emplace_back("MUSTER_PASSWORD", std::string(rest.at("password").as_string()));
      rest.erase("password");
    }
    std::string server = "unix:" + daemon().socket();
    if (as.kind == As::Kind::holder) {
      server = daemon().url();
      environment.emplace_back("MUSTER_TOKEN", as.token);
    }
    std::vector<std::string> command = {program("musterctl"), "--server", server, "-o", "json"};
    std::istringstream words(filled(action.command, rest, wire::text_from_json));
    for (std::string word; words >> word;) command.push_back(word);
    for (const auto& field : rest) add_option(command, std::string(field.key()), field.value());
    const Finished finished = run(command, environment);

    Outcome outcome;
    outcome.status = static_cast<unsigned>(finished.status);
    outcome.name = finished.status == 0 ? "ok" : "exit";
    outcome.message = finished.err;
    if (auto json = wire::parse_json(finished.out)) outcome.data = std::move(*json);
    return outcome;
  }

 private:
  static void add_option(std::vector<std::string>& command, std::string name,
                         const boost::json::value& value) {
    static const std::set<std::string> short_names = {"session_id", "user_id"};
    if (short_names.contains(name)) name = name.substr(0, name.size() - 3);
    std::replace(name.begin(), name.end(), '_', '-');
    const auto* list = value.if_array();
    if (list != nullptr && list->empty()) return;
    command.push_back("--" + name);
    if (!value.is_bool()) command.push_back(wire::text_from_json(value));
  }
};

}  // namespace

std::unique_ptr<Driver> make_http_driver(Shards shards) {
  return std::make_unique<HttpDriver>(shards);
}

std::unique_ptr<Driver> make_cli_driver() {
  return std::make_unique<CliDriver>();
}

}  // namespace muster::test
