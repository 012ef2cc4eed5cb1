// Objects in a dataset's archives/archive.7z: found and read. Reading the format itself:
// archive_table_test.cpp.

#include "lib/store/sealed_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/sealed_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;

TEST_CASE("an archived object is there and is read from its place, in both layouts") {
  const Sealed fixture("the content\n", GENERATE("1", "2"));
  fixture.seal();
  CHECK(fixture.find() == Presence::archived);
  const auto dataset = fixture.open();
  CHECK(("annex/objects/" + fixture.member()) == dataset.object_path(fixture.key));
  const auto object = dataset.open_object(fixture.key);
  REQUIRE(object);
  CHECK(object->archived);
  CHECK(content_of(*object) == fixture.bytes);
  CHECK(object->holder->identity == dataset.holder_of(fixture.key)->identity);
  const std::string place = fixture.archive() + ", member " + fixture.member();
  CHECK(object->source->name() == place);
  CHECK(dataset.whereabouts(fixture.key) == place);
}

TEST_CASE("only the hash directories of the dataset's layout count, as for ORA") {
  const Sealed mixed;
  const Sealed lower("the content\n", "1");
  write_file(lower.archive(), archive_of({{mixed.member(), mixed.bytes}}));
  CHECK(lower.find() == Presence::absent);
}

TEST_CASE("an empty object is read from an archive") {
  const Sealed fixture("");
  fixture.seal();
  CHECK(fixture.find() == Presence::archived);
  CHECK(content_of(*fixture.open().open_object(fixture.key)).empty());
}

TEST_CASE("what the archive lacks is absent, and what has another size is no object") {
  const Sealed fixture;
  write_file(fixture.archive(), archive_of({{"aa/bb/other/other", "x"}}));
  CHECK(fixture.find() == Presence::absent);
  CHECK(fixture.open().open_object(fixture.key).error().kind == ErrorKind::not_found);
  CHECK_FALSE(fixture.open().whereabouts(fixture.key));
  CHECK_FALSE(fixture.open().holder_of(fixture.key));
  CHECK(fixture.remove());
  fixture.seal("short");
  CHECK(fixture.find() == Presence::wrong_size);
  const auto object = fixture.open().open_object(fixture.key);
  REQUIRE_FALSE(object);
  CHECK(object.error().kind == ErrorKind::integrity);
  CHECK(object.error().message.find("has 5 bytes, and the key says 12") != std::string::npos);
}

TEST_CASE("a loose object goes before an archived one, unless only the archived one can be right") {
  const Sealed fixture;
  fixture.seal();
  fixture.put(fixture.bytes);
  CHECK(fixture.find() == Presence::present);
  CHECK_FALSE(fixture.open().open_object(fixture.key)->archived);
  fixture.put("short");
  CHECK(fixture.find() == Presence::archived);
  const auto dataset = fixture.open();
  const auto object = dataset.open_object(fixture.key);
  REQUIRE(object);
  CHECK(content_of(*object) == fixture.bytes);
  CHECK(object->holder->identity == dataset.holder_of(fixture.key)->identity);
}

TEST_CASE("an archive that cannot be read is no absence, and stands in the way of no loose object") {
  const Sealed fixture;
  const auto [content, kind] =
      GENERATE(table<std::string, ErrorKind>({{"", ErrorKind::integrity},
                                              {"7z", ErrorKind::integrity},
                                              {"PK\3\4 and so on", ErrorKind::integrity}}));
  write_file(fixture.archive(), content);
  const auto found = fixture.find();
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == kind);
  CHECK(found.error().message.find(fixture.archive()) != std::string::npos);
  CHECK(fixture.open().open_object(fixture.key).error().kind == kind);
  CHECK(fixture.remove().error().kind == kind);
  CHECK_FALSE(fixture.store()->already_there);
  CHECK(fixture.find() == Presence::present);
  // It may have a copy: a removal would not be one.
  CHECK_FALSE(fixture.remove());
  CHECK(fixture.find() == Presence::present);
}

TEST_CASE("an archive is not reached through a symbolic link, and nothing else is one") {
  const Sealed fixture;
  const int way = GENERATE(0, 1, 2, 3);
  const std::string outside = fixture.scratch / "outside/archive.7z";
  write_file(outside, archive_of({{fixture.member(), fixture.bytes}}));
  if (way == 0) std::filesystem::create_directories(fixture.archive());
  if (way == 1) {
    std::filesystem::create_directories(fixture.dataset_path + "/archives");
    std::filesystem::create_symlink(outside, fixture.archive());
  }
  if (way == 2) {
    std::filesystem::create_directory_symlink(fixture.scratch / "outside",
                                              fixture.dataset_path + "/archives");
  }
  if (way == 3) {
    std::filesystem::create_directories(fixture.dataset_path + "/archives");
    REQUIRE(::mkfifo(fixture.archive().c_str(), 0600) == 0);
  }
  CHECK(fixture.find().error().kind == ErrorKind::invalid);
  CHECK(fixture.open().open_object(fixture.key).error().kind == ErrorKind::invalid);
  CHECK(fixture.remove().error().kind == ErrorKind::invalid);
}

TEST_CASE("a member beyond 2 TiB in an archive is read where the file system holds such files") {
  const Sealed fixture;
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
  testing::ArchiveDraft draft;
  draft.members = {
      {"first", 5 * kGiB}, {"second", 2500 * kGiB}, {fixture.member(), fixture.bytes.size()}, {"z", 7}};
  std::filesystem::create_directories(fixture.dataset_path + "/archives");
  // As one process would see it: ext4 and most others hold 16 TiB.
  testing::write_sparse_archive(draft, fixture.archive());
  const int fd = ::open(fixture.archive().c_str(), O_WRONLY | O_CLOEXEC);
  const auto at = static_cast<off_t>(draft.offset_of(2));
  REQUIRE(::pwrite(fd, fixture.bytes.data(), fixture.bytes.size(), at) ==
          static_cast<ssize_t>(fixture.bytes.size()));
  ::close(fd);
  CHECK(fixture.find() == Presence::archived);
  CHECK(content_of(*fixture.open().open_object(fixture.key)) == fixture.bytes);
  // And one that is itself beyond 4 GiB: its last bytes.
  StoreFixture large;
  const auto big = testing::key_of("SHA256-s5368709120--" + std::string(64, '0'));
  draft.members[0].path = fixture.open().member_path(big);
  testing::write_sparse_archive(draft, fixture.archive());
  const auto object = fixture.open().open_object(big);
  REQUIRE(object);
  CHECK(object->source->size() == 5 * kGiB);
  std::byte last[10];
  CHECK(object->source->read_at(last, 5 * kGiB - 4) == 4);
}

TEST_CASE("an archive's members and bytes are told") {
  const Sealed fixture;
  const auto archive_field = [&] {
    for (const auto& [name, value] : fixture.open().describe())
      if (name == "archive") return value;
    return std::string{};
  };
  CHECK(archive_field() == "no");
  fixture.seal();
  CHECK(archive_field() == "3 objects (23 B)");
  write_file(fixture.archive(), "7z");
  CHECK(archive_field().find("cannot be read") != std::string::npos);
}
