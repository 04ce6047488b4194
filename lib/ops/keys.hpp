// SPDX-License-Identifier: Apache-2.0
/// @file Lists and rotates the keys that sign access tokens. The next key is published before it signs, and
/// a retired one verifies until its last token is dead, so a rotation disturbs nobody.
#pragma once

#include "model/signing_key.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct ListKeys {
  using Request = Empty;
  using Reply = Page<model::SigningKey>;

  static constexpr OperationInfo info{.name = "list_keys",
                                      .summary = "List signing keys",
                                      .method = "GET",
                                      .path = "/v1/admin/keys",
                                      .needs = "read:key",
                                      .command = "key list"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct RotateKeys {
  using Request = Empty;
  struct Reply {
    model::SigningKey current;
    model::SigningKey next;
    std::optional<model::SigningKey> retired;

    static constexpr auto fields() {
      return std::tuple{field("current", &Reply::current, "The key that signs from now on"),
                        field("next", &Reply::next, "The key that comes after it"),
                        field("retired", &Reply::retired, "The key that signed until now")};
    }
  };

  static constexpr OperationInfo info{.name = "rotate_keys",
                                      .summary = "Sign with the next key from now on",
                                      .method = "POST",
                                      .path = "/v1/admin/keys/rotate",
                                      .needs = "rotate:key",
                                      .command = "key rotate",
                                      .help = "Tokens signed before stay good until they expire."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

/// Rotates when the current key is older than Settings::key_rotation_interval; removes dead keys. Called by
/// the daemon now and then. True: it rotated.
Result<bool> rotate_keys_if_due(Context& context);

}  // namespace muster::ops
