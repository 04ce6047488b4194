// SPDX-License-Identifier: Apache-2.0
#include "assembly/breached_file.hpp"

#include <fstream>

namespace muster::assembly {

Result<std::shared_ptr<const model::BreachedList>> read_breached_file(const std::string& path) {
  if (path.empty()) return std::shared_ptr<const model::BreachedList>{};
  const auto refused = [&](const std::string& why) {
    return fail(Error::invalid("password.breached_file", why + ": " + path));
  };
  std::ifstream file(path);
  if (!file) return refused("cannot be read");
  std::size_t lines = 0;
  auto list = std::make_shared<model::BreachedList>([&](std::string& line) {
    if (lines > breached_lines_max || !std::getline(file, line)) return false;
    if (line.ends_with('\r')) line.pop_back();
    ++lines;
    return true;
  });
  if (file.bad()) return refused("cannot be read to its end");
  if (lines > breached_lines_max)
    return refused("must have at most " + std::to_string(breached_lines_max) + " lines");
  return std::shared_ptr<const model::BreachedList>(std::move(list));
}

}  // namespace muster::assembly
