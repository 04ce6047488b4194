// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/encoding.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace muster {
namespace {

/// What `act` writes to stderr.
std::vector<std::string> lines_of(const std::function<void()>& act) {
  std::string path = (std::filesystem::temp_directory_path() / "muster-log-XXXXXX").string();
  const int file = ::mkstemp(path.data());
  REQUIRE(file >= 0);
  std::fflush(stderr);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(file, STDERR_FILENO);
  act();
  spdlog::default_logger()->flush();
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(file);
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  std::filesystem::remove(path);
  return out;
}

/// The value of a string member as it stands, still escaped; every line here is flat.
std::string member(const std::string& line, const std::string& name) {
  const std::string begin = "\"" + name + "\":\"";
  const auto at = line.find(begin);
  if (at == std::string::npos) return "(none)";
  std::string out;
  for (std::size_t i = at + begin.size(); i < line.size() && line[i] != '"'; ++i) {
    out += line[i];
    if (line[i] == '\\') out += line[++i];
  }
  return out;
}

TEST_CASE("a log level is one of a list", "[base]") {
  CHECK(log::configure(log::Format::text, "info"));
  CHECK(log::configure(log::Format::text, "warn"));
  CHECK(log::configure(log::Format::text, "off"));
  const auto refused = log::configure(log::Format::text, "loud");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("lines below the level are not written", "[base]") {
  REQUIRE(log::configure(log::Format::text, "warn"));
  const auto lines = lines_of([] {
    log::info("quiet");
    log::warn("loud {}", 1);
  });
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("loud 1") != std::string::npos);
}

TEST_CASE("a value cannot forge a line", "[base]") {
  const std::string forged = "x\n2026-01-01T00:00:00.000000Z info  user 1 logged in";
  for (const auto format : {log::Format::text, log::Format::json}) {
    REQUIRE(log::configure(format, "info"));
    CHECK(lines_of([&] { log::info("name {}", forged); }).size() == 1);
  }
}

TEST_CASE("a value cannot forge a JSON member or move a terminal's cursor", "[base]") {
  REQUIRE(log::configure(log::Format::json, "info"));
  const auto lines = lines_of([] { log::info("{}", "a\",\"level\":\"fatal\\ \x1b[2K\r\t\x01"); });
  REQUIRE(lines.size() == 1);
  CHECK(member(lines[0], "message") == R"(a\",\"level\":\"fatal\\ \u001b[2K\u000d\u0009\u0001)");
  CHECK(member(lines[0], "level") == "info");
  CHECK(lines[0].front() == '{');
  CHECK(lines[0].back() == '}');
}

TEST_CASE("bytes that are no text do not break a JSON line", "[base]") {
  REQUIRE(log::configure(log::Format::json, "info"));
  const auto lines = lines_of([] { log::info("{}", "\xff caf\xc3\xa9"); });
  REQUIRE(lines.size() == 1);
  CHECK(is_utf8(lines[0]));
  CHECK(member(lines[0], "message") == R"(\u00ff caf\u00c3\u00a9)");
  CHECK(member(lines_of([] { log::info("caf\xc3\xa9"); }).at(0), "message") == "caf\xc3\xa9");
}

TEST_CASE("text lines show no control characters", "[base]") {
  REQUIRE(log::configure(log::Format::text, "info"));
  const auto lines = lines_of([] { log::info("{}", "a\x1b[2K\rb\tc"); });
  REQUIRE(lines.size() == 1);
  for (const char c : lines[0]) CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("lines carry the trace id of their request", "[base]") {
  REQUIRE(log::configure(log::Format::json, "info"));
  const auto lines = lines_of([] {
    const log::TraceScope outer("aaaa");
    log::info("one");
    {
      const log::TraceScope inner("bbbb");
      log::info("two");
    }
    log::info("three");
  });
  REQUIRE(lines.size() == 3);
  CHECK(member(lines[0], "trace_id") == "aaaa");
  CHECK(member(lines[1], "trace_id") == "bbbb");
  CHECK(member(lines[2], "trace_id") == "aaaa");
  CHECK(log::TraceScope::current().empty());
  CHECK(member(lines_of([] { log::info("four"); }).at(0), "trace_id") == "(none)");
}

}  // namespace
}  // namespace muster
