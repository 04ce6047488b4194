// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"
#include "http/response_writer.hpp"
#include "http/server.hpp"

#include <utility>

namespace muster::http {

Responder::Responder(std::shared_ptr<Target> target, std::uint64_t sequence, Compression compression)
    : target_(std::move(target)), sequence_(sequence), compression_(compression) {}

Responder::~Responder() {
  if (target_) target_->abandon(sequence_);
}

void Responder::send(Response response) {
  const auto target = std::exchange(target_, nullptr);
  if (!target) return;
  // Here and not on the reactor: packing a megabyte takes longer than a reactor may be held.
  compress(response, compression_);
  target->answer(sequence_, std::move(response));
}

}  // namespace muster::http
