#pragma once
// The part of a 7z header that says which bytes are in the archive and how they are packed. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/store/archive/wire.h"

namespace microstage::store::archive {

// 7-Zip's numbers of the methods that matter here.
inline constexpr std::uint64_t kCopy = 0x00;
inline constexpr std::uint64_t kLzma = 0x030101;
inline constexpr std::uint64_t kLzma2 = 0x21;

// "LZMA2", "AES-256"; the number for those that we do not know.
[[nodiscard]] std::string method_name(std::uint64_t method);

// Some packed bytes and how to unpack them, all with one method.
struct Folder {
  std::uint64_t method = kCopy;
  Bytes properties;          // of the method; they live as long as the header's bytes
  std::uint64_t offset = 0;  // of its packed bytes in the archive's file
  std::uint64_t packed_size = 0;
  std::uint64_t size = 0;  // unpacked
  std::optional<std::uint32_t> crc;
};

// The content of one member (of several in a folder: a solid archive).
struct Substream {
  std::uint64_t offset = 0;  // in the unpacked folder, counted on from those before it
  std::uint64_t size = 0;
  std::optional<std::uint32_t> crc;
  std::uint32_t folder = 0;
};

struct Streams {
  std::vector<Folder> folders;
  std::vector<Substream> substreams;
};

// Reads what follows Property::main_streams or Property::encoded_header. Packed bytes must end at `data_end`
// in the file. Errors: integrity; unsupported for folders that chain several methods (encryption, mostly).
[[nodiscard]] Result<Streams> read_streams(ByteReader& reader, std::uint64_t data_end);

}  // namespace microstage::store::archive
