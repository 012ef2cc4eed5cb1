#include "lib/store/archive/streams.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace microstage::store::archive {

namespace {

constexpr std::size_t kMostMethods = 32;  // in one folder; 7-Zip's own limit

constexpr std::uint64_t kAes = 0x06F10701;

constexpr std::pair<std::uint64_t, const char*> kMethods[]{
    {kCopy, "Copy"},      {0x03, "Delta"},       {0x04, "BCJ"},           {0x0A, "ARM64"},
    {kLzma2, "LZMA2"},    {kLzma, "LZMA"},       {0x03030103, "BCJ"},     {0x0303011B, "BCJ2"},
    {0x030401, "PPMd"},   {0x040108, "Deflate"}, {0x040109, "Deflate64"}, {0x040202, "BZip2"},
    {0x04F71101, "ZSTD"}, {0x04F71104, "LZ4"},   {kAes, "AES-256"},
};

struct Packed {
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> sizes;
};

struct Digests {
  std::vector<bool> known;
  std::vector<std::uint32_t> values;  // one for each; 0 where it is not known
};

Digests read_digests(ByteReader& reader, std::size_t count) {
  Digests digests{reader.bits_or_all(count), {}};
  if (!reader.ok()) return digests;
  digests.values.resize(count);
  for (std::size_t i = 0; i < count && reader.ok(); ++i)
    if (digests.known[i]) digests.values[i] = reader.u32();
  return digests;
}

std::optional<std::uint32_t> digest_at(const Digests& digests, std::size_t i) {
  if (i >= digests.values.size() || !digests.known[i]) return std::nullopt;
  return digests.values[i];
}

// The next property, those left out that we need not know.
template <class... Wanted>
Property seek(ByteReader& reader, Wanted... wanted) {
  for (;;) {
    const Property found = reader.property();
    if (!reader.ok() || found == Property::end || ((found == wanted) || ...)) return found;
    static_cast<void>(reader.sized());
  }
}

Packed read_pack_info(ByteReader& reader, std::uint64_t data_end) {
  Packed packed;
  const std::uint64_t position = reader.number();
  const std::size_t count = reader.count();
  std::uint64_t room = data_end - kSignatureHeaderSize;
  if (position > room) {
    reader.give_up("packed bytes lie outside of the archive");
    return packed;
  }
  packed.offset = kSignatureHeaderSize + position;
  room -= position;
  Property next = seek(reader, Property::size, Property::crc);
  for (std::size_t i = 0; next == Property::size && i < count && reader.ok(); ++i) {
    packed.sizes.push_back(reader.number());
    if (packed.sizes.back() > room) reader.give_up("packed bytes lie outside of the archive");
    room -= std::min(room, packed.sizes.back());
  }
  if (next == Property::size) next = seek(reader, Property::crc);
  if (next == Property::crc) static_cast<void>(read_digests(reader, count));
  if (next == Property::crc) next = seek(reader);
  if (packed.sizes.size() != count) reader.give_up("sizes of packed bytes are missing");
  return packed;
}

struct Method {
  std::uint64_t id = 0;
  std::size_t inputs = 1;
  std::size_t outputs = 1;
  Bytes properties;
};

Method read_method(ByteReader& reader) {
  constexpr unsigned kIdLength = 0x0F;
  constexpr unsigned kComplex = 0x10;
  constexpr unsigned kHasProperties = 0x20;
  constexpr unsigned kReserved = 0xC0;
  Method method;
  const unsigned flags = reader.byte();
  if ((flags & kReserved) != 0 || (flags & kIdLength) > sizeof method.id)
    reader.give_up("a method is described in an unknown way");
  for (const std::byte part : reader.bytes(flags & kIdLength))
    method.id = method.id << 8U | std::to_integer<std::uint64_t>(part);
  if ((flags & kComplex) != 0) {
    method.inputs = reader.count();
    method.outputs = reader.count();
    if (method.inputs > kMostMethods || method.outputs > kMostMethods)
      reader.give_up("a method has too many streams");
  }
  if ((flags & kHasProperties) != 0) method.properties = reader.sized();
  return method;
}

// One method with one stream in and one out is what we can use; anything else gets the names of its methods.
Result<Folder> read_folder(ByteReader& reader) {
  const std::size_t count = reader.count();
  if (count == 0 || count > kMostMethods) reader.give_up("a folder has no or too many methods");
  std::vector<Method> methods;
  std::string names;
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    methods.push_back(read_method(reader));
    names += (i == 0 ? "" : " + ") + method_name(methods.back().id);
  }
  if (!reader.ok()) return fail(reader.status().error());
  if (std::any_of(methods.begin(), methods.end(), [](const Method& method) { return method.id == kAes; }))
    return fail(ErrorKind::unsupported, "encrypted (" + names + ")");
  if (count > 1 || methods[0].inputs != 1 || methods[0].outputs != 1)
    return fail(ErrorKind::unsupported, "packed with " + names);
  Folder folder;
  folder.method = methods[0].id;
  folder.properties = methods[0].properties;
  return folder;
}

