// SPDX-License-Identifier: Apache-2.0
#include "daemon/harness.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <regex>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace muster::daemon {
namespace {

using http::Method;
using testing::contains;
using testing::Running;

test::Finished musterd(std::vector<std::string> arguments, const test::Environment& environment = {}) {
  arguments.insert(arguments.begin(), test::program("musterd"));
  return test::run(arguments, environment);
}

TEST_CASE("SIGTERM answers what is under way, and everything is there at the next start") {
  Running run;
  const auto kim = run.log_in("kim");
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  std::atomic<int> broken{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&, i] {
      test::Api api(run.daemon.url());
      for (int n = 0; n < 1000; ++n) {
        const auto outcome = api.call(Method::post, "/v1/users",
                                      R"({"username":"u)" + std::to_string(i) + "x" + std::to_string(n) +
                                          R"(","password":"correct horse battery"})");
        if (outcome.status == 201)
          ++answered;
        else if (outcome.name != "unreachable" && outcome.status != 503)
          ++broken;
        else
          return;
      }
    });
  CHECK(test::eventually([&] { return answered > 8; }));
  CHECK(run.daemon.stop() == 0);
  for (std::thread& client : clients) client.join();
  CHECK(broken == 0);
  CHECK(contains(run.daemon.log(), "stopped"));
  REQUIRE(run.daemon.start());
  test::Api socket("unix:" + run.daemon.socket());
  int found = 0;
  std::string cursor;
  do {
    const auto page =
        socket.call(Method::get, "/v1/users?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    REQUIRE(page.ok());
    found += static_cast<int>(page.data.at("items").as_array().size());
    cursor = page.data.at("next_cursor").is_string() ? page.text("next_cursor") : "";
  } while (!cursor.empty());
  // Kim, everybody who was acknowledged, and whoever's answer was lost with a connection.
  CHECK(found >= answered + 1);
  CHECK(found <= answered + 1 + 4);
}

std::string address_in(const std::string& log) {
  std::smatch found;
  return std::regex_search(log, found, std::regex(R"(127\.0\.0\.1:[0-9]+)")) ? found[0].str() : std::string();
}

TEST_CASE("SIGHUP changes what can change and says what cannot") {
  test::TemporaryFolder folder;
  const std::string file = folder.path() + "/muster.conf";
  const auto write = [&](const std::string& text) {
    test::write_file(file,
                     "data_dir = \"" + folder.path() + "/data\"\n[http]\nlisten = \"127.0.0.1:0\"\n" + text);
  };
  write("workers = 4\n[users]\nself_registration = true\n");
  test::Process daemon({test::program("musterd"), "--config", file}, folder.path());
  REQUIRE(test::eventually([&] { return contains(daemon.err(), "serves at"); }));
  test::Api socket("unix:" + folder.path() + "/data/musterd.sock");
  CHECK(socket.call(Method::get, "/healthz").ok());

  write("workers = 5\n[users]\nself_registration = false\n[log]\nlevel = \"debug\"\n");
  daemon.signal(SIGHUP);
  REQUIRE(test::eventually([&] { return contains(daemon.err(), "reloaded"); }));
  CHECK(contains(daemon.err(), "users.self_registration is now false"));
  CHECK(contains(daemon.err(), "log.level is now debug"));
  CHECK(contains(daemon.err(), "http.workers has changed and needs a restart: 4 stays in force"));

  const auto shown = [&](const std::string& item) {
    return contains(socket.call(Method::get, "/v1/admin/config").text("items"), item);
  };
  const std::string from_file = R"(","source":")" + file;
  // What changed stands at its new line; what could not change keeps the value and the line it was read from.
  CHECK(shown(R"({"name":"users.self_registration","value":"false)" + from_file + ":6\""));
  CHECK(shown(R"({"name":"log.level","value":"debug)" + from_file + ":8\""));
  CHECK(shown(R"({"name":"http.workers","value":"4)" + from_file + ":4\""));
  test::Api network("http://" + address_in(daemon.err()));
  const auto register_as = [&](const std::string& name) {
    const std::string user = R"({"username":")" + name + R"(","password":"correct horse battery"})";
    return network.call(Method::post, "/v1/users", user).status;
  };
  CHECK(register_as("kim") == 401);

  // A field that is gone from the file falls back to its default, which is then its source.
  write("workers = 5\n");
  daemon.signal(SIGHUP);
  REQUIRE(test::eventually([&] { return contains(daemon.err(), "log.level is now info"); }));
  CHECK(test::eventually([&] { return shown(R"({"name":"log.level","value":"info","source":"default")"); }));
  CHECK(contains(daemon.err(), "users.self_registration is now true"));
  CHECK(test::eventually([&] { return register_as("kim") == 201; }));

  write("workers = 0\n");
  daemon.signal(SIGHUP);
  REQUIRE(test::eventually([&] { return contains(daemon.err(), "the old one stays in force"); }));
  CHECK(contains(daemon.err(), file + ":4: http.workers: must be a whole number from 1 to 1024"));
  CHECK(socket.call(Method::get, "/readyz").ok());
  CHECK(shown(R"({"name":"http.workers","value":"4)" + from_file + ":4\""));
  daemon.signal(SIGTERM);
  CHECK(daemon.wait(std::chrono::seconds(30)) == 0);
}

