#pragma once
// The hash chain: the hash of a row is SHA-256 over the hash of the row before (32 zero bytes before the
// first) and the row's canonical bytes. Computation only.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace microstage::ledger {

using Hash = std::array<unsigned char, 32>;

// Where a chain ends, or ended once: whoever kept an earlier head can tell whether the chain was cut or
// rewritten since. Sequence 0 with a hash of zeros is the head of an empty ledger.
struct Head {
  std::uint64_t seq = 0;
  Hash hash{};

  bool operator==(const Head&) const = default;
};

// "SEQ:HASH", the hash in hex; nothing for any other text.
[[nodiscard]] std::string to_text(const Head& head);
[[nodiscard]] std::optional<Head> parse_head(std::string_view text);

// Threads: one at a time.
class ChainHasher {
 public:
  ChainHasher();
  ~ChainHasher();
  ChainHasher(ChainHasher&&) noexcept;
  ChainHasher& operator=(ChainHasher&&) noexcept;

  [[nodiscard]] Hash next(const Hash& previous, std::string_view canonical);
  // SHA-256 of the bytes alone.
  [[nodiscard]] Hash plain(std::string_view bytes);

 private:
  struct Context;
  [[nodiscard]] Hash digest(std::string_view first, std::string_view second);
  std::unique_ptr<Context> context_;
};

}  // namespace microstage::ledger
