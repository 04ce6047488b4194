// SPDX-License-Identifier: Apache-2.0
/// @file Logging, on spdlog. One process-wide logger, text or JSON lines on stderr; a line carries the
/// trace id of the request that caused it where there is one. Secrets have no formatter, so they cannot
/// be written here by accident. Thread-safe.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

namespace muster::log {

enum class Format { text, json };

/// Installs the process-wide logger. `level` is one of trace, debug, info, warn, error, off.
/// Error: invalid_argument for another level. Call again to change either.
Status configure(Format format, std::string_view level);

/// While it lives, lines written by this thread carry the trace id.
class TraceScope {
 public:
  explicit TraceScope(std::string_view trace_id);
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;
  ~TraceScope();

  static std::string_view current();

 private:
  std::string previous_;
};

template <class... Args>
void debug(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::debug(format, std::forward<Args>(args)...);
}
template <class... Args>
void info(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::info(format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::warn(format, std::forward<Args>(args)...);
}
template <class... Args>
void error(spdlog::format_string_t<Args...> format, Args&&... args) {
  spdlog::error(format, std::forward<Args>(args)...);
}
/// What may be said for every request of an outage: at most once a second, then with how often it was not.
void error_now_and_then(const std::string& text);

}  // namespace muster::log
