#include "lib/store/archive/header.h"

#include <sys/stat.h>

#include "lib/store/archive/streams.h"

namespace microstage::store::archive {

namespace {

struct Files {
  std::size_t count = 0;
  std::vector<bool> without_stream;
  std::vector<bool> empty_file;  // of those without a stream; the others are directories
  std::vector<bool> deleted;     // the same
  Bytes names;
  std::vector<std::uint32_t> attributes;
};

std::size_t count_set(const std::vector<bool>& bits) {
  std::size_t set = 0;
  for (const bool bit : bits)
    set += bit ? 1 : 0;
  return set;
}

std::vector<std::uint32_t> read_attributes(ByteReader& reader, std::size_t count) {
  const std::vector<bool> known = reader.bits_or_all(count);
  if (reader.byte() != 0) reader.give_up("attributes are kept elsewhere");
  if (!reader.ok()) return {};
  std::vector<std::uint32_t> attributes(count);
  for (std::size_t i = 0; i < count && reader.ok(); ++i)
    if (known[i]) attributes[i] = reader.u32();
  return attributes;
}

Bytes read_names(ByteReader& reader) {
  if (reader.byte() != 0) reader.give_up("names are kept elsewhere");
  return reader.bytes(reader.left());
}

// One property; those that say nothing about content (times, padding, comments) are passed over.
void read_property(Property property, ByteReader& reader, Files& files) {
  switch (property) {
    case Property::empty_stream:
      files.without_stream = reader.bits(files.count);
      break;
    case Property::empty_file:
      files.empty_file = reader.bits(count_set(files.without_stream));
      break;
    case Property::anti:
      files.deleted = reader.bits(count_set(files.without_stream));
      break;
    case Property::names:
      files.names = read_names(reader);
      break;
    case Property::attributes:
      files.attributes = read_attributes(reader, files.count);
      break;
    default:
      break;
  }
}

Result<Files> read_files(ByteReader& reader) {
  Files files;
  files.count = reader.count();
  for (;;) {
    const Property property = reader.property();
    if (!reader.ok()) return fail(reader.status().error());
    if (property == Property::end) return files;
    ByteReader data(reader.sized());
    read_property(property, data, files);
    if (auto read = data.status(); !read) return fail(read.error());
  }
}

// 7-Zip on Unix keeps the mode in the upper half, when it says so.
bool is_regular(std::uint32_t attributes) {
  constexpr std::uint32_t kDirectory = 0x10;
  constexpr std::uint32_t kReparsePoint = 0x400;
  constexpr std::uint32_t kUnixMode = 0x8000;
  if ((attributes & (kDirectory | kReparsePoint)) != 0) return false;
  const mode_t mode = (attributes & kUnixMode) != 0 ? attributes >> 16U : 0;
  return (mode & S_IFMT) == 0 || S_ISREG(mode);
}

bool at(const std::vector<bool>& bits, std::size_t i) {
  return i < bits.size() && bits[i];
}

// The units of the next name, without the zero that ends it.
Bytes next_name(Bytes& names) {
  for (std::size_t end = 0; end + 1 < names.size(); end += 2) {
    if (names[end] != std::byte{0} || names[end + 1] != std::byte{0}) continue;
    const Bytes name = names.first(end);
    names = names.subspan(end + 2);
    return name;
  }
  return {};
}

Status check_stored(const Streams& streams) {
  for (const Folder& folder : streams.folders) {
    if (folder.method != kCopy)
      return fail(ErrorKind::unsupported, "packed with " + method_name(folder.method));
    if (folder.packed_size != folder.size)
      return fail(ErrorKind::integrity, "its header is damaged: sizes differ");
  }
  return {};
}

Result<MemberTable> make_table(const Files& files, const Streams& streams) {
  MemberTable table;
  table.reserve(files.count);
  Bytes names = files.names;
  std::size_t stream = 0;
  std::size_t empty = 0;
  for (std::size_t i = 0; i < files.count; ++i) {
    const std::string path = name_from_utf16(next_name(names));
    if (path.empty()) return fail(ErrorKind::integrity, "its header is damaged: names are missing");
    const bool regular = i >= files.attributes.size() || is_regular(files.attributes[i]);
    if (at(files.without_stream, i)) {
      const bool file = at(files.empty_file, empty) && !at(files.deleted, empty) && regular;
      ++empty;
      if (file) table.add({path, kSignatureHeaderSize, 0, std::nullopt});
      continue;
    }
    if (stream == streams.substreams.size())
      return fail(ErrorKind::integrity, "its header is damaged: it has more members than content");
    const Substream& content = streams.substreams[stream++];
    if (regular)
      table.add({path, streams.folders[content.folder].offset + content.offset, content.size, content.crc});
  }
  if (auto finished = table.finish(); !finished) return fail(finished.error());
  return table;
}

}  // namespace

Result<MemberTable> read_members(ByteReader& header, std::uint64_t data_end) {
  Streams streams;
  Files files;
  for (;;) {
    const Property property = header.property();
    if (!header.ok()) return fail(header.status().error());
    if (property == Property::end) break;
    if (property == Property::main_streams) {
      auto read = read_streams(header, data_end);
      if (!read) return fail(read.error());
      streams = std::move(*read);
    } else if (property == Property::files) {
      auto read = read_files(header);
      if (!read) return fail(read.error());
      files = std::move(*read);
    } else if (property == Property::archive_properties) {
      while (header.ok() && header.property() != Property::end)
        static_cast<void>(header.sized());
    } else {
      header.give_up("it has a part that is not known");
    }
  }
  if (auto stored = check_stored(streams); !stored) return fail(stored.error());
  return make_table(files, streams);
}

}  // namespace microstage::store::archive
