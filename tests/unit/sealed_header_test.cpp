// The header of a dataset's archive: read once for all, again when the file changed, and while it changes.

#include "lib/store/sealed_archive.h"

#include <filesystem>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/sealed_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using store::Presence;

namespace {

std::uint64_t reads_of(const FaultyFileOps& ops, const std::string& path) {
  std::uint64_t count = 0;
  for (const auto& done : ops.operations())
    if (done.op == Op::read && done.path == path) ++count;
  return count;
}

}  // namespace

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
