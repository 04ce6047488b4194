// SPDX-License-Identifier: Apache-2.0
// Bytes to requests: however they are split, the outcome must be the same, and what was accepted must be
// within the limits and free of what could be read in two ways.
#include "base/check.hpp"
#include "http/characters.hpp"
#include "http/framing.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace muster::http;

// Which of two faults is met first may depend on how the bytes were split, so the status is not compared.
struct Outcome {
  std::vector<std::string> requests;
  bool refused = false;

  bool operator==(const Outcome&) const = default;
};

const Limits& limits() {
  static const Limits small = [] {
    Limits changed;
    changed.target_size_max_bytes = 100;
    changed.header_size_max_bytes = 2000;
    changed.header_count_max = 20;
    changed.body_size_max_bytes = 500;
    return changed;
  }();
  return small;
}

void check_request(const Request& request) {
  MUSTER_CHECK(request.target.size() <= limits().target_size_max_bytes + 1);
  MUSTER_CHECK(request.path.size() + request.query.size() <= request.target.size());
  MUSTER_CHECK(request.headers.size() <= limits().header_count_max + 1);
  MUSTER_CHECK(request.body.size() <= limits().body_size_max_bytes);
  unsigned lengths = 0;
  unsigned codings = 0;
  unsigned hosts = 0;
  for (const auto& [name, value] : request.headers) {
    MUSTER_CHECK(is_token(name) && is_field_value(value));
    lengths += equal_without_case(name, "Content-Length") ? 1 : 0;
    codings += equal_without_case(name, "Transfer-Encoding") ? 1 : 0;
    hosts += equal_without_case(name, "Host") ? 1 : 0;
  }
  MUSTER_CHECK(lengths + codings <= 1 && hosts <= 1);
  if (lengths + codings == 0) MUSTER_CHECK(request.body.empty());
}

// `piece` gives the size of the piece after the one before.
template <class Piece>
Outcome read(std::string_view bytes, Piece&& piece) {
  Framing framing(limits());
  Request request;
  Outcome outcome;
  std::string waiting;
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(bytes.size(), piece());
    waiting.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (!waiting.empty()) {
      const auto step = framing.feed(waiting, request);
      MUSTER_CHECK(step.consumed <= waiting.size());
      waiting.erase(0, step.consumed);
      if (step.progress == Framing::Progress::need_more) break;
      if (step.progress == Framing::Progress::refused) {
        MUSTER_CHECK(framing.refusal().status >= 400);
        outcome.refused = true;
        return outcome;
      }
      if (step.progress == Framing::Progress::head) continue;
      check_request(request);
      outcome.requests.push_back(request.target + '\n' + request.body);
    }
    MUSTER_CHECK(waiting.size() <= limits().header_size_max_bytes + size);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read(bytes, [] { return std::size_t{1} << 20; });
  const auto single = read(bytes, [] { return std::size_t{1}; });
  MUSTER_CHECK(whole == single);
  std::size_t state = size;
  const auto mixed = read(bytes, [&state] { return 1 + (state = state * 31 + 7) % 40; });
  MUSTER_CHECK(whole == mixed);
  return 0;
}
