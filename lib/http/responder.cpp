// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "http/connection.hpp"
#include "http/response_writer.hpp"
#include "http/server.hpp"

#include <utility>

namespace muster::http {

Responder::Responder(std::shared_ptr<Target> target, std::uint64_t sequence, Compression compression)
    : target_(std::move(target)), sequence_(sequence), compression_(compression) {}

Responder::~Responder() {
  if (!target_) return;
  try {
    target_->abandon(sequence_);
  } catch (const std::exception& error) {
    log::error("A request could not even be refused: {}", error.what());
  }
}

void Responder::send(Response response) {
  if (!target_) return;
  // Here and not on the reactor: packing a megabyte takes longer than a reactor may be held.
  compress(response, compression_);
  // Given away only afterwards: where there is no memory for the answer, the refusal still goes out.
  target_->answer(sequence_, std::move(response));
  target_.reset();
}

}  // namespace muster::http
