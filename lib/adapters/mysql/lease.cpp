// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/lease.hpp"

#include <charconv>

namespace muster::mysql {

WriterLease::Taken WriterLease::take(MYSQL* handle) {
  const std::string never_had = std::to_string(epoch_size - 1);
  std::string text;
  if (!run_text(handle,
                "INSERT IGNORE INTO counters (name, value) VALUES ('writer_lease', " + never_had + ")") ||
      !run_text(handle, "SELECT value FROM counters WHERE name = 'writer_lease'", &text))
    return Taken::error;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const std::int64_t epoch = number / epoch_size;
  const bool free = number % epoch_size == epoch_size - 1;
  if (epoch_ != 0 && epoch == epoch_ && !free) return Taken::yes;

  const auto now = std::chrono::steady_clock::now();
  alive_elsewhere_ = seen_ && seen_->number != number && !free;
  if (!seen_ || seen_->number != number) seen_ = Seen{number, now};
  if (!free && now - seen_->since < patience) return Taken::no;
  const std::string next = std::to_string((epoch + 1) * epoch_size);
  if (!run_text(handle,
                "UPDATE counters SET value = " + next + " WHERE name = 'writer_lease' AND value = " + text))
    return Taken::error;
  if (mysql_affected_rows(handle) != 1) return Taken::no;
  epoch_ = epoch + 1;
  return Taken::yes;
}

void WriterLease::give_back(MYSQL* handle) {
  if (epoch_ == 0) return;
  run_text(handle,
           "UPDATE counters SET value = " + std::to_string((epoch_ + 1) * epoch_size - 1) +
               " WHERE name = 'writer_lease' AND value DIV 1099511627776 = " + std::to_string(epoch_));
  run_text(handle, "COMMIT");
}

}  // namespace muster::mysql
