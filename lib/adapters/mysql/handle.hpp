// SPDX-License-Identifier: Apache-2.0
/// @file The client library's handle, as its owner. A handle belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>

#include <mysql.h>

namespace muster::mysql {

struct Closer {
  void operator()(MYSQL* handle) const { mysql_close(handle); }
};
using Handle = std::unique_ptr<MYSQL, Closer>;

/// Runs one statement; the last column of its first row as text, if any. False: look at mysql_errno.
bool run_text(MYSQL* handle, const std::string& statement, std::string* value = nullptr);

}  // namespace muster::mysql
