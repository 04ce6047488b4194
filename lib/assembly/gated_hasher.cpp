// SPDX-License-Identifier: Apache-2.0
#include "assembly/gated_hasher.hpp"

namespace muster::assembly {

class GatedHasher::Permit {
 public:
  explicit Permit(GatedHasher& gate) : gate_(gate) {
    std::unique_lock lock(gate_.mutex_);
    gate_.permit_returned_.wait(lock, [this] { return gate_.permits_ > 0; });
    --gate_.permits_;
    gate_.running_.fetch_add(1, std::memory_order_relaxed);
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    gate_.running_.fetch_sub(1, std::memory_order_relaxed);
    gate_.hashes_.fetch_add(1, std::memory_order_relaxed);
    {
      const std::lock_guard lock(gate_.mutex_);
      ++gate_.permits_;
    }
    gate_.permit_returned_.notify_one();
  }

 private:
  GatedHasher& gate_;
};

GatedHasher::GatedHasher(std::unique_ptr<ports::PasswordHasher> hasher, std::size_t at_once)
    : hasher_(std::move(hasher)), permits_(at_once) {}

Result<Secret> GatedHasher::hash(const Secret& password) {
  const Permit permit(*this);
  return hasher_->hash(password);
}

Result<ports::PasswordMatch> GatedHasher::verify(const Secret& password, const Secret& hash) {
  const Permit permit(*this);
  return hasher_->verify(password, hash);
}

void GatedHasher::verify_nothing(const Secret& password) {
  const Permit permit(*this);
  hasher_->verify_nothing(password);
}

Status GatedHasher::check_format(std::string_view hash) const {
  return hasher_->check_format(hash);
}

HashingCounters GatedHasher::counters() const {
  return {hashes_.load(std::memory_order_relaxed), running_.load(std::memory_order_relaxed)};
}

}  // namespace muster::assembly
