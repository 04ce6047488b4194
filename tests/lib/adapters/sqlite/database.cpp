// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sqlite/database.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <unistd.h>

namespace muster::sqlite::test {

Folder::Folder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/muster-sqlite-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

SqliteOptions options_for(const Folder& folder) {
  SqliteOptions options;
  options.path = folder.file("muster.db");
  return options;
}

std::unique_ptr<ports::Store> open_store(const SqliteOptions& options) {
  auto opened = open(options);
  INFO((opened ? "" : opened.error().message + " / " + opened.error().detail));
  REQUIRE(opened);
  return std::move(*opened);
}

Error open_error(const SqliteOptions& options) {
  const auto opened = open(options);
  REQUIRE_FALSE(opened);
  return opened.error();
}

Status put(ports::Store& store, const std::string& name, const std::string& value) {
  return store.write([&](ports::Unit& unit) { return unit.meta().put(name, value); });
}

std::optional<std::string> get(ports::Store& store, const std::string& name) {
  std::optional<std::string> value;
  const Status status = store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(value, unit.meta().get(name));
    return {};
  });
  REQUIRE(status);
  return value;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << bytes;
  REQUIRE(stream.good());
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace muster::sqlite::test
