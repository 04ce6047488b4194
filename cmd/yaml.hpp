// SPDX-License-Identifier: Apache-2.0
/// @file JSON values as YAML 1.1 and 1.2 text that both read back as the same value: a string that looks like
/// something else is quoted. Not thread-safe.
#pragma once

#include "base/result.hpp"
#include "wire/json.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace muster::cmd {

/// Writes one document into a string, event by event.
class YamlWriter {
 public:
  YamlWriter();
  YamlWriter(const YamlWriter&) = delete;
  YamlWriter& operator=(const YamlWriter&) = delete;
  ~YamlWriter();

  void begin_object();
  void end_object();
  void begin_list();
  void end_list();
  void key(std::string_view name);
  void value(const wire::Json& value);
  void finish();

  /// What was written since the last call. Error: internal.
  Result<std::string> take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

Result<std::string> to_yaml(const wire::Json& value);

}  // namespace muster::cmd
