#include "tests/support/archive_encoder.h"

#include <fcntl.h>
#include <lzma.h>
#include <unistd.h>

#include <stdexcept>

namespace microstage::testing {

namespace {

using namespace store::archive;
using Buffer = std::vector<std::byte>;

bool has_stream(const EncodedMember& member) {
  return !member.directory && member.size > 0;
}

std::vector<EncodedMember> with_streams(const ArchiveDraft& draft) {
  std::vector<EncodedMember> found;
  for (const EncodedMember& member : draft.members)
    if (has_stream(member)) found.push_back(member);
  return found;
}

void append(Buffer& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_sized(Buffer& to, Property property, Bytes data) {
  append_property(to, property);
  append_number(to, data.size());
  append(to, data);
}

void append_bits(Buffer& to, const std::vector<bool>& bits) {
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned value = 0;
    for (std::size_t j = i; j < i + 8; ++j)
      value = value << 1U | (j < bits.size() && bits[j] ? 1U : 0U);
    append_byte(to, value);
  }
}

void append_pack_info(Buffer& to, std::uint64_t position, const std::vector<std::uint64_t>& sizes) {
  append_property(to, Property::pack_info);
  append_number(to, position);
  append_number(to, sizes.size());
  append_property(to, Property::size);
  for (const std::uint64_t size : sizes)
    append_number(to, size);
  append_property(to, Property::end);
}

void append_unpack_info(Buffer& to, Bytes method, const std::vector<std::uint64_t>& sizes,
                        std::optional<std::uint32_t> crc = std::nullopt) {
  append_property(to, Property::unpack_info);
  append_property(to, Property::folder);
  append_number(to, sizes.size());
  append_byte(to, 0);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    append_number(to, 1);
    append(to, method);
  }
  append_property(to, Property::unpack_sizes);
  for (const std::uint64_t size : sizes)
    append_number(to, size);
  if (crc) {
    append_property(to, Property::crc);
    append_byte(to, 1);
    append_u32(to, *crc);
  }
  append_property(to, Property::end);
}

void append_digests(Buffer& to, const std::vector<EncodedMember>& members) {
  std::vector<bool> known;
  for (const EncodedMember& member : members)
    known.push_back(member.crc.has_value());
  append_property(to, Property::crc);
  append_byte(to, 0);
  append_bits(to, known);
  for (const EncodedMember& member : members)
    if (member.crc) append_u32(to, *member.crc);
}

void append_substreams(Buffer& to, const std::vector<EncodedMember>& members, bool solid) {
  append_property(to, Property::substreams_info);
  if (solid) {
    append_property(to, Property::stream_counts);
    append_number(to, members.size());
    append_property(to, Property::size);
    for (std::size_t i = 0; i + 1 < members.size(); ++i)
      append_number(to, members[i].size);
  }
  append_digests(to, members);
  append_property(to, Property::end);
}

void append_files(Buffer& to, const std::vector<EncodedMember>& members) {
  std::vector<bool> without_stream;
  std::vector<bool> empty_file;
  std::vector<bool> has_attributes;
  Buffer names{std::byte{0}};
  Buffer values;
  for (const EncodedMember& member : members) {
    without_stream.push_back(!has_stream(member));
    if (!has_stream(member)) empty_file.push_back(!member.directory);
    append_utf16_name(names, member.path);
    has_attributes.push_back(member.attributes.has_value());
    if (member.attributes) append_u32(values, *member.attributes);
  }
  append_property(to, Property::files);
  append_number(to, members.size());
  Buffer bits;
  append_bits(bits, without_stream);
  append_sized(to, Property::empty_stream, bits);
  bits.clear();
  append_bits(bits, empty_file);
  append_sized(to, Property::empty_file, bits);
  append_sized(to, Property::names, names);
  if (!values.empty()) {
    bits.assign(1, std::byte{0});
    append_bits(bits, has_attributes);
    append_byte(bits, 0);
    append(bits, values);
    append_sized(to, Property::attributes, bits);
  }
  append_property(to, Property::end);
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The raw bytes, and the properties that go with them.
std::pair<Buffer, Buffer> pack(Bytes plain, HeaderPacking how) {
  if (how == HeaderPacking::copy) return {{plain.begin(), plain.end()}, {}};
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 0);
  options.dict_size = 1U << 16U;
  const lzma_filter chain[2]{{how == HeaderPacking::lzma ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA2, &options},
                             {LZMA_VLI_UNKNOWN, nullptr}};
  std::uint32_t length = 0;
  if (lzma_properties_size(&length, chain) != LZMA_OK) throw std::runtime_error("liblzma: properties");
  Buffer properties(length);
  Buffer packed(plain.size() * 2 + 1024);
  std::size_t used = 0;
  if (lzma_properties_encode(chain, reinterpret_cast<std::uint8_t*>(properties.data())) != LZMA_OK ||
      lzma_raw_buffer_encode(chain, nullptr, reinterpret_cast<const std::uint8_t*>(plain.data()),
                             plain.size(), reinterpret_cast<std::uint8_t*>(packed.data()), &used,
                             packed.size()) != LZMA_OK) {
    throw std::runtime_error("liblzma cannot pack");
  }
  packed.resize(used);
  return {packed, properties};
}

Buffer method_of(HeaderPacking how, Bytes properties) {
  if (how == HeaderPacking::copy) return {std::byte{1}, std::byte{0}};
  Buffer method;
  if (how == HeaderPacking::lzma) {
    for (const unsigned part : {0x23U, 0x03U, 0x01U, 0x01U})
      append_byte(method, part);
  } else {
    append_byte(method, 0x21);
    append_byte(method, 0x21);
  }
  append_number(method, properties.size());
  append(method, properties);
  return method;
}

}  // namespace

