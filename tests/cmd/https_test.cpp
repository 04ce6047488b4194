// SPDX-License-Identifier: Apache-2.0
// musterctl over HTTPS, at the address that is the operators' own.
#include "lib/http/certificates.hpp"
#include "support/daemon.hpp"
#include "support/process.hpp"

#include <regex>

#include <catch2/catch.hpp>

namespace muster::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A daemon with admin.listen, its authority's certificate and another authority's.
class Installation {
 public:
  Installation() {
    http::test::CertificateAuthority authority("the right one");
    authority.write(authority_file());
    authority.sign("IP:127.0.0.1", folder_.path() + "/certificate.pem", folder_.path() + "/key.pem");
    http::test::CertificateAuthority("another one").write(folder_.path() + "/other.pem");
    DaemonOptions options;
    options.environment = {{"MUSTER_ADMIN_LISTEN", "127.0.0.1:0"},
                           {"MUSTER_ADMIN_TLS_CERTIFICATE_FILE", folder_.path() + "/certificate.pem"},
                           {"MUSTER_ADMIN_TLS_PRIVATE_KEY_FILE", folder_.path() + "/key.pem"}};
    daemon_ = std::make_unique<Daemon>(folder_.path() + "/data", options);
    REQUIRE(daemon_->start());
    std::smatch found;
    const std::string log = daemon_->log();
    INFO(log);
    REQUIRE(std::regex_search(log, found, std::regex(R"(serves at [0-9.]+:[0-9]+, ([0-9.]+:[0-9]+))")));
    server_ = "https://" + found[1].str();
    token_file_ = folder_.path() + "/token";
    write_token();
  }

  Finished musterctl(std::vector<std::string> words, const Environment& more = {}) {
    words.insert(words.begin(), program("musterctl"));
    Environment environment = {{"XDG_CONFIG_HOME", folder_.path()}, {"XDG_STATE_HOME", folder_.path()}};
    environment.insert(environment.end(), more.begin(), more.end());
    return run(words, environment);
  }
  [[nodiscard]] std::string authority_file() const { return folder_.path() + "/authority.pem"; }
  [[nodiscard]] std::string other_authority_file() const { return folder_.path() + "/other.pem"; }
  [[nodiscard]] const std::string& token_file() const { return token_file_; }
  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] Daemon& daemon() { return *daemon_; }

 private:
  void write_token() {
    const std::string local = "unix:" + daemon_->socket();
    const Environment password = {{"MUSTER_PASSWORD", "correct horse battery"}};
    REQUIRE(musterctl({"--server", local, "user", "create", "--username", "olga"}, password).status == 0);
    REQUIRE(musterctl({"--server", local, "role", "grant", "muster-admin", "olga"}).status == 0);
    Api api(daemon_->url());
    const auto login = api.call(http::Method::post, "/v1/sessions",
                                R"({"login":"olga","password":"correct horse battery"})");
    REQUIRE(login.ok());
    write_file(token_file_, login.text("access_token"));
    std::filesystem::permissions(token_file_, std::filesystem::perms::owner_read);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Daemon> daemon_;
  std::string server_;
  std::string token_file_;
};

TEST_CASE("operators reach admin.listen over HTTPS, with the authority they trust and their own rights") {
  Installation here;
  const std::vector<std::string> start{"--server", here.server(), "--ca-file", here.authority_file()};
  const auto call = [&](std::vector<std::string> words) {
    words.insert(words.begin(), start.begin(), start.end());
    return here.musterctl(words);
  };
  const Finished listed = call({"--token-file", here.token_file(), "user", "list", "-o", "id"});
  INFO(listed.err);
  CHECK(listed.status == 0);
  CHECK_FALSE(listed.out.empty());
  const Finished created =
      call({"--token-file", here.token_file(), "role", "create", "viewer", "--permissions", "read:order"});
  INFO(created.err);
  CHECK(created.status == 0);
  // The address gives nobody the socket's rights.
  CHECK(call({"user", "list"}).status == 4);
  // What is not TLS gets nothing there.
  Api plain("http" + here.server().substr(std::string("https").size()));
  CHECK(plain.call(http::Method::get, "/healthz").name == "unreachable");
  // And what the public address serves there stays without TLS.
  CHECK(Api(here.daemon().url()).call(http::Method::get, "/healthz").ok());
}

TEST_CASE("a server whose authority is not trusted is named, and is worth no token") {
  Installation here;
  const auto check = [&](const std::vector<std::string>& words, const std::string& reason) {
    std::vector<std::string> all{"--server", here.server(), "--token-file", here.token_file()};
    all.insert(all.end(), words.begin(), words.end());
    const Finished refused = here.musterctl(all);
    INFO(refused.err);
    CHECK(refused.status == 9);
    CHECK(refused.out.empty());
    CHECK(contains(refused.err, here.server()));
    CHECK(contains(refused.err, reason));
  };
  check({"--ca-file", here.other_authority_file(), "user", "list"}, "certificate");
  check({"user", "list"}, "certificate");
  // Not reached at all: what was asked for has not been done.
  check({"--ca-file", here.other_authority_file(), "role", "create", "viewer"}, "certificate");
  const Finished roles =
      here.musterctl({"--server", "unix:" + here.daemon().socket(), "role", "get", "viewer"});
  CHECK(roles.status == 5);
  const Finished missing = here.musterctl(
      {"--server", here.server(), "--ca-file", here.authority_file() + ".not", "user", "list"});
  INFO(missing.err);
  CHECK(missing.status != 0);
  CHECK(contains(missing.err, here.authority_file() + ".not"));
}

}  // namespace
}  // namespace muster::test
