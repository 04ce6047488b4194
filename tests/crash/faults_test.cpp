// SPDX-License-Identifier: Apache-2.0
#include "support/daemon.hpp"
#include "support/small_disk.hpp"

#include <algorithm>
#include <fstream>

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {
namespace {

using http::Method;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Outcome create_user(Api& api, const std::string& name, std::size_t padding_size_bytes = 0) {
  const boost::json::object fields = {{"username", name},
                                      {"password", "correct horse battery staple"},
                                      {"attributes", {{"padding", std::string(padding_size_bytes, 'x')}}}};
  return api.call(Method::post, "/v1/users", wire::to_text(fields));
}

/// Starts what is to fail; what it said.
std::string why_not_started(Daemon& daemon) {
  const auto status = daemon.launch().wait(std::chrono::seconds(60));
  REQUIRE(status.has_value());
  CHECK(*status != 0);
  CHECK(*status < 128);
  return daemon.log();
}

TEST_CASE("a full disk refuses writes, keeps what was acknowledged and heals when there is space",
          "[faults]") {
  const SmallDisk disk("size=16m");
  if (!disk.is_there()) {
    WARN("no file system can be mounted here: not tested");
    return;
  }
  Daemon daemon(disk.path() + "/data");
  INFO(daemon.log());
  REQUIRE(daemon.start());
  Api api("unix:" + daemon.socket());
  const std::string ballast = disk.path() + "/ballast";
  std::vector<std::string> acknowledged;
  Outcome refused;
  for (int i = 0; i < 2000 && refused.name.empty(); ++i) {
    const Outcome outcome = create_user(api, "user" + std::to_string(i), 40'000);
    if (outcome.ok())
      acknowledged.push_back(outcome.text("id"));
    else
      refused = outcome;
    if (i == 5) std::ofstream(ballast) << std::string(2 << 20, 'b');
  }
  INFO(refused.name << ": " << refused.message);
  CHECK(refused.name == "unavailable");
  CHECK(contains(refused.message, "full"));
  CHECK(refused.headers.find("Retry-After").has_value());
  REQUIRE(acknowledged.size() > 5);
  CHECK(api.call(Method::get, "/v1/users/" + acknowledged.back()).ok());
  CHECK(api.call(Method::get, "/healthz").ok());

  std::filesystem::remove(ballast);
  CHECK(eventually([&] { return create_user(api, "after").ok(); }));
  daemon.kill();
  REQUIRE(daemon.start());
  Api again("unix:" + daemon.socket());
  const auto lost = std::count_if(acknowledged.begin(), acknowledged.end(), [&](const std::string& id) {
    return !again.call(Method::get, "/v1/users/" + id).ok();
  });
  CHECK(lost == 0);
  CHECK(again.call(Method::get, "/v1/admin/audit/verify").text("ok") == "true");
}

TEST_CASE("a database that cannot be written ends the start with a clear word", "[faults]") {
  const SmallDisk disk("size=16m");
  if (!disk.is_there()) {
    WARN("no file system can be mounted here: not tested");
    return;
  }
  Daemon daemon(disk.path() + "/data");
  REQUIRE(daemon.start());
  REQUIRE(daemon.stop() == 0);
  // The socket and the log lie elsewhere; only the data are on the disk that turned read-only.
  if (!disk.make_read_only()) {
    WARN("cannot be made read-only here: not tested");
    return;
  }
  const TemporaryFolder elsewhere;
  const Finished finished =
      run({program("musterd"), "--data-dir", daemon.folder(), "--listen", "127.0.0.1:0"},
          {{"MUSTER_ADMIN_SOCKET", elsewhere.path() + "/s.sock"}});
  INFO(finished.err);
  CHECK(finished.status != 0);
  CHECK(finished.status < 128);
  CHECK((contains(finished.err, "read-only") || contains(finished.err, "Read-only") ||
         contains(finished.err, "cannot be written")));
  CHECK(contains(finished.err, daemon.folder()));
}

TEST_CASE("a damaged database is said to be so and nothing crashes", "[faults]") {
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  std::string id;
  {
    Api api("unix:" + daemon.socket());
    for (int i = 0; i < 50; ++i) id = create_user(api, "user" + std::to_string(i), 4000).text("id");
  }
  REQUIRE(daemon.stop() == 0);
  const std::string database = daemon.folder() + "/muster.db";
  constexpr std::size_t page_size_bytes = 4096;
  std::string bytes = read_file(database);
  REQUIRE(bytes.size() > 10 * page_size_bytes);

  SECTION("a header that is not one") {
    write_file(database, "this is no database" + bytes.substr(19));
    const std::string log = why_not_started(daemon);
    INFO(log);
    CHECK(contains(log, "muster.db"));
    CHECK((contains(log, "damaged") || contains(log, "not a database") || contains(log, "another program")));
  }
  SECTION("every page but the first overwritten") {
    std::fill(bytes.begin() + page_size_bytes, bytes.end(), '\x5a');
    write_file(database, bytes);
    const std::string log = why_not_started(daemon);
    INFO(log);
    CHECK(contains(log, "damaged"));
  }
  SECTION("a page in the middle overwritten") {
    for (std::size_t at = 12 * page_size_bytes; at < bytes.size(); at += page_size_bytes)
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 512, '\x5a');
    write_file(database, bytes);
    if (daemon.start()) {
      Api api("unix:" + daemon.socket());
      const Outcome list = api.call(Method::get, "/v1/users?limit=1000");
      INFO(list.name << ": " << list.message);
      CHECK(list.name == "unavailable");
      CHECK(contains(list.message, "damaged"));
      CHECK(api.call(Method::get, "/healthz").ok());
      CHECK(daemon.process().is_running());
      daemon.stop();
    } else {
      CHECK(contains(daemon.log(), "damaged"));
    }
  }
}

TEST_CASE("another master key is refused before anything is served", "[faults]") {
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  REQUIRE(daemon.stop() == 0);
  const std::string key_file = daemon.folder() + "/master.key";
  const std::string key = read_file(key_file);
  SECTION("another key") {
    write_file(key_file, std::string(64, 'a') + "\n");
    CHECK(contains(why_not_started(daemon), "the master key is not the one this data was written with"));
  }
  SECTION("no key") {
    std::filesystem::remove(key_file);
    CHECK(contains(why_not_started(daemon), "put the key back"));
    CHECK_FALSE(std::filesystem::exists(key_file));
  }
  SECTION("half a key") {
    write_file(key_file, key.substr(0, 40));
    CHECK(contains(why_not_started(daemon), "64 hexadecimal digits"));
  }
  SECTION("a key that others may read") {
    std::filesystem::permissions(key_file, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    CHECK(contains(why_not_started(daemon), "chmod 600"));
    std::filesystem::permissions(key_file, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::remove);
  }
  write_file(key_file, key);
  std::filesystem::permissions(key_file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  CHECK(daemon.start());
}

TEST_CASE("a clock that went back is reported, and no id is issued twice", "[faults]") {
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  std::string token;
  {
    Api api(daemon.url());
    REQUIRE(create_user(api, "ada").ok());
    token =
        api.call(Method::post, "/v1/sessions", R"({"login":"ada","password":"correct horse battery staple"})")
            .text("access_token");
  }
  REQUIRE(daemon.stop() == 0);
  // As if the daemon had run until an hour from now.
  const auto ahead = std::chrono::system_clock::now() + std::chrono::hours(1);
  const auto mark = std::chrono::duration_cast<std::chrono::microseconds>(ahead.time_since_epoch()).count();
  const Finished changed = run({"sqlite3", daemon.folder() + "/muster.db",
                                "INSERT OR REPLACE INTO meta (name, value) VALUES ('clock_mark', CAST('" +
                                    std::to_string(mark) + "' AS BLOB)); SELECT changes();"});
  INFO(changed.err);
  REQUIRE(changed.out == "1\n");

  REQUIRE(daemon.start());
  INFO(daemon.log());
  CHECK(contains(daemon.log(), "clock"));
  CHECK(contains(daemon.log(), "set the clock right"));
  Api api(daemon.url());
  // An hour has passed as far as tokens are concerned: time never goes back for them.
  CHECK(api.call(Method::get, "/v1/auth/verify", {}, token).name == "token_expired");
  const Outcome created = create_user(api, "grace");
  INFO(created.name << ": " << created.message);
  CHECK_FALSE(created.ok());
  CHECK(contains(created.message, "clock"));
}

TEST_CASE("a socket path that is too long is refused with the number that is allowed", "[faults]") {
  const TemporaryFolder folder;
  const std::string long_path = folder.path() + "/" + std::string(120, 'p') + "/musterd.sock";
  Daemon daemon(folder.path() + "/data", {.prefix = {}, .environment = {{"MUSTER_ADMIN_SOCKET", long_path}}});
  const std::string log = why_not_started(daemon);
  INFO(log);
  CHECK(contains(log, "admin.socket"));
  CHECK(contains(log, "107"));
}

/// Many connections that say nothing.
class Crowd {
 public:
  explicit Crowd(const std::string& address) {
    const auto colon = address.rfind(':');
    peer_.sin_family = AF_INET;
    peer_.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &peer_.sin_addr);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { leave(); }

  /// How many of them got through.
  std::size_t come(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (descriptor < 0) break;
      const timeval patience{10, 0};
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      descriptors_.push_back(descriptor);
      if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&peer_), sizeof peer_) != 0) break;
    }
    return descriptors_.size();
  }
  /// Whether the one that came as number `index` is answered.
  bool asks(std::size_t index) const {
    constexpr std::string_view request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    if (::send(descriptors_[index], request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
    char answer[12] = {};
    return ::recv(descriptors_[index], answer, sizeof answer, MSG_WAITALL) == sizeof answer &&
           std::string_view(answer, sizeof answer) == "HTTP/1.1 200";
  }
  void leave() {
    for (const int each : descriptors_) ::close(each);
    descriptors_.clear();
  }

 private:
  sockaddr_in peer_{};
  std::vector<int> descriptors_;
};

TEST_CASE("ten thousand idle connections keep nobody waiting", "[faults]") {
  constexpr std::size_t crowd_size = 10'000;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < crowd_size + 1000) {
    WARN("too few open files are allowed here: not tested");
    return;
  }
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  Crowd crowd(daemon.address());
  REQUIRE(crowd.come(crowd_size) == crowd_size);
  Api api(daemon.url());
  REQUIRE(create_user(api, "ada").ok());
  CHECK(api.call(Method::get, "/readyz").ok());
  std::size_t answered = 0;
  for (std::size_t i = 0; i < crowd_size; i += 100) answered += crowd.asks(i) ? 1 : 0;
  CHECK(answered == crowd_size / 100);
  crowd.leave();
  CHECK(daemon.stop() == 0);
}

TEST_CASE("with few open files allowed it says how many connections there may be, and keeps to that",
          "[faults]") {
  const TemporaryFolder folder;
  DaemonOptions options;
  options.prefix = {"prlimit", "--nofile=320:320", "--"};
  // Who may raise the limit would.
  if (geteuid() == 0)
    options.prefix.insert(options.prefix.begin(), {"setpriv", "--bounding-set=-sys_resource", "--"});
  Daemon daemon(folder.path() + "/data", options);
  REQUIRE(daemon.start());
  CHECK(contains(daemon.log(), "the system allows 320 open files, so there may be 160 connections"));
  Crowd crowd(daemon.address());
  REQUIRE(crowd.come(400) == 400);
  CHECK(crowd.asks(0));
  CHECK(crowd.asks(150));
  CHECK_FALSE(crowd.asks(399));
  CHECK(create_user(*std::make_unique<Api>("unix:" + daemon.socket()), "ada").name == "overloaded");
  crowd.leave();
  CHECK(eventually([&] { return Api(daemon.url()).call(Method::get, "/readyz").ok(); }));
  CHECK(daemon.stop() == 0);
}

TEST_CASE("when file descriptors run out it says so, serves on and recovers", "[faults]") {
  const TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  REQUIRE(daemon.start());
  Api before(daemon.url());
  REQUIRE(create_user(before, "ada").ok());
  const auto limit_to = [&](const std::string& count) {
    return run({"prlimit", "--pid", std::to_string(daemon.process().id()), "--nofile=" + count}).status;
  };
  REQUIRE(limit_to("100:1000") == 0);
  Crowd crowd(daemon.address());
  crowd.come(300);
  CHECK(eventually([&] { return contains(daemon.log(), "are turned away: Too many open files"); }));
  CHECK(before.call(Method::get, "/healthz").ok());
  CHECK(create_user(before, "grace").ok());
  crowd.leave();
  CHECK(eventually([&] { return Api(daemon.url()).call(Method::get, "/readyz").ok(); }));
  CHECK(daemon.stop() == 0);
}

}  // namespace
}  // namespace muster::test
