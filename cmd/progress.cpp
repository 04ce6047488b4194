// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.hpp"

#include "base/time.hpp"
#include "cmd/terminal.hpp"

#include <cstdio>

namespace muster::cmd {
namespace {

constexpr std::chrono::milliseconds redraw_interval{200};

}  // namespace

Progress::Progress(const Terminal& terminal, std::string title)
    : shown_(terminal.shows_progress()),
      title_(std::move(title)),
      started_(std::chrono::steady_clock::now()) {}

std::string Progress::line(const std::string& title, std::uint64_t done, std::uint64_t total, double rate_hz,
                           const std::string& note) {
  std::string out = title + ": " + std::to_string(done);
  if (total > 0) {
    out += " of " + std::to_string(total);
    out += " (" + std::to_string(done >= total ? 100 : done * 100 / total) + "%)";
  }
  if (rate_hz >= 1) {
    out += ", " + std::to_string(static_cast<std::uint64_t>(rate_hz)) + "/s";
    if (total > done) {
      const auto left =
          std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(total - done) / rate_hz) + 1);
      out += ", " + format_duration(left) + " left";
    }
  }
  return note.empty() ? out : out + ", " + note;
}

void Progress::show(std::uint64_t done, std::uint64_t total, const std::string& note) {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!has_first_) {
    has_first_ = true;
    first_done_ = done;
    started_ = now;
  }
  if (drawn_ && now - drawn_at_ < redraw_interval) return;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate_hz =
      seconds > 0.5 ? static_cast<double>(done - std::min(done, first_done_)) / seconds : 0;
  std::fprintf(stderr, "\r\x1b[K%s", line(title_, done, total, rate_hz, note).c_str());
  (void)std::fflush(stderr);
  drawn_ = true;
  drawn_at_ = now;
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace muster::cmd
