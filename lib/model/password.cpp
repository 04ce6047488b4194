// SPDX-License-Identifier: Apache-2.0
#include "model/password.hpp"

#include "base/check.hpp"
#include "base/encoding.hpp"
#include "model/breached_passwords.hpp"
#include "model/unicode.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

#include <string.h>  // explicit_bzero is not in <cstring>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <xxhash.h>
#include <zxcvbn.h>

namespace muster::model {
namespace {

/// Hundred million guesses: what zxcvbn calls safely unguessable for an account whose attempts are limited.
constexpr double strength_min_bits = 26.5;
/// zxcvbn's time grows with the square of the length and more; what is strong in its beginning is strong.
constexpr std::size_t judged_size_max_bytes = 48;
/// Shorter words are in too many good passwords by chance.
constexpr std::size_t context_word_size_min_bytes = 4;

/// A UTF-16 buffer that is wiped when it goes.
class WipedUnits {
 public:
  explicit WipedUnits(std::size_t size) : units_(size) {}
  WipedUnits(const WipedUnits&) = delete;
  WipedUnits& operator=(const WipedUnits&) = delete;
  ~WipedUnits() { explicit_bzero(units_.data(), units_.size() * sizeof(char16_t)); }

  [[nodiscard]] char16_t* data() { return units_.data(); }
  [[nodiscard]] std::int32_t capacity() const { return static_cast<std::int32_t>(units_.size()); }

 private:
  std::vector<char16_t> units_;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Digits and marks that people write for letters.
std::string without_leet(std::string_view text) {
  constexpr std::string_view written = "013457@$!";
  constexpr std::string_view meant = "oieastasi";
  std::string out(text);
  for (char& c : out)
    if (const auto at = written.find(c); at != std::string_view::npos) c = meant[at];
  return out;
}

/// Without the few digits and marks that people put around a word.
std::string_view bare_word(std::string_view text) {
  constexpr std::size_t decoration_max = 5;
  for (std::size_t i = 0; i < decoration_max && !text.empty() && !is_letter(text.back()); ++i)
    text.remove_suffix(1);
  for (std::size_t i = 0; i < decoration_max && !text.empty() && !is_letter(text.front()); ++i)
    text.remove_prefix(1);
  return text;
}

std::uint64_t listed_hash(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : lower_case(text) + ' ') {
    if (is_letter(c) || (c >= '0' && c <= '9')) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  return out;
}

std::string local_part(const PasswordContext& context) {
  return context.email ? context.email->substr(0, context.email->find('@')) : std::string{};
}

double strength_bits(std::string_view password, const PasswordContext& context) {
  constexpr std::size_t words_max = 32;
  std::vector<std::string> words;
  for (const std::string& text :
       {context.username, local_part(context), context.display_name.value_or(""), context.service}) {
    words.push_back(lower_case(text));
    const auto parts = words_of(text);
    words.insert(words.end(), parts.begin(), parts.end());
  }
  std::erase_if(words, [](const std::string& word) { return word.size() < 3; });
  words.resize(std::min(words.size(), words_max));
  std::vector<const char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(word.c_str());
  pointers.push_back(nullptr);
  std::string judged(password.substr(0, judged_size_max_bytes));
  std::replace(judged.begin(), judged.end(), '\0', '\x01');
  const double bits = ZxcvbnMatch(judged.c_str(), pointers.data(), nullptr);
  explicit_bzero(judged.data(), judged.size());
  return bits;
}

}  // namespace

BreachedList::BreachedList(const std::vector<std::string>& passwords)
    : BreachedList([at = passwords.begin(), end = passwords.end()](std::string& password) mutable {
        if (at == end) return false;
        password = *at++;
        return true;
      }) {}

BreachedList::BreachedList(const std::function<bool(std::string&)>& next) {
  for (std::string password; next(password);) hashes_.push_back(listed_hash(lower_case(password)));
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  hashes_.shrink_to_fit();
}

const BreachedList& BreachedList::shipped() {
  static const BreachedList list = [] {
    std::istringstream words{std::string(breached_passwords())};
    return BreachedList({std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()});
  }();
  return list;
}

bool BreachedList::contains(std::string_view password) const {
  const auto listed = [this](std::string_view text) {
    return !text.empty() && std::binary_search(hashes_.begin(), hashes_.end(), listed_hash(text));
  };
  const Secret whole(lower_case(password));
  const Secret plain(without_leet(whole.reveal()));
  const std::string_view word = bare_word(whole.reveal());
  const Secret plain_word(without_leet(word));
  return listed(whole.reveal()) || listed(word) || listed(plain.reveal()) || listed(plain_word.reveal());
}

Result<Secret> prepare_password(const Secret& password, std::string_view field) {
  const std::string_view text = password.reveal();
  const auto too_long = [&] {
    return fail(Error::invalid(std::string(field),
                               "must be at most " + std::to_string(password_length_max) + " characters"));
  };
  if (text.size() > password_length_max * 4) return too_long();
  if (!is_utf8(text)) return fail(Error::invalid(std::string(field), "must be UTF-8"));
  if (count_code_points(text) > password_length_max) return too_long();
  if (is_ascii(text)) return password;

  // NFC makes at most three units of one (UAX 15), UTF-8 at most three bytes of a unit.
  WipedUnits given(text.size());
  WipedUnits normal(text.size() * 3);
  UErrorCode status = U_ZERO_ERROR;
  std::int32_t length = 0;
  u_strFromUTF8(given.data(), given.capacity(), &length, text.data(), static_cast<std::int32_t>(text.size()),
                &status);
  for (std::int32_t i = 0; i < length; ++i)
    if (u_charType(given.data()[i]) == U_SPACE_SEPARATOR) given.data()[i] = u' ';
  length = unorm2_normalize(unorm2_getNFCInstance(&status), given.data(), length, normal.data(),
                            normal.capacity(), &status);
  std::string out(text.size() * 9, '\0');
  std::int32_t size_bytes = 0;
  u_strToUTF8(out.data(), static_cast<std::int32_t>(out.size()), &size_bytes, normal.data(), length, &status);
  MUSTER_CHECK(U_SUCCESS(status));
  out.resize(static_cast<std::size_t>(size_bytes));
  Secret prepared(std::move(out));
  if (count_code_points(prepared.reveal()) > password_length_max) return too_long();
  return prepared;
}

Status check_password(const Secret& prepared, const PasswordContext& context, const BreachedList* more,
                      std::string_view field) {
  const auto refused = [&](std::string why) {
    return fail(Error::invalid(std::string(field), std::move(why)));
  };
  const std::string_view text = prepared.reveal();
  const std::size_t length = count_code_points(text);
  if (length < password_length_min || length > password_length_max)
    return refused("must be " + std::to_string(password_length_min) + " to " +
                   std::to_string(password_length_max) + " characters");
  if (BreachedList::shipped().contains(text) || (more != nullptr && more->contains(text)))
    return refused("is among the passwords that attackers try first; choose another");
  const Secret folded(lower_case(text));
  for (const std::string& word :
       {lower_case(context.username), lower_case(local_part(context)), lower_case(context.service)})
    if (word.size() >= context_word_size_min_bytes && folded.reveal().find(word) != std::string_view::npos)
      return refused("must not contain the user's name, email or the service's name");
  if (strength_bits(text, context) < strength_min_bits)
    return refused("is too easy to guess; make it longer or less regular, several unrelated words do well");
  return {};
}

}  // namespace muster::model
