#include "lib/ledger/chain.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "lib/core/text.h"

namespace microstage::ledger {

struct ChainHasher::Context {
  EVP_MD* digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();

  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(digest);
  }
};

ChainHasher::ChainHasher() : context_(std::make_unique<Context>()) {}
ChainHasher::~ChainHasher() = default;
ChainHasher::ChainHasher(ChainHasher&&) noexcept = default;
ChainHasher& ChainHasher::operator=(ChainHasher&&) noexcept = default;

Hash ChainHasher::next(const Hash& previous, std::string_view canonical) {
  return digest({reinterpret_cast<const char*>(previous.data()), previous.size()}, canonical);
}

Hash ChainHasher::plain(std::string_view bytes) {
  return digest({}, bytes);
}

Hash ChainHasher::digest(std::string_view first, std::string_view second) {
  Hash hash{};
  unsigned size = 0;
  const bool good = EVP_DigestInit_ex2(context_->state, context_->digest, nullptr) == 1 &&
                    EVP_DigestUpdate(context_->state, first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context_->state, second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context_->state, hash.data(), &size) == 1;
  if (!good || size != hash.size()) throw std::runtime_error("OpenSSL cannot compute SHA-256");
  return hash;
}

std::string to_text(const Head& head) {
  return std::to_string(head.seq) + ":" + hex(head.hash);
}

namespace {

int digit(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t value = kDigits.find(c);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

}  // namespace

std::optional<Head> parse_head(std::string_view text) {
  Head head;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !parse_decimal(text.substr(0, colon), head.seq)) return std::nullopt;
  text.remove_prefix(colon + 1);
  if (text.size() != 2 * head.hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < head.hash.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    head.hash.at(i) = static_cast<unsigned char>(high * 16 + low);
  }
  return head;
}

}  // namespace microstage::ledger
