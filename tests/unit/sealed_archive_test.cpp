// Objects in a dataset's archives/archive.7z: found, read, kept. Reading the format itself:
// archive_table_test.cpp.

#include "lib/store/sealed_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/support/archive_encoder.h"
#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::archive_of;
using testing::content_of;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::StoreFixture;
using testing::write_file;

namespace {

struct Sealed : StoreFixture {
  explicit Sealed(std::string_view content = "the content\n", std::string_view version = "2")
      : StoreFixture(content, version) {}

  [[nodiscard]] std::string archive() const { return dataset_path + "/archives/archive.7z"; }
  [[nodiscard]] std::string member() const { return open().member_path(key); }
  void seal(std::string_view content) const {
    write_file(archive(),
               archive_of({{"other", "before"}, {member(), std::string{content}}, {"z", "after"}}));
  }
  void seal() const { seal(bytes); }
};

std::uint64_t reads_of(const FaultyFileOps& ops, const std::string& path) {
  std::uint64_t count = 0;
  for (const auto& done : ops.operations())
    if (done.op == Op::read && done.path == path) ++count;
  return count;
}

}  // namespace

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

TEST_CASE("nothing is removed while the archive has it, not even a loose copy beside") {
  const Sealed fixture;
  const bool right = GENERATE(true, false);
  fixture.seal(right ? fixture.bytes : "another size");
  const bool loose = GENERATE(true, false);
  if (loose) fixture.put(fixture.bytes);
  const auto before = fixture.tree();
  const auto removed = fixture.remove();
  REQUIRE_FALSE(removed);
  CHECK(removed.error().kind == ErrorKind::unsupported);
  CHECK(removed.error().message.find(fixture.archive()) != std::string::npos);
  CHECK(fixture.tree() == before);
}

TEST_CASE("a removal during which the object is sealed is no success") {
  const Sealed fixture;
  fixture.put(fixture.bytes);
  FaultyFileOps ops;
  ops.before(Op::unlink, 1, [&] { fixture.seal(); });
  CHECK_FALSE(fixture.remove(ops));
  CHECK(fixture.find() == Presence::archived);
}

TEST_CASE("storing what the archive has copies nothing, and makes it durable") {
  const Sealed fixture;
  fixture.seal();
  FaultyFileOps ops;
  const auto stored = fixture.store(ops);
  REQUIRE(stored);
  CHECK(stored->already_there);
  CHECK(ops.count_of(Op::write) == 0);
  CHECK(ops.count_of(Op::sync) > 0);
  CHECK(fixture.tree() == std::vector<std::string>{"archives/", "archives/archive.7z"});
}

TEST_CASE("a good copy is stored beside an archived one that is damaged, and is what is read then") {
  const Sealed fixture;
  std::string wrong = fixture.bytes;
  wrong[3] ^= 1;
  fixture.seal(wrong);
  store::TransferControl control;
  control.replace = true;
  const auto stored = fixture.open().store(fixture.key, fixture.source, control);
  REQUIRE(stored);
  CHECK_FALSE(stored->already_there);
  CHECK(content_of(*fixture.open().open_object(fixture.key)) == fixture.bytes);
}

TEST_CASE("a loose object of the wrong size is replaced also where the archive has the right one") {
  const Sealed fixture;
  fixture.seal();
  fixture.put("short");
  CHECK_FALSE(fixture.store()->already_there);
  CHECK(read_file(fixture.object()) == fixture.bytes);
}

TEST_CASE("a damaged member stays where it is") {
  const Sealed fixture;
  fixture.seal("of this size");
  const auto before = read_file(fixture.archive());
  auto dataset = fixture.open();
  const auto object = dataset.open_object(fixture.key);
  REQUIRE(object);
  CHECK(dataset.quarantine(fixture.key, object->holder->identity)->has_value() == false);
  CHECK((read_file(fixture.archive()) == before));
  CHECK(fixture.find() == Presence::archived);
}

