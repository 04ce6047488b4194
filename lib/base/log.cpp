// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/encoding.hpp"
#include "base/repeats.hpp"

#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace muster::log {
namespace {

thread_local std::string trace_id_of_thread;

void append_json_string(spdlog::memory_buf_t& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto put = [&](std::string_view part) { out.append(part.data(), part.data() + part.size()); };
  // Bytes that are no UTF-8 would make the line no JSON.
  const bool is_text = is_utf8(text);
  put("\"");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || (byte >= 0x80 && !is_text)) {
      put("\\u00");
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  put("\"");
}

class MessageFlag final : public spdlog::custom_flag_formatter {
 public:
  explicit MessageFlag(Format format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, const std::tm& /*when*/,
              spdlog::memory_buf_t& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const auto put = [&](std::string_view part) { out.append(part.data(), part.data() + part.size()); };
    if (format_ == Format::json) {
      append_json_string(out, text);
      if (!trace_id_of_thread.empty()) {
        put(",\"trace_id\":");
        append_json_string(out, trace_id_of_thread);
      }
      return;
    }
    // One event is one line: a line break or a terminal's control sequence in a logged value must not forge a
    // second event.
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\n') {
        put("\\n");
      } else if (byte < 0x20 || byte == 0x7f) {
        put("\\x");
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
      } else {
        out.push_back(c);
      }
    }
    if (!trace_id_of_thread.empty()) {
      put(" trace_id=");
      put(trace_id_of_thread);
    }
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MessageFlag>(format_);
  }

 private:
  Format format_;
};

}  // namespace

Status configure(Format format, std::string_view level) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  if (parsed == spdlog::level::off && level != "off")
    return fail(ErrorCode::invalid_argument, "must be one of trace, debug, info, warn, error, off");
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<MessageFlag>('*', format);
  formatter->set_pattern(format == Format::json
                             ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","thread":%t,"message":%*})"
                             : "%Y-%m-%dT%H:%M:%S.%fZ %-5l %*");
  auto logger = std::make_shared<spdlog::logger>("muster", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::move(formatter));
  logger->set_level(parsed);
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

TraceScope::TraceScope(std::string_view trace_id) : previous_(std::move(trace_id_of_thread)) {
  trace_id_of_thread = trace_id;
}

TraceScope::~TraceScope() {
  trace_id_of_thread = std::move(previous_);
}

std::string_view TraceScope::current() {
  return trace_id_of_thread;
}

void error_now_and_then(const std::string& text) {
  static Repeats repeats(std::chrono::seconds(1));
  const auto left_out = repeats.say(text, Repeats::Clock::now());
  if (!left_out) return;
  if (*left_out == 0)
    error("{}", text);
  else
    error("{} (and {} times more since it was last said)", text, *left_out);
}

}  // namespace muster::log
