// SPDX-License-Identifier: Apache-2.0
/// @file Makes the pair of tokens that a login and a refresh answer with. Thread-safe; blocks where the
/// user's grants must be read.
#pragma once

#include "model/session.hpp"
#include "ops/context.hpp"
#include "ops/log_in.hpp"

namespace muster::ops {

/// For `session`, whose times and issued_epoch are set already; sets its refresh_hash. Errors: those of the
/// store; not_found (the user is gone).
Result<TokenPair> new_tokens(Context& context, model::Session& session, const model::User& user);

}  // namespace muster::ops
