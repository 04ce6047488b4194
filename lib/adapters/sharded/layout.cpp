// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/layout.hpp"

namespace muster::sharded {

Database& Layout::at(const ports::Home& home) const {
  switch (home.kind) {
    case ports::Home::Kind::catalog:
      return catalog();
    case ports::Home::Kind::user:
      return owner_of(home.user_id);
    case ports::Home::Kind::part:
      return *databases.at(home.index);
  }
  return catalog();
}

}  // namespace muster::sharded
