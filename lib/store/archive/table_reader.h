#pragma once
// Reads the table of members out of a 7z archive that somebody else holds: on a disk, behind a server. It
// says which bytes it needs next and is fed just those. No I/O; the format is described in 7z_format.md.
//
//   TableReader reader(size);
//   while (const auto range = reader.wanted())
//     if (auto fed = reader.feed(read(*range)); !fed) return fail(fed.error());
//   use(reader.take());
//
// Threads: one at a time.

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/store/archive/member_table.h"
#include "lib/store/archive/wire.h"

namespace microstage::store::archive {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Of one header, packed or not. Memory stays below a few times that, whatever the archive says.
inline constexpr std::uint64_t kMostHeaderBytes = std::uint64_t{256} << 20U;

class TableReader {
 public:
  explicit TableReader(std::uint64_t archive_size);

  // The next range to feed, inside the archive; nothing when the table is complete.
  [[nodiscard]] std::optional<ByteRange> wanted() const { return wanted_; }

  // The bytes of wanted(), all of them; fewer mean that the archive was cut meanwhile. A failure is final.
  // Errors, to be put behind the archive's name: integrity for what is damaged or no 7z archive; unsupported
  // for a sound one that cannot be read in place: compressed, encrypted, a header beyond all measure.
  [[nodiscard]] Status feed(Bytes bytes);

  // Once nothing is wanted any more.
  [[nodiscard]] MemberTable take() { return std::move(table_); }

 private:
  enum class State { signature, header, packed_header };

  [[nodiscard]] Status read_signature(Bytes bytes);
  [[nodiscard]] Status read_header(Bytes bytes);
  [[nodiscard]] Status read_encoded(ByteReader& reader);
  [[nodiscard]] Status unpack_header(Bytes packed);

  std::uint64_t archive_size_;
  std::uint64_t data_end_ = 0;  // where the end header begins
  std::uint32_t header_crc_ = 0;
  int levels_ = 0;  // headers may be packed more than once
  State state_ = State::signature;
  std::optional<ByteRange> wanted_;

  // How the packed header that is wanted is packed.
  struct Packing {
    std::uint64_t method = 0;
    std::vector<std::byte> properties;
    std::uint64_t size = 0;
    std::optional<std::uint32_t> crc;
  };
  Packing packing_;
  MemberTable table_;
};

}  // namespace microstage::store::archive
