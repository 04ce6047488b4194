// SPDX-License-Identifier: Apache-2.0
#include "model/contact.hpp"

#include "base/check.hpp"
#include "base/encoding.hpp"
#include "model/unicode.hpp"

#include <algorithm>
#include <memory>

#include <unicode/idna.h>
#include <unicode/unistr.h>

namespace muster::model {
namespace {

constexpr std::size_t email_size_max_bytes = 254;
constexpr std::size_t local_size_max_bytes = 64;
constexpr std::size_t label_size_max_bytes = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_local_part(std::string_view local) {
  constexpr std::string_view marks = "!#$%&'*+/=?^_`{|}~-.";
  if (local.empty() || local.size() > local_size_max_bytes || local.front() == '.' || local.back() == '.')
    return false;
  if (local.find("..") != std::string_view::npos) return false;
  return std::all_of(local.begin(), local.end(), [&](char c) {
    return is_lower(c) || is_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_size_max_bytes || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_domain(std::string_view domain) {
  std::size_t labels = 0;
  std::string_view label;
  for (std::string_view rest = domain;; ++labels) {
    const auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // A last label of digits alone would be an address, not a name.
  return labels > 0 && !std::all_of(label.begin(), label.end(), is_digit);
}

std::string ascii_domain(std::string_view domain) {
  if (is_ascii(domain)) return lower_case(domain);
  static const icu::IDNA* const idna = [] {
    UErrorCode opened = U_ZERO_ERROR;
    const icu::IDNA* out = icu::IDNA::createUTS46Instance(
        UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII,
        opened);
    MUSTER_CHECK(U_SUCCESS(opened));
    return out;
  }();
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  idna->nameToASCII_UTF8(icu::StringPiece(domain.data(), static_cast<int32_t>(domain.size())), sink, info,
                         status);
  return U_FAILURE(status) || info.hasErrors() ? std::string{} : out;
}

}  // namespace

Result<std::string> normal_email(std::string_view email) {
  const auto refused = [] {
    return fail(
        Error::invalid("email", "must be an address such as name@example.org, at most 254 characters"));
  };
  if (email.empty() || email.size() > email_size_max_bytes || !is_utf8(email)) return refused();
  const auto at = email.rfind('@');
  if (at == std::string_view::npos) return refused();
  const std::string local = lower_case(email.substr(0, at));
  const std::string domain = ascii_domain(email.substr(at + 1));
  std::string out = local + '@' + domain;
  if (!is_local_part(local) || !is_domain(domain) || out.size() > email_size_max_bytes) return refused();
  return out;
}

Result<std::string> normal_phone(std::string_view phone) {
  const auto refused = [] {
    return fail(Error::invalid(
        "phone", "must be an international number such as +49 30 1234567: +, then 8 to 15 digits"));
  };
  constexpr std::size_t size_max_bytes = 40;
  constexpr std::string_view separators = " .-()";
  if (phone.size() > size_max_bytes || phone.empty() || phone.front() != '+') return refused();
  std::string out = "+";
  for (const char c : phone.substr(1)) {
    if (is_digit(c))
      out += c;
    else if (separators.find(c) == std::string_view::npos)
      return refused();
  }
  if (out.size() < 9 || out.size() > 16 || out[1] == '0') return refused();
  return out;
}

}  // namespace muster::model
