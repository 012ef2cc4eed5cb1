#include "lib/store/archive/wire.h"

#include <algorithm>
#include <utility>

namespace microstage::store::archive {

namespace {

// What each value of a byte does to a CRC; of the polynomial 0x04C11DB7, lowest bit first.
constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1U) != 0 ? value >> 1U ^ 0xEDB88320U : value >> 1U;
    table.at(i) = value;
  }
  return table;
}

}  // namespace

std::uint32_t crc32(Bytes bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = ~0U;
  for (const std::byte part : bytes)
    crc = kTable.at((crc ^ std::to_integer<std::uint32_t>(part)) & 0xFFU) ^ crc >> 8U;
  return ~crc;
}

Status ByteReader::status() const {
  if (ok()) return {};
  return fail(ErrorKind::integrity, "its header is damaged: " + reason_);
}

void ByteReader::give_up(std::string_view reason) {
  if (ok()) reason_ = reason;
  rest_ = {};
}

Bytes ByteReader::bytes(std::uint64_t length) {
  if (length > rest_.size()) {
    give_up("it ends too early");
    return {};
  }
  const auto taken = rest_.first(static_cast<std::size_t>(length));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

std::uint8_t ByteReader::byte() {
  const auto one = bytes(1);
  return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one.front());
}

template <class Unsigned>
Unsigned ByteReader::little_endian() {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const std::byte part : bytes(sizeof(Unsigned))) {
    value |= std::to_integer<std::uint64_t>(part) << shift;
    shift += 8;
  }
  return static_cast<Unsigned>(value);
}

std::uint16_t ByteReader::u16() {
  return little_endian<std::uint16_t>();
}

std::uint32_t ByteReader::u32() {
  return little_endian<std::uint32_t>();
}

std::uint64_t ByteReader::u64() {
  return little_endian<std::uint64_t>();
}

// As many leading ones in the first byte as bytes follow; what is left of it are the highest bits.
std::uint64_t ByteReader::number() {
  const std::uint8_t first = byte();
  std::uint64_t value = 0;
  unsigned mask = 0x80;
  for (unsigned shift = 0; shift < 64; shift += 8, mask >>= 1U) {
    if ((first & mask) == 0) return value | std::uint64_t{first & (mask - 1U)} << shift;
    value |= std::uint64_t{byte()} << shift;
  }
  return value;
}

std::size_t ByteReader::count(std::size_t least) {
  const std::uint64_t value = number();
  if (value > left() / least) give_up("it names more things than it has room for");
  if (value > kMostThings) give_up("it names more than a million things");
  if (!ok()) return 0;
  return static_cast<std::size_t>(value);
}

std::vector<bool> ByteReader::bits(std::size_t count) {
  const auto data = bytes(count / 8 + (count % 8 == 0 ? 0 : 1));
  if (!ok()) return {};
  std::vector<bool> set(count);
  for (std::size_t i = 0; i < count; ++i)
    set[i] = (std::to_integer<unsigned>(data[i / 8]) >> (7 - i % 8) & 1U) != 0;
  return set;
}

std::vector<bool> ByteReader::bits_or_all(std::size_t count) {
  if (byte() == 0) return bits(count);
  return std::vector<bool>(ok() ? count : 0, true);
}

void append_byte(std::vector<std::byte>& to, unsigned value) {
  to.push_back(static_cast<std::byte>(value));
}

void append_property(std::vector<std::byte>& to, Property property) {
  append_byte(to, static_cast<unsigned>(property));
}

void append_u32(std::vector<std::byte>& to, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8)
    append_byte(to, value >> shift & 0xFFU);
}

void append_u64(std::vector<std::byte>& to, std::uint64_t value) {
  append_u32(to, static_cast<std::uint32_t>(value));
  append_u32(to, static_cast<std::uint32_t>(value >> 32U));
}

void append_number(std::vector<std::byte>& to, std::uint64_t value) {
  unsigned more = 0;  // bytes after the first
  while (more < 8 && value >> (7 * (more + 1)) != 0)
    ++more;
  const unsigned ones = 0xFF00U >> more & 0xFFU;
  const auto highest = more == 8 ? 0U : static_cast<unsigned>(value >> (8 * more));
  append_byte(to, ones | highest);
  for (unsigned i = 0; i < more; ++i)
    append_byte(to, static_cast<unsigned>(value >> (8 * i) & 0xFFU));
}

std::vector<std::byte> signature_header(std::uint64_t offset, std::uint64_t size, std::uint32_t crc) {
  std::vector<std::byte> start;
  append_u64(start, offset);
  append_u64(start, size);
  append_u32(start, crc);
  std::vector<std::byte> header;
  for (const unsigned char part : kSignature)
    append_byte(header, part);
  append_byte(header, 0);  // version 0.4
  append_byte(header, 4);
  append_u32(header, crc32(start));
  header.insert(header.end(), start.begin(), start.end());
  return header;
}

namespace {

constexpr std::uint32_t kEscapedByte = 0xEF00;

bool is_high_surrogate(std::uint32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low_surrogate(std::uint32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

void append_utf8(std::string& to, std::uint32_t code) {
  const auto put = [&](std::uint32_t value) { to += static_cast<char>(value); };
  if (code >= 0xEF80 && code <= 0xEFFF) return put(code - kEscapedByte);
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6U);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12U);
    put(0x80 | (code >> 6U & 0x3FU));
  } else {
    put(0xF0 | code >> 18U);
    put(0x80 | (code >> 12U & 0x3FU));
    put(0x80 | (code >> 6U & 0x3FU));
  }
  put(0x80 | (code & 0x3FU));
}

// The character at the front of `text` and its length; nothing when these bytes are no UTF-8.
std::pair<std::uint32_t, std::size_t> decode_utf8(std::string_view text) {
  const auto at = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const std::uint32_t first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return {};
  std::uint32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return {};
    code = code << 6U | (at(i) & 0x3FU);
  }
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, length};
}

}  // namespace

std::string name_from_utf16(Bytes units) {
  std::string name;
  ByteReader reader(units);
  std::uint32_t high = 0;  // a surrogate that waits for its partner
  while (reader.left() >= 2) {
    const std::uint32_t unit = reader.u16();
    if (high != 0 && is_low_surrogate(unit)) {
      append_utf8(name, 0x10000 + ((high - 0xD800) << 10U) + (unit - 0xDC00));
      high = 0;
      continue;
    }
    if (high != 0) append_utf8(name, high);
    high = is_high_surrogate(unit) ? unit : 0;
    if (high == 0) append_utf8(name, unit);
  }
  if (high != 0) append_utf8(name, high);
  return name;
}

void append_utf16_name(std::vector<std::byte>& to, std::string_view name) {
  const auto put = [&](std::uint32_t unit) {
    append_byte(to, unit & 0xFFU);
    append_byte(to, unit >> 8U & 0xFFU);
  };
  while (!name.empty()) {
    const auto [code, length] = decode_utf8(name);
    const bool escape = length == 0 || (code >= 0xEF80 && code <= 0xEFFF);
    for (std::size_t i = 0; escape && i < std::max<std::size_t>(length, 1); ++i)
      put(kEscapedByte + static_cast<unsigned char>(name[i]));
    if (!escape && code >= 0x10000) {
      put(0xD800 + ((code - 0x10000) >> 10U));
      put(0xDC00 + ((code - 0x10000) & 0x3FFU));
    } else if (!escape) {
      put(code);
    }
    name.remove_prefix(std::max<std::size_t>(length, 1));
  }
  put(0);
}

}  // namespace microstage::store::archive
