// SPDX-License-Identifier: Apache-2.0
/// @file A database in a folder of its own, for the tests of this folder.
#pragma once

#include "adapters/sqlite/sqlite_store.hpp"
#include "ports/store.hpp"
#include "ports/system_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

namespace muster::sqlite::test {

class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

SqliteOptions options_for(const Folder& folder);
/// Requires that it opens.
std::unique_ptr<ports::Store> open_store(const SqliteOptions& options);
/// The error of an open that must fail.
Error open_error(const SqliteOptions& options);

Status put(ports::Store& store, const std::string& name, const std::string& value);
std::optional<std::string> get(ports::Store& store, const std::string& name);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

/// Asks again for a bounded time.
bool eventually(const std::function<bool()>& condition);

}  // namespace muster::sqlite::test
