#include "lib/store/archive/table_reader.h"

#include <algorithm>

#include "lib/store/archive/header.h"
#include "lib/store/archive/streams.h"
#include "lib/store/archive/unpack.h"

namespace microstage::store::archive {

namespace {

constexpr int kMostLevels = 4;

// What packing can gain: names and digests do not shrink a thousandfold.
constexpr std::uint64_t kMostGain = 1024;
constexpr std::uint64_t kAlwaysAllowed = std::uint64_t{1} << 20U;

tl::unexpected<Error> refused(const Error& error, std::string_view what) {
  if (error.kind != ErrorKind::unsupported) return fail(error);
  return fail(ErrorKind::unsupported,
              std::string{what} + " " + error.message +
                  "; only stored members can be read in place: write it anew with 7z a -mx0 and no password");
}

Status check_header_size(std::uint64_t size) {
  if (size <= kMostHeaderBytes) return {};
  return fail(ErrorKind::unsupported, "its header has " + std::to_string(size) +
                                          " bytes; archives of that many members are not read");
}

}  // namespace

TableReader::TableReader(std::uint64_t archive_size)
    : archive_size_(archive_size),
      wanted_(ByteRange{0, std::min<std::uint64_t>(archive_size, kSignatureHeaderSize)}) {}

Status TableReader::feed(Bytes bytes) {
  if (!wanted_) return fail(ErrorKind::bug, "nothing more was wanted of it");
  if (bytes.size() != wanted_->size) return fail(ErrorKind::transient, "it was cut short while it was read");
  wanted_.reset();
  switch (state_) {
    case State::signature:
      return read_signature(bytes);
    case State::header:
      if (crc32(bytes) != header_crc_)
        return fail(ErrorKind::integrity, "its header is damaged: its CRC is wrong");
      return read_header(bytes);
    case State::packed_header:
      return unpack_header(bytes);
  }
  return fail(ErrorKind::bug, "no such state");
}

Status TableReader::read_signature(Bytes bytes) {
  ByteReader reader(bytes);
  for (const unsigned char part : kSignature)
    if (reader.byte() != part || !reader.ok()) return fail(ErrorKind::integrity, "it is no 7z archive");
  const unsigned major = reader.byte();
  static_cast<void>(reader.byte());
  const std::uint32_t crc = reader.u32();
  const Bytes start = reader.bytes(20);
  if (!reader.ok()) return fail(ErrorKind::integrity, "it is cut short");
  if (major != 0) return fail(ErrorKind::unsupported, "it has an unknown version of the 7z format");
  ByteReader fields(start);
  const std::uint64_t offset = fields.u64();
  const std::uint64_t size = fields.u64();
  header_crc_ = fields.u32();
  if (crc == 0 && offset == 0 && size == 0 && header_crc_ == 0)
    return fail(ErrorKind::integrity, "it is unfinished: what wrote it was stopped, or is still at it");
  if (crc32(start) != crc)
    return fail(ErrorKind::integrity, "its first bytes are damaged: their CRC is wrong");
  const std::uint64_t room = archive_size_ - kSignatureHeaderSize;
  if (offset > room || size > room - offset) {
    return fail(ErrorKind::integrity, "it is cut short: it has " + std::to_string(archive_size_) +
                                          " bytes, and its last part lies beyond them");
  }
  if (size == 0) return {};  // no members at all
  if (auto small = check_header_size(size); !small) return small;
  data_end_ = kSignatureHeaderSize + offset;
  state_ = State::header;
  wanted_ = ByteRange{data_end_, size};
  return {};
}

Status TableReader::read_header(Bytes bytes) {
  ByteReader reader(bytes);
  const Property kind = reader.property();
  if (kind == Property::encoded_header) return read_encoded(reader);
  if (kind != Property::header) return fail(ErrorKind::integrity, "its header is damaged: it begins wrongly");
  auto table = read_members(reader, data_end_);
  if (!table) return refused(table.error(), "its members are");
  table_ = std::move(*table);
  return {};
}

Status TableReader::read_encoded(ByteReader& reader) {
  if (++levels_ > kMostLevels) return fail(ErrorKind::integrity, "its header is packed over and over");
  const auto streams = read_streams(reader, data_end_);
  if (!streams) return refused(streams.error(), "its header is");
  if (streams->folders.size() != 1)
    return fail(ErrorKind::integrity, "its header is damaged: it is packed in several pieces");
  const Folder& folder = streams->folders.front();
  if (folder.method != kCopy && folder.method != kLzma && folder.method != kLzma2)
    return refused({ErrorKind::unsupported, "packed with " + method_name(folder.method), 0}, "its header is");
  if (auto small = check_header_size(std::max(folder.size, folder.packed_size)); !small) return small;
  if (folder.size > kAlwaysAllowed && folder.size / kMostGain > folder.packed_size)
    return fail(ErrorKind::integrity, "its header is damaged: it claims to have shrunk beyond belief");
  if (!folder.crc) {
    return fail(ErrorKind::unsupported,
                "its header is packed without a CRC, so that damage to it would not be noticed");
  }
  packing_ = {folder.method, {folder.properties.begin(), folder.properties.end()}, folder.size, folder.crc};
  state_ = State::packed_header;
  wanted_ = ByteRange{folder.offset, folder.packed_size};
  return {};
}

Status TableReader::unpack_header(Bytes packed) {
  Folder folder;
  folder.method = packing_.method;
  folder.properties = packing_.properties;
  folder.size = packing_.size;
  folder.crc = packing_.crc;
  const auto header = unpack(folder, packed);
  if (!header) return fail(header.error());
  return read_header(*header);
}

}  // namespace microstage::store::archive
