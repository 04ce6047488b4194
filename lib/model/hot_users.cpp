// SPDX-License-Identifier: Apache-2.0
#include "model/hot_users.hpp"

#include <algorithm>

namespace muster::model {

void HotUsers::note(UserId user) {
  std::vector<HotUser>& slot = slots_[slot_of(user)];
  HotUser* least = nullptr;
  for (HotUser& each : slot) {
    if (each.user == user) {
      ++each.count;
      return;
    }
    if (least == nullptr || each.count < least->count) least = &each;
  }
  if (slot.size() < per_slot_max)
    slot.push_back({user, 1, 0});
  else
    *least = {user, least->count + 1, least->count};
}

void HotUsers::age(std::uint32_t slot) {
  for (HotUser& each : slots_[slot]) {
    each.count /= 2;
    each.not_own = std::min(each.not_own / 2, each.count);
  }
  std::erase_if(slots_[slot], [](const HotUser& each) { return each.count == 0; });
}

void HotUsers::restore(std::uint32_t slot, const std::vector<HotUser>& users) {
  std::vector<HotUser>& own = slots_[slot];
  own.clear();
  for (const HotUser& each : users) {
    const bool again =
        std::any_of(own.begin(), own.end(), [&](const HotUser& other) { return other.user == each.user; });
    if (slot_of(each.user) == slot && each.not_own <= each.count && own.size() < per_slot_max && !again)
      own.push_back(each);
  }
}

std::vector<UserId> hottest(std::vector<HotUser> users, std::size_t count) {
  const auto hotter = [](const HotUser& a, const HotUser& b) {
    if (a.sure() != b.sure()) return a.sure() > b.sure();
    return a.count != b.count ? a.count > b.count : a.user < b.user;
  };
  std::sort(users.begin(), users.end(), hotter);
  users.resize(std::min(users.size(), count));
  std::vector<UserId> out;
  out.reserve(users.size());
  for (const HotUser& each : users) out.push_back(each.user);
  return out;
}

}  // namespace muster::model