TEST_CASE("with a certificate the API speaks HTTPS, and SIGHUP reads a new one") {
  test::TemporaryFolder folder;
  const std::string key = folder.path() + "/key.pem";
  const std::string certificate = folder.path() + "/certificate.pem";
  const auto certify = [&] {
    return test::run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                      "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate})
        .status;
  };
  REQUIRE(certify() == 0);
  test::Daemon daemon(folder.path() + "/data",
                      testing::options_with({{"MUSTER_HTTP_TLS_CERTIFICATE_FILE", certificate},
                                             {"MUSTER_HTTP_TLS_PRIVATE_KEY_FILE", key}}));
  REQUIRE(daemon.start());
  const auto status = [&](const std::string& url) {
    http::Client client({url, std::chrono::seconds(30), certificate});
    const auto response = client.send(Method::get, "/healthz", {}, {});
    return response ? response->status : 0U;
  };
  CHECK(status("https://" + daemon.address()) == 200);
  CHECK(status("http://" + daemon.address()) != 200);
  REQUIRE(certify() == 0);
  CHECK(status("https://" + daemon.address()) != 200);
  daemon.process().signal(SIGHUP);
  REQUIRE(test::eventually([&] { return contains(daemon.log(), "reloaded"); }));
  CHECK(status("https://" + daemon.address()) == 200);
}

TEST_CASE("systemd is told when it serves, reloads and stops") {
  test::TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder.path() + "/notify").copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  REQUIRE(descriptor >= 0);
  REQUIRE(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  std::string told;
  const auto is_told = [&](const std::string& word) {
    return test::eventually([&] {
      std::array<char, 1024> message{};
      for (ssize_t size = 0; (size = recv(descriptor, message.data(), message.size(), 0)) > 0;)
        told += std::string(message.data(), static_cast<std::size_t>(size)) + "\n";
      return contains(told, word);
    });
  };
  test::Daemon daemon(
      folder.path() + "/data",
      testing::options_with({{"NOTIFY_SOCKET", folder.path() + "/notify"}, {"WATCHDOG_USEC", "300000"}}));
  REQUIRE(daemon.start());
  CHECK(is_told("READY=1"));
  CHECK(is_told("WATCHDOG=1"));
  CHECK_FALSE(contains(told, "STOPPING=1"));
  told.clear();
  daemon.process().signal(SIGHUP);
  CHECK(is_told("RELOADING=1"));
  CHECK(is_told("READY=1"));
  CHECK(daemon.stop() == 0);
  CHECK(is_told("STOPPING=1"));
  close(descriptor);
}

TEST_CASE("self-registration that is off needs create:user") {
  Running run(testing::options_with({{"MUSTER_USERS_SELF_REGISTRATION", "false"}}));
  const std::string user = R"({"username":"lea","password":"correct horse battery"})";
  CHECK(run.post("/v1/users", user).status == 401);
  CHECK(run.admin(Method::post, "/v1/users", user).status == 201);
}

TEST_CASE("a port that is taken, and a second daemon on the same data, end the start with a clear word") {
  Running run;
  const auto taken = musterd({"--data-dir", run.folder.path() + "/other", "--listen", run.daemon.address()});
  CHECK(taken.status == 1);
  CHECK(contains(taken.err, run.daemon.address()));
  CHECK(contains(taken.err, "another process is using the port"));
  const auto second = musterd({"--data-dir", run.daemon.folder(), "--listen", "127.0.0.1:0"});
  CHECK(second.status == 1);
  CHECK(contains(second.err, "in use by another musterd"));
  CHECK(run.get("/healthz").ok());
}

