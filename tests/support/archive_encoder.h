#pragma once
// A small 7z encoder for tests: archives of stored members with a plain header, as large as one likes, solid
// or one folder a member. Real archives come from 7z itself; this makes those that 7z would take days for,
// and broken ones.

#include <optional>
#include <string>
#include <vector>

#include "lib/store/archive/wire.h"

namespace microstage::testing {

struct EncodedMember {
  std::string path;
  std::uint64_t size = 0;
  std::optional<std::uint32_t> crc = std::nullopt;
  std::optional<std::uint32_t> attributes = std::nullopt;
  bool directory = false;
};

struct ArchiveDraft {
  std::vector<EncodedMember> members;
  bool solid = false;
  std::vector<std::byte> method{std::byte{1}, std::byte{0}};  // how a folder's one method is written: Copy

  // Bytes between the signature header and the first member.
  std::uint64_t gap = 0;

  [[nodiscard]] std::uint64_t data_size() const;
  // Where the bytes of members[index] belong.
  [[nodiscard]] std::uint64_t offset_of(std::size_t index) const;
  [[nodiscard]] std::vector<std::byte> header() const;
  // The first 32 bytes; the members' bytes go behind them, and header() behind those.
  [[nodiscard]] std::vector<std::byte> start() const;
  [[nodiscard]] std::uint64_t archive_size() const {
    return store::archive::kSignatureHeaderSize + data_size() + header().size();
  }
};

// The whole archive at `path`, with holes in place of members' bytes.
void write_sparse_archive(const ArchiveDraft& draft, const std::string& path);
// The same with the bytes that belong to each member.
[[nodiscard]] std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files,
                                     bool solid = false);

// LZMA or LZMA2 bytes of `plain`, and an end header that says how to unpack them: what a packed header is.
enum class HeaderPacking { lzma, lzma2, copy };
[[nodiscard]] std::string archive_with_packed_header(const ArchiveDraft& draft, HeaderPacking how,
                                                     std::uint64_t claimed_size = 0, bool with_crc = true);

}  // namespace microstage::testing