std::uint64_t ArchiveDraft::data_size() const {
  return offset_of(members.size()) - kSignatureHeaderSize;
}

std::uint64_t ArchiveDraft::offset_of(std::size_t index) const {
  std::uint64_t offset = kSignatureHeaderSize + gap;
  for (std::size_t i = 0; i < index; ++i)
    offset += members[i].directory ? 0 : members[i].size;
  return offset;
}

std::vector<std::byte> ArchiveDraft::header() const {
  const auto stored = with_streams(*this);
  std::vector<std::uint64_t> sizes;
  for (const EncodedMember& member : stored)
    sizes.push_back(member.size);
  if (solid) sizes = {data_size() - gap};
  Buffer to;
  append_property(to, Property::header);
  if (!stored.empty()) {
    append_property(to, Property::main_streams);
    append_pack_info(to, gap, sizes);
    append_unpack_info(to, method, sizes);
    append_substreams(to, stored, solid);
    append_property(to, Property::end);
  }
  append_files(to, members);
  append_property(to, Property::end);
  return to;
}

std::vector<std::byte> ArchiveDraft::start() const {
  const Buffer end = header();
  return signature_header(data_size(), end.size(), crc32(end));
}

void write_sparse_archive(const ArchiveDraft& draft, const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const Buffer start = draft.start();
  const Buffer end = draft.header();
  const auto at = static_cast<off_t>(kSignatureHeaderSize + draft.data_size());
  const bool written = fd >= 0 && ::pwrite(fd, start.data(), start.size(), 0) > 0 &&
                       ::pwrite(fd, end.data(), end.size(), at) == static_cast<ssize_t>(end.size());
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("cannot write " + path);
}

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& files, bool solid) {
  ArchiveDraft draft;
  draft.solid = solid;
  std::string data;
  for (const auto& [path, bytes] : files) {
    draft.members.push_back({path, bytes.size(), crc32(std::as_bytes(std::span(bytes)))});
    data += bytes;
  }
  return text_of(draft.start()) + data + text_of(draft.header());
}

std::string archive_with_packed_header(const ArchiveDraft& draft, HeaderPacking how,
                                       std::uint64_t claimed_size, bool with_crc) {
  const Buffer plain = draft.header();
  const auto [packed, properties] = pack(plain, how);
  Buffer end;
  append_property(end, Property::encoded_header);
  append_pack_info(end, draft.data_size(), {packed.size()});
  append_unpack_info(end, method_of(how, properties), {claimed_size == 0 ? plain.size() : claimed_size},
                     with_crc ? std::optional(crc32(plain)) : std::nullopt);
  append_property(end, Property::end);
  return text_of(signature_header(draft.data_size() + packed.size(), end.size(), crc32(end))) +
         std::string(draft.data_size(), 'x') + text_of(packed) + text_of(end);
}

}  // namespace microstage::testing
