#pragma once
// The words that a 7z header is made of: property ids, numbers of variable length, bit fields, CRCs; reading
// them from hostile bytes, and writing them. Source: 7zFormat.txt of the LZMA SDK; see 7z_format.md. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace microstage::store::archive {

using Bytes = std::span<const std::byte>;

inline constexpr std::array<unsigned char, 6> kSignature{'7', 'z', 0xBC, 0xAF, 0x27, 0x1C};
inline constexpr std::size_t kSignatureHeaderSize = 32;  // offsets in the header count from its end

// Members, directories and folders of an archive, each. Parsing takes some 200 bytes of memory for one.
inline constexpr std::uint64_t kMostThings = 1'000'000;

enum class Property : std::uint8_t {
  end = 0x00,
  header = 0x01,
  archive_properties = 0x02,
  additional_streams = 0x03,
  main_streams = 0x04,
  files = 0x05,
  pack_info = 0x06,
  unpack_info = 0x07,
  substreams_info = 0x08,
  size = 0x09,
  crc = 0x0A,
  folder = 0x0B,
  unpack_sizes = 0x0C,
  stream_counts = 0x0D,
  empty_stream = 0x0E,
  empty_file = 0x0F,
  anti = 0x10,
  names = 0x11,
  attributes = 0x15,
  encoded_header = 0x17,
};

[[nodiscard]] std::uint32_t crc32(Bytes bytes);  // as zip, gzip and Ethernet have it

// Reads forward and never beyond the end. The first failure sticks: every read after it gives zero or
// nothing, so that a parser need only look at ok() where it loops and once at the end.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return reason_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  // Why the first read failed.
  [[nodiscard]] Status status() const;
  void give_up(std::string_view reason);

  [[nodiscard]] std::uint8_t byte();
  [[nodiscard]] std::uint16_t u16();
  [[nodiscard]] std::uint32_t u32();
  [[nodiscard]] std::uint64_t u64();
  [[nodiscard]] std::uint64_t number();
  [[nodiscard]] Property property() { return static_cast<Property>(byte()); }
  // How many there are of something that takes at least `least` bytes each, at most kMostThings. More than
  // the rest can hold is a lie, and nothing is allocated for it.
  [[nodiscard]] std::size_t count(std::size_t least = 1);
  [[nodiscard]] Bytes bytes(std::uint64_t length);
  // The data of a property that tells its length first.
  [[nodiscard]] Bytes sized() { return bytes(number()); }
  [[nodiscard]] std::vector<bool> bits(std::size_t count);
  // The same, but one byte alone may say "all of them".
  [[nodiscard]] std::vector<bool> bits_or_all(std::size_t count);

 private:
  template <class Unsigned>
  Unsigned little_endian();

  Bytes rest_;
  std::string reason_;
};

void append_byte(std::vector<std::byte>& to, unsigned value);
void append_property(std::vector<std::byte>& to, Property property);
void append_u32(std::vector<std::byte>& to, std::uint32_t value);
void append_u64(std::vector<std::byte>& to, std::uint64_t value);
void append_number(std::vector<std::byte>& to, std::uint64_t value);  // in as few bytes as will do

// The 32 bytes that an archive begins with, for a header of `size` bytes and `crc`, `offset` behind them.
[[nodiscard]] std::vector<std::byte> signature_header(std::uint64_t offset, std::uint64_t size,
                                                      std::uint32_t crc);

// Names are UTF-16LE in the archive and bytes for us. 7-Zip on Unix writes a byte b that is no UTF-8 as the
// one unit 0xEF00 + b, and so the bytes of a character that looks like such a unit: reversible. Unpaired
// surrogates become three bytes each, which no key has.
[[nodiscard]] std::string name_from_utf16(Bytes units);
void append_utf16_name(std::vector<std::byte>& to, std::string_view name);

}  // namespace microstage::store::archive
