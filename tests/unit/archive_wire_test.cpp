// The words of a 7z header: numbers, bits, names.

#include "lib/store/archive/wire.h"
#include "tests/support/catch.h"

using namespace microstage;
using namespace microstage::store::archive;

namespace {

std::vector<std::byte> number_bytes(std::uint64_t value) {
  std::vector<std::byte> bytes;
  append_number(bytes, value);
  return bytes;
}

std::string round_trip(std::string_view name) {
  std::vector<std::byte> units;
  append_utf16_name(units, name);
  units.resize(units.size() - 2);
  return name_from_utf16(units);
}

}  // namespace

TEST_CASE("numbers of every length come back as they were, in as few bytes as will do") {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t limit = bits == 0 ? 0 : ~std::uint64_t{0} >> (64 - bits);
    for (const std::uint64_t value : {limit, limit / 2 + 1, limit / 3}) {
      CAPTURE(value);
      const auto bytes = number_bytes(value);
      ByteReader reader(bytes);
      CHECK(reader.number() == value);
      CHECK(reader.ok());
      CHECK(reader.left() == 0);
      // Cut, it is a failure and no number.
      for (std::size_t length = 0; length < bytes.size(); ++length) {
        ByteReader cut(Bytes(bytes).first(length));
        static_cast<void>(cut.number());
        CHECK_FALSE(cut.ok());
      }
    }
  }
  CHECK(number_bytes(0x7F).size() == 1);
  CHECK(number_bytes(0x80).size() == 2);
  CHECK(number_bytes(0x3FFF).size() == 2);
  CHECK(number_bytes(0x4000).size() == 3);
  CHECK(number_bytes(~std::uint64_t{0}).size() == 9);
}

TEST_CASE("after a failed read nothing more is read, and the first reason stays") {
  const std::vector<std::byte> bytes(3, std::byte{1});
  ByteReader reader(bytes);
  CHECK(reader.u64() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.byte() == 0);
  CHECK(reader.bits(100).empty());
  reader.give_up("another");
  CHECK(reader.status().error().message.find("too early") != std::string::npos);
}

TEST_CASE("a count that the rest has no room for is refused") {
  std::vector<std::byte> bytes = number_bytes(10);
  bytes.resize(bytes.size() + 10);
  CHECK(ByteReader(bytes).count() == 10);
  ByteReader reader(bytes);
  CHECK(reader.count(2) == 0);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("bits are read from the highest") {
  const std::vector<std::byte> bytes{std::byte{0xA0}, std::byte{0x80}};
  CHECK(ByteReader(bytes).bits(9) ==
        std::vector<bool>{true, false, true, false, false, false, false, false, true});
  const std::vector<std::byte> all{std::byte{1}};
  CHECK(ByteReader(all).bits_or_all(3) == std::vector<bool>{true, true, true});
}

TEST_CASE("names are bytes, UTF-8 or not") {
  for (const std::string name :
       {"", "aa/bb/KEY.tif", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF\x80", "a\xC3",
        "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xEE\xBE\x80", "\xF0\x82\x82\xAC"})
    CHECK(round_trip(name) == name);
  // A surrogate without its partner is no character; it is kept apart from all that are.
  const std::vector<std::byte> lone{std::byte{0x00}, std::byte{0xD8}, std::byte{'a'}, std::byte{0}};
  CHECK(name_from_utf16(lone) ==
        "\xED\xA0\x80"
        "a");
}
