// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace muster::daemon {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Seconds since the epoch; 0 when /proc does not tell.
double start_time() {
  std::ifstream stat("/proc/self/stat");
  std::string text;
  std::getline(stat, text);
  // The name in parentheses may hold anything, so fields are counted from its end.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  std::ifstream boot("/proc/stat");
  std::string word;
  double boot_time = 0;
  while (boot >> word)
    if (word == "btime") {
      boot >> boot_time;
      break;
    }
  double ticks = 0;
  std::from_chars(field.data(), field.data() + field.size(), ticks);
  return boot_time + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

void collect_process(MetricSink& sink) {
  static const double started = start_time();
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    sink.counter("process_cpu_seconds_total", "Processor time spent, user and system",
                 seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
  double virtual_pages = 0;
  double resident_pages = 0;
  if (std::ifstream memory("/proc/self/statm"); memory >> virtual_pages >> resident_pages) {
    const auto page_size_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    sink.gauge("process_resident_memory_bytes", "Resident memory", resident_pages * page_size_bytes);
    sink.gauge("process_virtual_memory_bytes", "Virtual memory", virtual_pages * page_size_bytes);
  }
  std::error_code error;
  double open_files = 0;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error))
    ++open_files;
  sink.gauge("process_open_fds", "Open file descriptors", open_files);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    sink.gauge("process_max_fds", "The most file descriptors there may be",
               static_cast<double>(limit.rlim_cur));
  sink.gauge("process_start_time_seconds", "When the process started, in seconds since the epoch", started);
}

}  // namespace muster::daemon
