// Reading the table of a 7z archive, from archives of our own making: sound, odd, huge and hostile ones.
// Those of real 7z: archive_7z_test.cpp.

#include "lib/store/archive/table_reader.h"
#include "tests/support/archive_encoder.h"
#include "tests/support/archive_fixture.h"
#include "tests/support/catch.h"

using namespace microstage;
using store::archive::kMostHeaderBytes;
using store::archive::MemberTable;
using store::archive::TableReader;
using testing::archive_of;
using testing::ArchiveDraft;
using testing::HeaderPacking;
using testing::paths_of;
using testing::read_table;

namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

// Feeds a draft without making its data: members' bytes are never asked for.
Result<MemberTable> read_draft(const ArchiveDraft& draft, std::uint64_t size) {
  const auto start = draft.start();
  const auto end = draft.header();
  TableReader reader(size);
  while (const auto range = reader.wanted()) {
    const bool first = range->offset == 0;
    REQUIRE(range->offset + range->size <= size);
    const auto& bytes = first ? start : end;
    REQUIRE(range->size == bytes.size());
    if (auto fed = reader.feed(bytes); !fed) return fail(fed.error());
  }
  return reader.take();
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("members are found where their bytes are, solid or one by one") {
  const std::vector<std::pair<std::string, std::string>> files{
      {"aa/bb/K1/K1", "first"}, {"aa/bb/empty/empty", ""}, {"c/d/K2/K2", "the second"}, {"Z", "z"}};
  const std::string archive = archive_of(files, GENERATE(false, true));
  const auto table = read_table(archive);
  REQUIRE(table);
  CHECK(table->size() == files.size());
  CHECK(table->bytes() == 16);
  for (const auto& [path, bytes] : files) {
    const auto member = table->find(path);
    REQUIRE(member);
    CHECK(member->path == path);
    CHECK(archive.substr(member->offset, member->size) == bytes);
    if (!bytes.empty()) CHECK(member->crc == store::archive::crc32(std::as_bytes(std::span(bytes))));
  }
  for (const char* other : {"", "a", "aa/bb/K1", "aa/bb/K1/K1 ", "aa/bb/K1/K1/", "zzz"})
    CHECK_FALSE(table->find(other));
}

TEST_CASE("directories, symbolic links and special files are no members") {
  ArchiveDraft draft;
  draft.members = {{"directory", 0, {}, {}, true},
                   {"link", 5, {}, 0x8000U | 0xA1FFU << 16U},
                   {"pipe", 0, {}, 0x8000U | 0x1180U << 16U},
                   {"file", 3, {}, 0x8000U | 0x81A4U << 16U},
                   {"mode without a type", 2, {}, 0x8000U | 0x01A4U << 16U},
                   {"windows", 1, {}, 0x20}};
  const auto table = read_draft(draft, draft.archive_size());
  REQUIRE(table);
  CHECK(paths_of(*table) == std::vector<std::string>{"file", "mode without a type", "windows"});
  CHECK(table->find("file")->offset == draft.offset_of(3));
  CHECK_FALSE(table->find("file")->crc);
}

TEST_CASE("an archive without members is an empty table") {
  CHECK(read_table(archive_of({}))->size() == 0);
  const auto start = store::archive::signature_header(0, 0, 0);
  CHECK(read_table({reinterpret_cast<const char*>(start.data()), start.size()})->size() == 0);
}

TEST_CASE("a packed header is unpacked, whatever packed it") {
  ArchiveDraft draft;
  for (int i = 0; i < 300; ++i)
    draft.members.push_back({"aa/bb/" + std::to_string(i), static_cast<std::uint64_t>(i)});
  const auto how = GENERATE(HeaderPacking::lzma, HeaderPacking::lzma2, HeaderPacking::copy);
  const std::string archive = testing::archive_with_packed_header(draft, how);
  const auto table = read_table(archive);
  REQUIRE(table);
  CHECK(table->size() == 300);
  CHECK(table->find("aa/bb/299")->offset == draft.offset_of(299));
  // A size that is not the right one, by one or by far.
  for (const std::uint64_t lie : {draft.header().size() + 1, draft.header().size() - 1, kMostHeaderBytes,
                                  kMostHeaderBytes + 1, ~std::uint64_t{0}})
    CHECK_FALSE(read_table(testing::archive_with_packed_header(draft, how, lie)));
}

TEST_CASE("a packed header without a CRC is refused: damage could make members vanish") {
  ArchiveDraft draft;
  draft.members = {{"a", 10}};
  const auto table = read_table(testing::archive_with_packed_header(draft, HeaderPacking::lzma, 0, false));
  REQUIRE_FALSE(table);
  CHECK(contains(table.error().message, "without a CRC"));
}

TEST_CASE("members beyond 4 GiB and archives beyond 2 TiB are like all others") {
  ArchiveDraft draft;
  draft.solid = GENERATE(false, true);
  draft.members = {{"small", 10}, {"5 GiB", 5 * kGiB + 1}, {"3 TiB", 3072 * kGiB + 7}, {"last", 11}};
  const auto table = read_draft(draft, draft.archive_size());
  REQUIRE(table);
  CHECK(table->find("3 TiB")->size == 3072 * kGiB + 7);
  CHECK(table->find("3 TiB")->offset == 32 + 10 + 5 * kGiB + 1);
  CHECK(table->find("last")->offset == 32 + 10 + 5 * kGiB + 1 + 3072 * kGiB + 7);
  // One byte fewer, and the end of it is missing.
  const auto cut = read_draft(draft, draft.archive_size() - 1);
  REQUIRE_FALSE(cut);
  CHECK(contains(cut.error().message, "cut short"));
}

TEST_CASE("sizes that add up to more than there is, or wrap around, are refused") {
  ArchiveDraft draft;
  draft.solid = GENERATE(false, true);
  for (const std::uint64_t size :
       {std::uint64_t{1000}, ~std::uint64_t{0}, ~std::uint64_t{0} - 31, std::uint64_t{1} << 63U}) {
    draft.members = {{"a", 10}, {"b", size}, {"c", size}};
    const auto header = draft.header();
    const auto start = store::archive::signature_header(100, header.size(), store::archive::crc32(header));
    std::string archive{reinterpret_cast<const char*>(start.data()), start.size()};
    archive += std::string(100, 'x');
    archive.append(reinterpret_cast<const char*>(header.data()), header.size());
    const auto table = read_table(archive);
    REQUIRE_FALSE(table);
    CHECK(table.error().kind == ErrorKind::integrity);
  }
}

TEST_CASE("two members of one path are refused: nobody knows which is meant") {
  const auto table = read_table(archive_of({{"same", "a"}, {"other", "b"}, {"same", "c"}}));
  REQUIRE_FALSE(table);
  CHECK(contains(table.error().message, "same twice"));
}

TEST_CASE("methods other than Copy are refused by name") {
  ArchiveDraft draft;
  draft.members = {{"a", 10}};
  const std::vector<std::pair<std::vector<int>, std::string>> methods{
      {{1, 0x21}, "LZMA2"},
      {{3, 3, 1, 1}, "LZMA;"},
      {{4, 6, 0xF1, 7, 1}, "encrypted (AES-256)"},
      {{3, 4, 2, 2}, "BZip2"},
      {{2, 0x7F, 0x7F}, "method 7F7F"}};
  for (const auto& [method, text] : methods) {
    draft.method.clear();
    for (const int part : method)
      draft.method.push_back(static_cast<std::byte>(part));
    const auto table = read_draft(draft, draft.archive_size());
    REQUIRE_FALSE(table);
    CHECK(table.error().kind == ErrorKind::unsupported);
    CHECK(contains(table.error().message, text));
    CHECK(contains(table.error().message, "7z a -mx0"));
  }
}

TEST_CASE("an archive cut at any byte, or with any byte changed, is refused or says nothing wrong") {
  const std::vector<std::pair<std::string, std::string>> files{{"aa/bb/K1/K1", "first"},
                                                               {"c/d/K2/K2", "second"}};
  ArchiveDraft draft;
  draft.members = {{"aa/bb/K1/K1", 5}, {"c/d/K2/K2", 6}};
  const std::string archive = GENERATE_COPY(archive_of(files), archive_of(files, true),
                                            testing::archive_with_packed_header(draft, HeaderPacking::lzma),
                                            testing::archive_with_packed_header(draft, HeaderPacking::lzma2));
  REQUIRE(read_table(archive));
  const auto offset = read_table(archive)->find("aa/bb/K1/K1")->offset;
  for (std::size_t length = 0; length < archive.size(); ++length) {
    const auto cut = read_table(archive.substr(0, length));
    REQUIRE_FALSE(cut);
    REQUIRE(cut.error().kind == ErrorKind::integrity);
  }
  for (std::size_t at = 0; at < archive.size(); ++at) {
    for (const int change : {1, 0x80, 0xFF}) {
      std::string other = archive;
      other[at] = static_cast<char>(other[at] ^ change);
      const auto table = read_table(other);
      if (table) REQUIRE(paths_of(*table) == std::vector<std::string>{"aa/bb/K1/K1", "c/d/K2/K2"});
      if (table) REQUIRE(table->find("aa/bb/K1/K1")->offset == offset);
    }
  }
}

TEST_CASE("a header changed at any byte, with a CRC that says it is right, never leads outside") {
  ArchiveDraft draft;
  draft.solid = GENERATE(false, true);
  draft.members = {{"aa/bb/K1/K1", 5}, {"d", 0, {}, {}, true}, {"e", 0}, {"c/d/K2/K2", 6, 7, 0x20}};
  const auto header = draft.header();
  const std::uint64_t size = draft.archive_size();
  for (std::size_t at = 0; at < header.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      auto other = header;
      other[at] = static_cast<std::byte>(value);
      TableReader reader(size);
      REQUIRE(reader.feed(store::archive::signature_header(11, other.size(), store::archive::crc32(other))));
      if (!reader.feed(other) || reader.wanted()) continue;
      const MemberTable table = reader.take();
      for (std::size_t i = 0; i < table.size(); ++i)
        REQUIRE((table[i].offset <= size && table[i].size <= size - table[i].offset));
    }
  }
}

