// SPDX-License-Identifier: Apache-2.0
/// @file A running musterd, one client of its HTTP address and one on its socket. One thread.
#pragma once

#include "support/daemon.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace muster::daemon::testing {

inline test::DaemonOptions options_with(test::Environment environment) {
  test::DaemonOptions options;
  options.environment = std::move(environment);
  return options;
}

class Running {
 public:
  explicit Running(test::DaemonOptions options = {})
      : daemon(folder.path() + "/data", std::move(options)),
        started_(daemon.start()),
        http_(address()),
        unix_(socket()) {
    INFO(daemon.log());
    REQUIRE(started_);
  }

  test::Outcome get(const std::string& target, const std::string& token = {}) {
    return http_.call(http::Method::get, target, {}, token);
  }
  test::Outcome post(const std::string& target, const std::string& body, const std::string& token = {}) {
    return http_.call(http::Method::post, target, body, token);
  }
  /// As the local operator.
  test::Outcome admin(http::Method method, const std::string& target, const std::string& body = {}) {
    return unix_.call(method, target, body);
  }

  struct Login {
    std::string user;
    std::string session;
    std::string token;
    std::string refresh;
  };
  Login log_in(const std::string& username, const std::string& password = "correct horse battery") {
    const auto created =
        post("/v1/users", R"({"username":")" + username + R"(","password":")" + password + "\"}");
    INFO(created.message);
    REQUIRE(created.status == 201);
    const auto session =
        post("/v1/sessions", R"({"login":")" + username + R"(","password":")" + password + "\"}");
    INFO(session.message);
    REQUIRE(session.status == 201);
    return {created.text("id"), session.text("session_id"), session.text("access_token"),
            session.text("refresh_token")};
  }

  test::TemporaryFolder folder;
  test::Daemon daemon;

 private:
  std::string address() const { return started_ ? daemon.url() : "http://127.0.0.1:1"; }
  std::string socket() const { return "unix:" + daemon.socket(); }

  bool started_;
  test::Api http_;
  test::Api unix_;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string header(const test::Outcome& outcome, std::string_view name) {
  return std::string(outcome.headers.find(name).value_or(""));
}

}  // namespace muster::daemon::testing
