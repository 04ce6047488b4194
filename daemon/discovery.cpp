// SPDX-License-Identifier: Apache-2.0
#include "daemon/endpoints.hpp"
#include "ports/crypto.hpp"
#include "wire/json.hpp"

#include <boost/json.hpp>

namespace muster::daemon {
namespace {

/// Where clients reach this API: the issuer where it is a URL, else the address the caller used.
std::string base_url(const ops::Settings& settings, const Exchange& exchange) {
  std::string issuer = settings.token_issuer;
  if (issuer.compare(0, 8, "https://") == 0 || issuer.compare(0, 7, "http://") == 0) {
    while (issuer.back() == '/') issuer.pop_back();
    return issuer;
  }
  const auto host = exchange.request.headers.find("Host").value_or("localhost");
  return (exchange.request.peer.secure ? "https://" : "http://") + std::string(host);
}

}  // namespace

Next answer_jwks(Services& services, Exchange& exchange) {
  exchange.response.content_type = "application/jwk-set+json";
  exchange.response.body = *services.context.signer.jwks();
  exchange.response.headers.add("Cache-Control", "public, max-age=300");
  return Next::answer;
}

Next answer_discovery(Services& services, Exchange& exchange) {
  const auto settings = services.context.settings();
  const std::string base = base_url(*settings, exchange);
  const auto algorithm = to_word(settings->token_algorithm);
  const boost::json::value document{
      {"issuer", settings->token_issuer},
      {"jwks_uri", base + "/.well-known/jwks.json"},
      {"introspection_endpoint", base + "/oauth2/introspect"},
      {"revocation_endpoint", base + "/oauth2/revoke"},
      {"response_types_supported", boost::json::array{}},
      {"grant_types_supported", boost::json::array{}},
      {"subject_types_supported", boost::json::array{"public"}},
      {"id_token_signing_alg_values_supported", boost::json::array{boost::json::string(algorithm)}},
      {"introspection_endpoint_auth_methods_supported", boost::json::array{"bearer"}},
  };
  exchange.response.body = wire::to_text(document);
  exchange.response.headers.add("Cache-Control", "public, max-age=300");
  return Next::answer;
}

Next answer_openapi(Services& services, Exchange& exchange) {
  exchange.response.body = services.openapi;
  exchange.response.headers.add("Cache-Control", "public, max-age=300");
  return Next::answer;
}

}  // namespace muster::daemon
