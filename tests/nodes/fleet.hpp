// SPDX-License-Identifier: Apache-2.0
/// @file Several musterd on one database server, as a balancer would have them behind it. One thread controls
/// them.
#pragma once

#include "support/daemon.hpp"
#include "support/mysql_server.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace muster::test {

/// Of the database, for daemons that are to notice soon that it does not answer.
inline constexpr const char* fleet_timeouts = "statement_timeout=2s&connect_timeout=1s";

class Fleet {
 public:
  struct Member {
    std::string name;
    std::unique_ptr<Daemon> daemon;
    std::unique_ptr<Api> http;
    std::unique_ptr<Api> socket;  ///< As the local operator.
  };
  struct Login {
    std::string user;
    std::string session;
    std::string token;
    std::string refresh;
  };

  /// Members "node-0" and so on, with those settings.
  Fleet(const std::string& catalog, std::size_t count, const Environment& settings = {}) {
    Environment environment = {{"MUSTER_STORE_CATALOG", catalog},
                               {"MUSTER_MASTER_KEY_FILE", folder_.path() + "/master.key"}};
    environment.insert(environment.end(), settings.begin(), settings.end());
    write_file(folder_.path() + "/master.key", std::string(64, '7'));
    std::filesystem::permissions(folder_.path() + "/master.key", std::filesystem::perms(0600));
    for (std::size_t i = 0; i < count; ++i) {
      Member& member = members_.emplace_back();
      member.name = "node-" + std::to_string(i);
      DaemonOptions options;
      options.environment = environment;
      options.environment.emplace_back("MUSTER_NODE_NAME", member.name);
      member.daemon = std::make_unique<Daemon>(folder_.path() + "/" + member.name, std::move(options));
      start(i);
    }
  }

  void start(std::size_t index) {
    members_[index].daemon->launch();
    wait_for(index);
  }

  /// As a machine does that loses its power: none of them can say anything to the others.
  void kill_all() {
    for (Member& each : members_) each.daemon->process().signal(SIGKILL);
    for (Member& each : members_) each.daemon->kill();
  }
  /// At once.
  void start_all() {
    for (Member& each : members_) each.daemon->launch();
    for (std::size_t i = 0; i < size(); ++i) wait_for(i);
  }

  Member& operator[](std::size_t index) { return members_[index]; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

  Outcome get(std::size_t index, const std::string& target, const std::string& token = {}) {
    return members_[index].http->call(http::Method::get, target, {}, token);
  }
  Outcome admin(std::size_t index, http::Method method, const std::string& target,
                const std::string& body = {}) {
    return members_[index].socket->call(method, target, body);
  }
  std::string verify(std::size_t index, const std::string& token) {
    return get(index, "/v1/auth/verify", token).name;
  }
  /// What the other side takes for so long is no answer of the feed.
  bool soon(std::size_t index, const std::string& token, const std::string& name) {
    return eventually([&] { return verify(index, token) == name; }, std::chrono::seconds(5));
  }

  std::string register_user(std::size_t index, const std::string& name) {
    const auto created =
        members_[index].http->call(http::Method::post, "/v1/users",
                                   R"({"username":")" + name + R"(","password":"correct horse battery"})");
    INFO(created.message);
    REQUIRE(created.status == 201);
    return created.text("id");
  }
  Login log_in(std::size_t index, const std::string& name) {
    const auto session =
        members_[index].http->call(http::Method::post, "/v1/sessions",
                                   R"({"login":")" + name + R"(","password":"correct horse battery"})");
    INFO(session.message);
    REQUIRE(session.status == 201);
    return {std::string(session.data.at("user").at("id").as_string()), session.text("session_id"),
            session.text("access_token"), session.text("refresh_token")};
  }
  Outcome revoke_user(std::size_t index, const std::string& user, bool wait) {
    return admin(index, http::Method::post, "/v1/admin/revocations",
                 R"({"user_id":")" + user + R"(","wait":)" + (wait ? "true}" : "false}"));
  }

 private:
  void wait_for(std::size_t index) {
    Member& member = members_[index];
    const bool started = member.daemon->wait_until_it_serves();
    INFO(member.daemon->log());
    REQUIRE(started);
    member.http = std::make_unique<Api>(member.daemon->url());
    member.socket = std::make_unique<Api>("unix:" + member.daemon->socket());
  }

  TemporaryFolder folder_;
  std::vector<Member> members_;
};

}  // namespace muster::test
