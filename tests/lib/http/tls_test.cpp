// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"
#include "http/server.hpp"
#include "lib/http/certificates.hpp"
#include "lib/http/held.hpp"
#include "lib/http/support.hpp"

#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

using namespace muster::http;
using namespace muster::http::test;
using muster::ErrorCode;

namespace {

// A server with TLS whose certificate is signed by an authority in the same folder.
struct SecureServer {
  explicit SecureServer(Handler handler, const std::string& names = "DNS:localhost,IP:127.0.0.1",
                        Limits limits = {}) {
    authority.write(authority_file);
    authority.sign(names, files.certificate_file, files.private_key_file);
    ServerOptions options;
    options.limits = limits;
    options.listeners.push_back({"127.0.0.1:0", files, false});
    running = std::make_unique<RunningServer>(std::move(handler), options);
    port = running->address.substr(running->address.rfind(':') + 1);
  }

  [[nodiscard]] ClientOptions client_options(const std::string& host = "localhost") const {
    return {"https://" + host + ":" + port, 10s, authority_file};
  }

  TemporaryFolder folder;
  CertificateAuthority authority{"the authority"};
  std::string authority_file = folder.path() + "/authority.pem";
  TlsFiles files{folder.path() + "/certificate.pem", folder.path() + "/key.pem"};
  std::unique_ptr<RunningServer> running;
  std::string port;
};

// TLS by hand over a raw socket, to see what the server's side really does.
class RawTls {
 public:
  RawTls(const std::string& address, int version_max)
      : socket_(address), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, version_max);
    SSL_CTX_set_security_level(context_, 0);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.descriptor());
  }
  RawTls(const RawTls&) = delete;
  RawTls& operator=(const RawTls&) = delete;
  ~RawTls() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  bool connect() { return SSL_connect(ssl_) == 1; }
  bool send(const std::string& bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  std::string receive_all() {
    std::string all;
    char chunk[16384];
    for (int count = 0; (count = SSL_read(ssl_, chunk, sizeof chunk)) > 0;)
      all.append(chunk, static_cast<std::size_t>(count));
    return all;
  }
  RawClient& socket() { return socket_; }

 private:
  RawClient socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

}  // namespace

TEST_CASE("requests are served over TLS on kept connections") {
  bool secure = false;
  SecureServer server([&secure](Request&& request, const Listener&, Responder&& responder) {
    secure = request.peer.secure;
    responder.send(text_response(request.body + "!"));
  });
  Client client(server.client_options());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(Method::post, "/", {}, std::to_string(i));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == std::to_string(i) + "!");
  }
  CHECK(secure);
  CHECK(server.running->server->counters().connections_accepted == 1);
  Client by_address(server.client_options("127.0.0.1"));
  CHECK(by_address.send(Method::get, "/", {}, ""));
}

TEST_CASE("the client sees that a kept TLS connection was closed before it sends") {
  SecureServer server(echo_handler());
  Client client(server.client_options());
  ServerOptions options;
  options.listeners.push_back({server.running->address, server.files, false});
  for (int i = 0; i < 3; ++i) {
    server.running.reset();
    server.running = std::make_unique<RunningServer>(echo_handler(), options);
    REQUIRE(client.send(Method::post, "/", {}, "x"));
    REQUIRE(client.send(Method::post, "/", {}, "x"));
    CHECK(server.running->server->counters().connections_accepted == 1);
  }
}

