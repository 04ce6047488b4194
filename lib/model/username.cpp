// SPDX-License-Identifier: Apache-2.0
#include "model/username.hpp"

#include "base/check.hpp"
#include "base/encoding.hpp"
#include "model/unicode.hpp"

#include <algorithm>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

namespace muster::model {
namespace {

constexpr std::size_t length_max = 64;
constexpr std::size_t size_max_bytes = length_max * 4;

Error refused(std::string_view why) {
  return Error::invalid("username", std::string(why));
}

constexpr std::string_view shape =
    "must be 1 to 64 letters, digits, \".\", \"_\" or \"-\", beginning and ending with a letter or digit";

bool is_mark(UChar32 point) {
  return (U_GET_GC_MASK(point) & U_GC_M_MASK) != 0;
}
bool is_alphanumeric(UChar32 point) {
  return (U_GET_GC_MASK(point) & (U_GC_L_MASK | U_GC_ND_MASK)) != 0;
}
bool is_separator(UChar32 point) {
  return point == '.' || point == '_' || point == '-';
}

bool has_shape(const icu::UnicodeString& name) {
  const int32_t length = name.countChar32();
  if (length < 1 || length > static_cast<int32_t>(length_max)) return false;
  for (int32_t at = 0; at < name.length(); at = name.moveIndex32(at, 1)) {
    const UChar32 point = name.char32At(at);
    const bool is_first = at == 0;
    const bool is_last = name.moveIndex32(at, 1) == name.length();
    if (is_alphanumeric(point) || (is_mark(point) && !is_first)) continue;
    if (!is_separator(point) || is_first || is_last) return false;
  }
  return true;
}

bool is_all_digits(const icu::UnicodeString& name) {
  for (int32_t at = 0; at < name.length(); at = name.moveIndex32(at, 1))
    if (u_charType(name.char32At(at)) != U_DECIMAL_DIGIT_NUMBER) return false;
  return true;
}

const USpoofChecker* spoof_checker() {
  static const USpoofChecker* const checker = [] {
    UErrorCode status = U_ZERO_ERROR;
    USpoofChecker* out = uspoof_open(&status);
    uspoof_setChecks(out, USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS, &status);
    uspoof_setRestrictionLevel(out, USPOOF_HIGHLY_RESTRICTIVE);
    MUSTER_CHECK(U_SUCCESS(status));
    return out;
  }();
  return checker;
}

/// Whether a name that is not ASCII reads like one that is: Cyrillic "асе" for Latin "ace".
bool looks_ascii(const icu::UnicodeString& name) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString skeleton;
  uspoof_getSkeletonUnicodeString(spoof_checker(), 0, name, skeleton, &status);
  if (U_FAILURE(status)) return true;
  for (int32_t at = 0; at < skeleton.length(); ++at)
    if (skeleton.charAt(at) >= 0x80) return false;
  return true;
}

Status check_not_reserved(std::string_view canonical) {
  if (canonical == "me") return fail(refused("\"me\" stands for the caller; choose another"));
  return {};
}

Result<std::string> canonical_ascii(std::string_view username) {
  const auto alphanumeric = [](char c) { return u_isalnum(static_cast<unsigned char>(c)) != 0; };
  if (username.size() > length_max || !alphanumeric(username.front()) || !alphanumeric(username.back()))
    return fail(refused(shape));
  std::string out(username);
  for (char& c : out) {
    if (!alphanumeric(c) && !is_separator(static_cast<unsigned char>(c))) return fail(refused(shape));
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (std::all_of(out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return fail(refused("must not be all digits, which would read as an id"));
  MUSTER_CHECK_OK(check_not_reserved(out));
  return out;
}

}  // namespace

Result<std::string> canonical_username(std::string_view username) {
  if (username.empty() || username.size() > size_max_bytes || !is_utf8(username)) return fail(refused(shape));
  if (is_ascii(username)) return canonical_ascii(username);

  const auto given =
      icu::UnicodeString::fromUTF8(icu::StringPiece(username.data(), static_cast<int32_t>(username.size())));
  if (!has_shape(given)) return fail(refused(shape));
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  MUSTER_CHECK(U_SUCCESS(status));
  const icu::UnicodeString folded = normalizer->normalize(given, status);
  if (U_FAILURE(status) || !has_shape(folded)) return fail(refused(shape));
  std::string out;
  folded.toUTF8String(out);
  if (is_ascii(out)) return canonical_ascii(out);
  if (is_all_digits(folded)) return fail(refused("must not be all digits, which would read as an id"));
  const int32_t failed_checks = uspoof_check2UnicodeString(spoof_checker(), folded, nullptr, &status);
  if (U_FAILURE(status) || failed_checks != 0)
    return fail(refused("must not mix scripts whose letters look alike"));
  if (looks_ascii(folded)) return fail(refused("must not look like a name in Latin letters"));
  return out;
}

}  // namespace muster::model