TEST_CASE("the command line") {
  test::TemporaryFolder folder;
  CHECK(musterd({"--version"}).out.rfind("musterd ", 0) == 0);
  const auto help = musterd({"--help"});
  CHECK(help.status == 0);
  CHECK(contains(help.out, "--data-dir"));
  CHECK_FALSE(contains(help.out, "--generate"));
  CHECK(musterd({"--colour"}).status == 2);
  CHECK(musterd({}).status == 2);
  CHECK(musterd({"extra"}).status == 2);
  const std::string data = folder.path() + "/data";
  CHECK(musterd({"--check-config", "--data-dir", data}).status == 0);
  CHECK_FALSE(std::filesystem::exists(data));
  const auto bad = musterd({"--check-config", "--data-dir", data}, {{"MUSTER_HTTP_WORKERS", "0"}});
  CHECK(bad.status == 1);
  CHECK(contains(bad.err, "environment MUSTER_HTTP_WORKERS: http.workers: must be"));
  const auto printed = musterd({"--print-config", "--data-dir", data, "--listen", "127.0.0.1:9"});
  CHECK(printed.status == 0);
  CHECK(contains(printed.out, "http.listen = \"127.0.0.1:9\""));
  CHECK(contains(printed.out, "# flag --listen"));
  const std::string deep = folder.path() + "/" + std::string(120, 'd');
  const auto long_path = musterd({"--data-dir", deep, "--listen", "127.0.0.1:0"});
  CHECK(long_path.status == 1);
  CHECK(contains(long_path.err, "a Unix socket's may have 107"));
}

TEST_CASE("the socket is the operator's alone") {
  Running run;
  struct stat info {};
  REQUIRE(stat(run.daemon.socket().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(run.admin(Method::get, "/v1/admin/audit").ok());
  CHECK(run.get("/v1/admin/audit").status == 401);
}

TEST_CASE("a full hashing queue is told so, while everything else goes on") {
  Running run(testing::options_with({{"MUSTER_HTTP_HASHING_QUEUE", "1"},
                                     {"MUSTER_PASSWORD_ARGON2_MEMORY_KIB", "65536"},
                                     {"MUSTER_PASSWORD_ARGON2_ITERATIONS", "6"}}));
  const auto mia = run.log_in("mia");
  std::atomic<bool> stop{false};
  std::atomic<int> overloaded{0};
  std::atomic<int> without_retry_after{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 24; ++i)
    clients.emplace_back([&] {
      test::Api api(run.daemon.url());
      while (!stop) {
        const auto outcome =
            api.call(Method::post, "/v1/sessions", R"({"login":"mia","password":"correct horse battery"})");
        if (outcome.name != "overloaded") continue;
        ++overloaded;
        if (testing::header(outcome, "Retry-After").empty()) ++without_retry_after;
      }
    });
  CHECK(test::eventually([&] { return overloaded > 0; }));
  CHECK(run.get("/v1/auth/verify", mia.token).ok());
  stop = true;
  for (std::thread& client : clients) client.join();
  CHECK(without_retry_after == 0);
}

TEST_CASE("systemd finds nothing wrong with the unit") {
  test::TemporaryFolder folder;
  std::string unit = test::read_file(std::string(MUSTER_SOURCE_DIR) + "/daemon/musterd.service");
  const std::pair<std::string, std::string> places[] = {
      {"@CMAKE_INSTALL_FULL_BINDIR@", std::string(MUSTER_BINARY_DIR) + "/bin"},
      {"@CMAKE_INSTALL_FULL_SYSCONFDIR@", "/etc"}};
  for (const auto& [name, value] : places) {
    const auto place = unit.find(name);
    REQUIRE(place != std::string::npos);
    unit.replace(place, name.size(), value);
    if (const auto again = unit.find(name); again != std::string::npos)
      unit.replace(again, name.size(), value);
  }
  test::write_file(folder.path() + "/musterd.service", unit);
  const auto verified =
      test::run({"systemd-analyze", "verify", "--man=no", folder.path() + "/musterd.service"});
  if (verified.status == 127) return;
  INFO(verified.err);
  CHECK(verified.status == 0);
  CHECK_FALSE(contains(verified.err, "musterd.service:"));
}

}  // namespace
}  // namespace muster::daemon