TEST_CASE("large bodies pass TLS in both directions, with back-pressure") {
  std::string big;
  for (int i = 0; i < 150'000; ++i) big += std::to_string(i) + ",";
  Limits limits;
  limits.body_size_max_bytes = 2 * big.size();
  limits.output_pending_max_bytes = 100'000;
  SecureServer server([](Request&& request, const Listener&,
                         Responder&& responder) { responder.send(text_response(std::move(request.body))); },
                      "DNS:localhost", limits);
  Client client(server.client_options());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(Method::put, "/", {}, big);
    REQUIRE(response);
    CHECK(response->body == big);
  }
  RawTls raw(server.running->address, 0);
  REQUIRE(raw.connect());
  std::string batch;
  const auto part = big.substr(0, 10'000);
  for (int i = 0; i < 50; ++i) batch += "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" + part;
  REQUIRE(raw.send(batch + "GET / HTTP/1.0\r\n\r\n"));
  const auto all = raw.receive_all();
  std::size_t found = 0;
  for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++found;
  CHECK(found == 50);
}

TEST_CASE("answers from other threads leave over TLS") {
  Held held;
  SecureServer server(held.handler());
  std::thread worker([&held] {
    for (auto& request : held.take(1)) request.responder->send(text_response("from elsewhere"));
  });
  Client client(server.client_options());
  const auto response = client.send(Method::get, "/", {}, "");
  worker.join();
  REQUIRE(response);
  CHECK(response->body == "from elsewhere");
}

TEST_CASE("TLS older than 1.2 is refused, and so is what is not TLS") {
  SecureServer server(echo_handler());
  RawTls old(server.running->address, TLS1_1_VERSION);
  CHECK_FALSE(old.connect());
  RawTls good(server.running->address, TLS1_2_VERSION);
  CHECK(good.connect());
  RawClient plain(server.running->address);
  REQUIRE(plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(plain.receive_all().find("HTTP/1.1") == std::string::npos);
  // Errors of one connection must not reach another on the same thread.
  for (int i = 0; i < 4; ++i) CHECK(good.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(good.send("GET / HTTP/1.0\r\n\r\n"));
  CHECK(good.receive_all().find("Connection: close") != std::string::npos);
}

TEST_CASE("a handshake that does not end is cut at the header's deadline") {
  Limits limits;
  limits.header_time = 150ms;
  SecureServer server(echo_handler(), "DNS:localhost", limits);
  RawClient silent(server.running->address);
  RawClient half(server.running->address);
  REQUIRE(half.send(std::string("\x16\x03\x01\x02\x00", 5)));
  CHECK(silent.is_closed_within(5s));
  CHECK(half.is_closed_within(5s));
  CHECK(eventually([&] { return server.running->server->counters().connections_timed_out == 2; }));
}

TEST_CASE("a certificate is read again for new connections only") {
  SecureServer server(echo_handler());
  Client old(server.client_options());
  REQUIRE(old.send(Method::get, "/", {}, ""));
  CertificateAuthority other("another authority");
  other.sign("DNS:localhost", server.files.certificate_file, server.files.private_key_file);
  REQUIRE(server.running->server->reload_tls());
  CHECK(old.send(Method::get, "/", {}, ""));
  Client distrusting(server.client_options());
  const auto refused = distrusting.send(Method::get, "/", {}, "");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().message ==
        "cannot connect to https://localhost:" + server.port +
            ": its certificate is not signed by a trusted authority, or not valid now");
  const auto other_file = server.folder.path() + "/other.pem";
  other.write(other_file);
  auto options = server.client_options();
  options.certificate_authority_file = other_file;
  Client trusting(options);
  CHECK(trusting.send(Method::get, "/", {}, ""));
  SECTION("a bad file leaves the good certificate in use") {
    std::ofstream(server.files.certificate_file) << "nonsense";
    const auto status = server.running->server->reload_tls();
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(status.error().message.find(server.files.certificate_file) != std::string::npos);
    Client still(options);
    CHECK(still.send(Method::get, "/", {}, ""));
  }
  SECTION("a key of another certificate is refused") {
    other.sign("DNS:localhost", server.folder.path() + "/unused.pem", server.files.private_key_file);
    const auto status = server.running->server->reload_tls();
    REQUIRE_FALSE(status);
    CHECK(status.error().message.find(server.files.private_key_file) != std::string::npos);
    Client still(options);
    CHECK(still.send(Method::get, "/", {}, ""));
  }
}

TEST_CASE("a server does not start with certificate files it cannot use") {
  ServerOptions options;
  options.listeners.push_back({"127.0.0.1:0", TlsFiles{"/nonexistent/c.pem", "/nonexistent/k.pem"}, false});
  Server server(options, echo_handler(), plain_error_body);
  const auto status = server.start();
  REQUIRE_FALSE(status);
  CHECK(status.error().message == "cannot read /nonexistent/c.pem: No such file or directory");
}

TEST_CASE("the client refuses a certificate for another name or of another authority") {
  SecureServer server(echo_handler(), "DNS:elsewhere.example");
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    Client client(server.client_options(host));
    const auto response = client.send(Method::get, "/", {}, "");
    REQUIRE_FALSE(response);
    INFO(response.error().message);
    CHECK(response.error().code == ErrorCode::unavailable);
    CHECK(response.error().message == "cannot connect to https://" + std::string(host) + ":" + server.port +
                                          ": its certificate is not for " + host);
  }
  auto options = server.client_options();
  options.certificate_authority_file.clear();
  CHECK_FALSE(Client(options).send(Method::get, "/", {}, ""));
  options.certificate_authority_file = "/nonexistent.pem";
  const auto response = Client(options).send(Method::get, "/", {}, "");
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a plain server is not TLS to the client") {
  RunningServer running(echo_handler());
  Client client({"https://" + running.address, 5s, ""});
  const auto response = client.send(Method::get, "/", {}, "");
  REQUIRE_FALSE(response);
  CHECK(response.error().code == ErrorCode::unavailable);
}
