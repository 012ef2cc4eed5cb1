#include "lib/core/hash.h"

#include <blake2.h>
#include <openssl/evp.h>

#include <map>
#include <mutex>
#include <stdexcept>

#include "lib/core/blake2_parallel.h"
#include "lib/core/text.h"

namespace microstage {

namespace {

// OpenSSL 3 looks a digest up under a lock each time it is named; fetched once, the lookup is free. The
// fetched objects live as long as the process.
const EVP_MD* fetched(const std::string& name) {
  static std::mutex mutex;
  // Never destroyed: OpenSSL's own clean-up at exit comes before that of our statics.
  static auto& digests = *new std::map<std::string, const EVP_MD*>;
  const std::lock_guard lock(mutex);
  const EVP_MD*& digest = digests[name];
  if (digest == nullptr) digest = EVP_MD_fetch(nullptr, name.c_str(), nullptr);
  return digest;
}

class OpensslHasher final : public Hasher {
 public:
  explicit OpensslHasher(const EVP_MD* digest) : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex2(context_.get(), digest, nullptr) != 1)
      throw std::runtime_error("OpenSSL cannot start a digest");
  }

  void update(std::span<const std::byte> bytes) override {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
      throw std::runtime_error("OpenSSL cannot continue a digest");
  }

  std::string finish() override {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &length) != 1)
      throw std::runtime_error("OpenSSL cannot finish a digest");
    return hex(std::span(digest).first(length));
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// libb2's two variants differ only in their names.
template <class State, int (*Init)(State*, std::size_t),
          int (*Update)(State*, const std::uint8_t*, std::size_t),
          int (*Final)(State*, std::uint8_t*, std::size_t)>
class Blake2Hasher final : public Hasher {
 public:
  explicit Blake2Hasher(std::size_t length) : length_(length) {
    if (Init(&state_, length_) != 0) throw std::runtime_error("libb2 cannot start a digest");
  }

  void update(std::span<const std::byte> bytes) override {
    Update(&state_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }

  std::string finish() override {
    std::array<std::uint8_t, BLAKE2B_OUTBYTES> digest{};
    Final(&state_, digest.data(), length_);
    return hex(std::span(digest).first(length_));
  }

 private:
  std::size_t length_;
  State state_{};
};

using Blake2b = Blake2Hasher<blake2b_state, blake2b_init, blake2b_update, blake2b_final>;
using Blake2s = Blake2Hasher<blake2s_state, blake2s_init, blake2s_update, blake2s_final>;

template <class Tree>
class ParallelHasher final : public Hasher {
 public:
  explicit ParallelHasher(std::size_t length) : length_(length), tree_(length) {}

  void update(std::span<const std::byte> bytes) override { tree_.update(bytes); }

  std::string finish() override {
    std::array<std::uint8_t, Tree::kInner> digest{};
    tree_.finish(std::span(digest).first(length_));
    return hex(std::span(digest).first(length_));
  }

 private:
  std::size_t length_;
  Blake2Parallel<Tree> tree_;
};

using Blake2bp = ParallelHasher<Blake2bTree>;
using Blake2sp = ParallelHasher<Blake2sTree>;

std::unique_ptr<Hasher> make_openssl(const std::string& name) {
  const EVP_MD* digest = fetched(name);
  return digest == nullptr ? nullptr : std::make_unique<OpensslHasher>(digest);
}

bool is_sha_length(unsigned bits) {
  return bits == 224 || bits == 256 || bits == 384 || bits == 512;
}

}  // namespace

std::unique_ptr<Hasher> make_hasher(HashAlgorithm algorithm) {
  const unsigned bits = algorithm.bits;
  const std::size_t bytes = bits / 8;
  const bool whole = bits % 8 == 0 && bits > 0;
  switch (algorithm.family) {
    case HashFamily::md5:
      return bits == 128 ? make_openssl("MD5") : nullptr;
    case HashFamily::sha1:
      return bits == 160 ? make_openssl("SHA1") : nullptr;
    case HashFamily::sha2:
      return is_sha_length(bits) ? make_openssl("SHA2-" + std::to_string(bits)) : nullptr;
    case HashFamily::sha3:
      return is_sha_length(bits) ? make_openssl("SHA3-" + std::to_string(bits)) : nullptr;
    case HashFamily::blake2b:
      return whole && bytes <= BLAKE2B_OUTBYTES ? std::make_unique<Blake2b>(bytes) : nullptr;
    case HashFamily::blake2bp:
      return whole && bytes <= BLAKE2B_OUTBYTES ? std::make_unique<Blake2bp>(bytes) : nullptr;
    case HashFamily::blake2s:
      return whole && bytes <= BLAKE2S_OUTBYTES ? std::make_unique<Blake2s>(bytes) : nullptr;
    case HashFamily::blake2sp:
      return whole && bytes <= BLAKE2S_OUTBYTES ? std::make_unique<Blake2sp>(bytes) : nullptr;
  }
  return nullptr;
}

std::array<unsigned char, 16> md5_of(std::string_view text) {
  std::array<unsigned char, 16> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, fetched("MD5"), nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute MD5, which git-annex's hash directories need");
  return digest;
}

}  // namespace microstage
