#include "lib/fs/file.h"

#include <cerrno>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

using namespace microstage;
using fs::File;
using testing::Fault;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::sample_bytes;
using testing::Scratch;
using testing::write_file;

namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("a read fills its buffer and a write is whole, however little the kernel does at a time") {
  const Scratch scratch;
  const std::string bytes = sample_bytes(10'000);
  FaultyFileOps ops;
  const auto file = File::open(ops, scratch / "f", O_RDWR | O_CREAT);
  REQUIRE(file);
  ops.fail_at(1, Fault::short_count, 0);
  REQUIRE(file->write_at(as_bytes(bytes), 0));
  CHECK(read_file(scratch / "f") == bytes);
  ops.fail_at(1, Fault::short_count, 0);
  std::string read(10'000, '\0');
  const auto count = file->read_at(std::as_writable_bytes(std::span(read)), 0);
  REQUIRE(count);
  CHECK(*count == bytes.size());
  CHECK(read == bytes);
  CHECK(ops.count_of(Op::write) == 2);
}

TEST_CASE("only the end of the file makes a read shorter") {
  const Scratch scratch;
  write_file(scratch / "f", "abcdef");
  const auto file = File::open(fs::posix_file_ops(), scratch / "f", O_RDONLY);
  std::array<std::byte, 4> buffer{};
  CHECK(file->read_at(buffer, 0) == 4U);
  CHECK(file->read_at(buffer, 4) == 2U);
  CHECK(file->read_at(buffer, 6) == 0U);
  CHECK(file->read_at(buffer, 600) == 0U);
}

TEST_CASE("an interrupted call is made again") {
  const Scratch scratch;
  write_file(scratch / "f", "abc");
  FaultyFileOps ops;
  ops.fail_at(1, Fault::error, EINTR);
  const auto file = File::open(ops, scratch / "f", O_RDWR);
  REQUIRE(file);
  std::array<std::byte, 3> buffer{};
  ops.fail_at(1, Fault::error, EINTR);
  CHECK(file->read_at(buffer, 0) == 3U);
  ops.fail_at(1, Fault::error, EINTR);
  CHECK(file->write_at(as_bytes("xyz"), 0));
  ops.fail_at(1, Fault::error, EINTR);
  CHECK(file->truncate(2));
  ops.fail_at(1, Fault::error, EINTR);
  CHECK(file->change_mode(0600));
  CHECK(read_file(scratch / "f") == "xy");
}

TEST_CASE("a failed fsync is a matter of durability, and it is not tried again") {
  const Scratch scratch;
  FaultyFileOps ops;
  const auto file = File::open(ops, scratch / "f", O_RDWR | O_CREAT);
  for (const int code : {EIO, EINTR, EROFS}) {
    ops.fail_at(1, Fault::error, code);
    const auto synced = file->sync();
    REQUIRE_FALSE(synced);
    CHECK(synced.error().kind == ErrorKind::durability);
  }
  ops.fail_all(Op::sync, ENOSPC);
  CHECK(file->sync().error().kind == ErrorKind::space_bytes);
  ops.fail_all(Op::sync, EDQUOT);
  CHECK(file->sync().error().kind == ErrorKind::space_quota);
}

TEST_CASE("what closing reports is reported") {
  const Scratch scratch;
  FaultyFileOps ops;
  const auto file = File::open(ops, scratch / "f", O_RDWR | O_CREAT);
  CHECK(file->flush());
  ops.fail_at(1, Fault::error, EIO);
  CHECK(file->flush().error().kind == ErrorKind::durability);
  ops.fail_at(1, Fault::error, EDQUOT);
  CHECK(file->flush().error().kind == ErrorKind::space_quota);
  ops.fail_at(1, Fault::error, ENOSPC);
  CHECK(file->flush().error().kind == ErrorKind::space_bytes);
}

TEST_CASE("a file system that is out of inodes is told apart from one that is out of blocks") {
  const Scratch scratch;
  FaultyFileOps ops;
  const auto file = File::open(ops, scratch / "f", O_RDWR | O_CREAT);
  const auto write = [&](int code) {
    ops.fail_at(1, Fault::error, code);
    return file->write_at(as_bytes("x"), 0).error();
  };
  const auto create = [&](int code) {
    ops.fail_at(1, Fault::error, code);
    return File::open(ops, scratch / "g", O_RDWR | O_CREAT).error();
  };
  ops.pretend_free_inodes(0);
  CHECK(write(ENOSPC).kind == ErrorKind::space_inodes);
  CHECK(write(ENOSPC).message.find("inodes") != std::string::npos);
  CHECK(create(ENOSPC).kind == ErrorKind::space_inodes);
  CHECK(write(EDQUOT).kind == ErrorKind::space_quota);
  ops.pretend_free_inodes(1);
  CHECK(write(ENOSPC).kind == ErrorKind::space_bytes);
  CHECK(create(ENOSPC).kind == ErrorKind::space_bytes);
}

TEST_CASE("a file is unchanged only if it is the same one, of the same size and time") {
  const Scratch scratch;
  write_file(scratch / "f", "abc");
  const auto file = File::open(fs::posix_file_ops(), scratch / "f", O_RDWR);
  const auto before = *file->status();
  CHECK(file->status()->unchanged_since(before));
  auto other = before;
  other.modified.tv_nsec ^= 1;
  CHECK_FALSE(other.unchanged_since(before));
  other = before;
  ++other.identity.inode;
  CHECK_FALSE(other.unchanged_since(before));
  REQUIRE(file->truncate(2));
  CHECK_FALSE(file->status()->unchanged_since(before));
}

TEST_CASE("a small file is read whole, of any size up to its limit and not beyond") {
  const Scratch scratch;
  for (const std::size_t size : {0U, 1U, 16383U, 16384U, 16385U, 40000U}) {
    const std::string text(size, 'x');
    write_file(scratch / "f", text);
    const auto file = File::open(fs::posix_file_ops(), scratch / "f", O_RDONLY);
    for (const std::size_t limit : {size, size + 1, std::size_t{1} << 40U})
      CHECK(read_small_file(*file, limit) == text);
    if (size > 0) CHECK(read_small_file(*file, size - 1).error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("a lock keeps writers and readers of the lock out until the file is closed") {
  const Scratch scratch;
  auto holder = File::open(fs::posix_file_ops(), scratch / "f", O_RDWR | O_CREAT);
  REQUIRE(holder->try_lock() == true);
  CHECK(File::open(fs::posix_file_ops(), scratch / "f", O_RDWR)->try_lock() == false);
  CHECK(File::open(fs::posix_file_ops(), scratch / "f", O_RDONLY)->try_lock() == false);
  CHECK(holder->flush());
  CHECK(File::open(fs::posix_file_ops(), scratch / "f", O_RDWR)->try_lock() == false);
  { const File closed = std::move(*holder); }
  CHECK(File::open(fs::posix_file_ops(), scratch / "f", O_RDONLY)->try_lock() == true);
  CHECK(File::open(fs::posix_file_ops(), scratch / "f", O_RDWR)->try_lock() == true);
}

TEST_CASE("a file system without locks says so") {
  const Scratch scratch;
  FaultyFileOps ops;
  const auto file = File::open(ops, scratch / "f", O_RDWR | O_CREAT);
  ops.fail_all(Op::lock, ENOLCK);
  CHECK_FALSE(file->try_lock());
}
