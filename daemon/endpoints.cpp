// SPDX-License-Identifier: Apache-2.0
#include "daemon/endpoints.hpp"

#include <array>

namespace muster::daemon {

std::span<const Route> own_endpoints() {
  using http::Method;
  static const std::array routes{
      Route{.path = "/healthz", .access = Access::open, .endpoint = &answer_health},
      Route{.path = "/readyz", .access = Access::open, .endpoint = &answer_readiness},
      Route{.path = "/metrics", .access = Access::open, .endpoint = &answer_metrics},
      // Envoy sends the original method and the original path behind the prefix.
      Route{.path = "/v1/auth/verify", .any_method = true, .subtree = true, .endpoint = &answer_verify},
      Route{.path = "/.well-known/jwks.json", .access = Access::open, .endpoint = &answer_jwks},
      Route{
          .path = "/.well-known/openid-configuration", .access = Access::open, .endpoint = &answer_discovery},
      Route{.method = Method::post,
            .path = "/oauth2/introspect",
            .body = Body::form,
            .format = Format::oauth2,
            .endpoint = &answer_introspection},
      // The token itself is credential enough, so the caller may be anybody.
      Route{.method = Method::post,
            .path = "/oauth2/revoke",
            .body = Body::form,
            .access = Access::optional,
            .format = Format::oauth2,
            .endpoint = &answer_token_revocation},
      Route{.path = "/v1/openapi.json", .access = Access::open, .endpoint = &answer_openapi},
  };
  return routes;
}

}  // namespace muster::daemon