TEST_CASE("a member noted as damaged is no object for anybody until the archive is replaced") {
  const Sealed fixture;
  fixture.seal();
  const fs::Identity meant = fixture.open().holder_of(fixture.key)->identity;
  CHECK(fixture.open().note_damaged_member(fixture.key, {meant.device, meant.inode + 1}) == false);
  CHECK(fixture.find() == Presence::archived);
  FaultyFileOps ops;
  CHECK(fixture.open(ops).note_damaged_member(fixture.key, meant) == true);
  const std::string note = fixture.dataset_path + "/.microstage/damaged/" + fixture.key.file_name();
  CHECK(ops.not_durable(note).empty());
  CHECK(fixture.find() == Presence::wrong_size);
  CHECK_FALSE(fixture.open().whereabouts(fixture.key));
  CHECK_FALSE(fixture.remove());
  std::filesystem::permissions(fixture.archive(), std::filesystem::perms::owner_read);
  CHECK(fixture.find() == Presence::wrong_size);
  SECTION("a good copy goes beside it") {
    CHECK_FALSE(fixture.store()->already_there);
    CHECK(fixture.find() == Presence::present);
  }
  SECTION("a new archive is another matter") {
    write_file(fixture.scratch / "new", archive_of({{fixture.member(), fixture.bytes}}));
    std::filesystem::rename(fixture.scratch / "new", fixture.archive());
    CHECK(fixture.find() == Presence::archived);
  }
  SECTION("what cannot be looked at is no news") {
    std::filesystem::remove(note);
    std::filesystem::create_directory(note);
    CHECK_FALSE(fixture.find());
  }
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

TEST_CASE("the header is read once, and again when the file has changed in any way") {
  const Sealed fixture;
  fixture.seal();
  FaultyFileOps ops;
  const auto dataset = fixture.open(ops);
  REQUIRE(dataset.find(fixture.key) == Presence::archived);
  const auto once = reads_of(ops, fixture.archive());
  REQUIRE(once > 0);
  for (int i = 0; i < 3; ++i) {
    CHECK(dataset.find(fixture.key) == Presence::archived);
    CHECK(dataset.open_object(fixture.key));
  }
  CHECK(reads_of(ops, fixture.archive()) == once);
  const auto object = dataset.open_object(fixture.key);

  SECTION("replaced by one without it") {
    write_file(fixture.scratch / "new", archive_of({{"other", "x"}}));
    std::filesystem::rename(fixture.scratch / "new", fixture.archive());
    CHECK(dataset.find(fixture.key) == Presence::absent);
    CHECK(content_of(*object) == fixture.bytes);  // who has it open goes on reading it
  }
  SECTION("replaced by one that has it elsewhere") {
    write_file(fixture.scratch / "new", archive_of({{"first", "xyz"}, {fixture.member(), fixture.bytes}}));
    std::filesystem::rename(fixture.scratch / "new", fixture.archive());
    CHECK(content_of(*dataset.open_object(fixture.key)) == fixture.bytes);
  }
  SECTION("overwritten in place, with size and modification time as before") {
    struct ::stat before {};
    REQUIRE(::stat(fixture.archive().c_str(), &before) == 0);
    std::string other = archive_of({{"other", "before"}, {fixture.member(), fixture.bytes}, {"z", "after"}});
    const auto at = other.rfind("z");
    other[at] = 'y';  // and so its header is damaged
    write_file(fixture.archive(), other);
    const timespec times[2]{before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, fixture.archive().c_str(), times, 0) == 0);
    CHECK(dataset.find(fixture.key).error().kind == ErrorKind::integrity);
  }
  SECTION("removed") {
    std::filesystem::remove(fixture.archive());
    CHECK(dataset.find(fixture.key) == Presence::absent);
  }
  CHECK(reads_of(ops, fixture.archive()) >= once);
}

TEST_CASE("what is refused is read once, too") {
  const Sealed fixture;
  write_file(fixture.archive(), std::string(1000, 'x'));
  FaultyFileOps ops;
  const auto dataset = fixture.open(ops);
  CHECK_FALSE(dataset.find(fixture.key));
  const auto once = reads_of(ops, fixture.archive());
  CHECK_FALSE(dataset.find(fixture.key));
  CHECK_FALSE(dataset.open_object(fixture.key));
  CHECK(reads_of(ops, fixture.archive()) == once);
}

TEST_CASE("an error in reading the archive is never absence, and is not remembered") {
  const Sealed fixture;
  for (const bool there : {false, true}) {
    if (there) fixture.seal();
    if (!there) write_file(fixture.archive(), archive_of({{"other", "x"}}));
    for (const int code : {EIO, ESTALE, EACCES, ENOTCONN, ENOMEM, EINTR}) {
      for (std::uint64_t n = 1, count = 1; n <= count; ++n) {
        CAPTURE(there, code, n);
        FaultyFileOps ops;
        const auto dataset = fixture.open(ops);
        ops.reset();
        ops.fail_at(n, testing::Fault::error, code);
        const auto found = dataset.find(fixture.key);
        count = ops.count();
        if (found) CHECK(*found == (there ? Presence::archived : Presence::absent));
        if (ops.fault_met() && code != EINTR) CHECK_FALSE(found);
        ops.recover();
        CHECK(dataset.find(fixture.key) == (there ? Presence::archived : Presence::absent));
      }
    }
  }
}

TEST_CASE("an archive that is written while it is read is tried again by the next request") {
  const Sealed fixture;
  write_file(fixture.archive(), archive_of({{"other", "x"}}));
  FaultyFileOps ops;
  const auto dataset = fixture.open(ops);
  ops.reset();
  ops.before(Op::read, 2, [&] { fixture.seal(); });
  const auto found = dataset.find(fixture.key);
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::transient);
  CHECK(dataset.find(fixture.key) == Presence::archived);
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

TEST_CASE("many threads share one table") {
  const Sealed fixture;
  fixture.seal();
  FaultyFileOps ops;
  const auto dataset = fixture.open(ops);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          const auto object = dataset.open_object(fixture.key);
          if (object && content_of(*object) == fixture.bytes &&
              dataset.find(fixture.key) == Presence::archived)
            ++right;
        }
      });
    }
  }
  CHECK(right == 400);
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