TEST_CASE("what is no 7z archive says so") {
  const auto reason = [](const std::string& bytes) { return read_table(bytes).error().message; };
  CHECK(contains(reason(""), "no 7z archive"));
  CHECK(contains(reason("PK\3\4" + std::string(100, 'x')), "no 7z archive"));
  CHECK(contains(reason(archive_of({{"a", "b"}}).substr(0, 20)), "cut short"));
  CHECK(contains(reason(archive_of({{"a", "b"}}).substr(0, 33)), "cut short"));
  CHECK(contains(reason(archive_of({{"a", "b"}}).substr(0, 8) + std::string(100, '\0')), "unfinished"));
  TableReader reader(100);
  REQUIRE(reader.wanted());
  CHECK(reader.feed({}).error().kind == ErrorKind::transient);
}

TEST_CASE("a header beyond all measure is refused before it is read") {
  const std::uint64_t size = 4096 * kGiB;
  for (const std::uint64_t claimed : {kMostHeaderBytes + 1, size - 32}) {
    TableReader reader(size);
    const auto fed = reader.feed(store::archive::signature_header(0, claimed, 1));
    REQUIRE_FALSE(fed);
    CHECK(fed.error().kind == ErrorKind::unsupported);
    CHECK_FALSE(reader.wanted());
  }
}

TEST_CASE("members are counted before anything is allocated for them") {
  for (const std::uint64_t count : {std::uint64_t{1'000'001}, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    std::vector<std::byte> header;
    store::archive::append_property(header, store::archive::Property::header);
    store::archive::append_property(header, store::archive::Property::files);
    store::archive::append_number(header, count);
    header.resize(header.size() + 1'100'000);
    TableReader reader(32 + header.size());
    REQUIRE(reader.feed(store::archive::signature_header(0, header.size(), store::archive::crc32(header))));
    CHECK(reader.feed(header).error().kind == ErrorKind::integrity);
  }
}

TEST_CASE("a hundred thousand members are read") {
  ArchiveDraft draft;
  for (unsigned i = 0; i < 100'000; ++i)
    draft.members.push_back({"aa/bb/KEY-" + std::to_string(i) + "/KEY-" + std::to_string(i), i, i});
  const auto start = draft.start();
  const auto end = draft.header();
  TableReader reader(std::uint64_t{1} << 44U);
  REQUIRE(reader.feed(start));
  REQUIRE(reader.feed(end));
  const MemberTable table = reader.take();
  CHECK(table.size() == 100'000);
  CHECK(table.find("aa/bb/KEY-99999/KEY-99999")->crc == 99'999);
}
