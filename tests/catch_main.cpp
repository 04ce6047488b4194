// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

namespace {

/// There before the first thread: a checker of races does not see how the library makes it only once.
[[maybe_unused]] const spdlog::logger* const logger = spdlog::default_logger_raw();

}  // namespace
