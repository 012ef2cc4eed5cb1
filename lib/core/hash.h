#pragma once
// Digests, as git-annex's key backends need them: OpenSSL's where it has them, libb2's for the BLAKE2 lengths
// and parallel variants that OpenSSL lacks. Computation only, no I/O.
//
// Threads: a Hasher belongs to one thread at a time; make_hasher may be called from any.

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace microstage {

enum class HashFamily { md5, sha1, sha2, sha3, blake2b, blake2bp, blake2s, blake2sp };

struct HashAlgorithm {
  HashFamily family = HashFamily::sha2;
  unsigned bits = 256;

  bool operator==(const HashAlgorithm&) const = default;
};

// The digest that some content should have.
struct Digest {
  HashAlgorithm algorithm;
  std::string hex;  // lower case
};

class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual void update(std::span<const std::byte> bytes) = 0;
  // The digest in lower-case hex. Ends the computation: call it once.
  [[nodiscard]] virtual std::string finish() = 0;
};

// Null when the algorithm does not exist (a length that its family does not have).
[[nodiscard]] std::unique_ptr<Hasher> make_hasher(HashAlgorithm algorithm);

// MD5 of a short text, as 16 bytes: git-annex derives an object's hash directories from it.
[[nodiscard]] std::array<unsigned char, 16> md5_of(std::string_view text);

}  // namespace microstage