Result<std::vector<Folder>> read_unpack_info(ByteReader& reader) {
  std::vector<Folder> folders;
  if (seek(reader, Property::folder) != Property::folder) reader.give_up("the list of folders is missing");
  const std::size_t count = reader.count(2);
  if (reader.byte() != 0) reader.give_up("the list of folders is kept elsewhere");
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    auto folder = read_folder(reader);
    if (!folder) return fail(folder.error());
    folders.push_back(*folder);
  }
  if (seek(reader, Property::unpack_sizes) != Property::unpack_sizes)
    reader.give_up("sizes of folders are missing");
  for (Folder& folder : folders)
    folder.size = reader.number();
  if (seek(reader, Property::crc) == Property::crc) {
    const Digests digests = read_digests(reader, folders.size());
    for (std::size_t i = 0; i < folders.size(); ++i)
      folders[i].crc = digest_at(digests, i);
    static_cast<void>(seek(reader));
  }
  if (!reader.ok()) return fail(reader.status().error());
  return folders;
}

void place_folders(ByteReader& reader, const Packed& packed, std::vector<Folder>& folders) {
  if (packed.sizes.size() != folders.size()) return reader.give_up("folders and packed bytes do not match");
  std::uint64_t offset = packed.offset;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    folders[i].offset = offset;
    folders[i].packed_size = packed.sizes[i];
    offset += packed.sizes[i];
  }
}

// The last of a folder has what the others leave of it.
void read_substream_sizes(ByteReader& reader, bool given, std::uint32_t index, const Folder& folder,
                          std::uint64_t count, std::vector<Substream>& to) {
  std::uint64_t offset = 0;
  if (count > 1 && (!given || count - 1 > reader.left())) reader.give_up("sizes of members are missing");
  if (to.size() + count > kMostThings) reader.give_up("it names more than a million things");
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint64_t rest = folder.size - offset;
    const std::uint64_t size = i + 1 < count ? reader.number() : rest;
    if (size > rest) return reader.give_up("members are larger than what they are in");
    to.push_back({offset, size, count == 1 ? folder.crc : std::nullopt, index});
    offset += size;
  }
}

std::vector<Substream> read_substreams(ByteReader& reader, bool described,
                                       const std::vector<Folder>& folders) {
  std::vector<Substream> streams;
  std::vector<std::uint64_t> counts(folders.size(), 1);
  Property next = Property::end;
  if (described) {
    next = seek(reader, Property::stream_counts, Property::size, Property::crc);
    if (next == Property::stream_counts) {
      for (std::uint64_t& count : counts)
        count = reader.number();
      next = seek(reader, Property::size, Property::crc);
    }
  }
  for (std::size_t i = 0; i < folders.size() && reader.ok(); ++i) {
    read_substream_sizes(reader, next == Property::size, static_cast<std::uint32_t>(i), folders[i], counts[i],
                         streams);
  }
  if (next == Property::size) next = seek(reader, Property::crc);
  if (next != Property::crc || !reader.ok()) return streams;
  std::vector<std::size_t> unknown;  // whose CRC is not the folder's
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (!streams[i].crc) unknown.push_back(i);
  const Digests digests = read_digests(reader, unknown.size());
  for (std::size_t i = 0; i < unknown.size(); ++i)
    streams[unknown[i]].crc = digest_at(digests, i);
  static_cast<void>(seek(reader));
  return streams;
}

}  // namespace

std::string method_name(std::uint64_t method) {
  for (const auto& [id, name] : kMethods)
    if (id == method) return name;
  char text[32];  // NOLINT: snprintf wants a plain array
  std::snprintf(text, sizeof text, "method %llX", static_cast<unsigned long long>(method));
  return text;
}

Result<Streams> read_streams(ByteReader& reader, std::uint64_t data_end) {
  Streams streams;
  Packed packed;
  Property next = seek(reader, Property::pack_info, Property::unpack_info, Property::substreams_info);
  if (next == Property::pack_info) {
    packed = read_pack_info(reader, data_end);
    next = seek(reader, Property::unpack_info, Property::substreams_info);
  }
  if (next == Property::unpack_info) {
    auto folders = read_unpack_info(reader);
    if (!folders) return fail(folders.error());
    streams.folders = std::move(*folders);
    next = seek(reader, Property::substreams_info);
  }
  place_folders(reader, packed, streams.folders);
  const bool described = next == Property::substreams_info;
  streams.substreams = read_substreams(reader, described, streams.folders);
  if (described) static_cast<void>(seek(reader));
  if (auto read = reader.status(); !read) return fail(read.error());
  return streams;
}

}  // namespace microstage::store::archive
