// SPDX-License-Identifier: Apache-2.0
/// @file How fast work that nobody waits for may go on beside requests that somebody waits for: as fast as
/// allowed while each piece takes the time that it usually takes, and slower as soon as that grows, because
/// then the store has enough to do. Pure: no clock. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>

namespace muster::model {

class Pace {
 public:
  using Duration = std::chrono::microseconds;

  /// At most so many pieces a second.
  explicit Pace(double per_second_max)
      : per_second_max_(std::max(per_second_max, 1.0)), per_second_(std::max(per_second_max_ / 10, 1.0)) {}

  /// A piece took so long. How long to wait before the next begins.
  Duration after(Duration took) {
    const auto took_us = static_cast<double>(took.count());
    lately_us_ = usual_us_ == 0 ? took_us : lately_us_ + (took_us - lately_us_) * 0.1;
    // Down at once, up slowly: what is usual is how long it takes when nothing is in the way.
    usual_us_ += (took_us - usual_us_) * (usual_us_ == 0 ? 1 : took_us < usual_us_ ? 0.2 : 0.001);
    per_second_ *= is_slow() ? 0.95 : 1.02;
    per_second_ = std::clamp(per_second_, std::min(10.0, per_second_max_), per_second_max_);
    const double wait_us = 1e6 / per_second_ - took_us;
    return Duration(static_cast<Duration::rep>(std::max(wait_us, 0.0)));
  }
  [[nodiscard]] double per_second() const { return per_second_; }

 private:
  [[nodiscard]] bool is_slow() const { return lately_us_ > 3 * usual_us_ + 500; }

  double per_second_max_;
  double per_second_;
  double usual_us_ = 0;
  double lately_us_ = 0;
};

}  // namespace muster::model
