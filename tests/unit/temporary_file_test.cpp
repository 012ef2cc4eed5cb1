#include "lib/fs/temporary_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

using namespace microstage;
using fs::Directory;
using fs::TemporaryFile;
using testing::Fault;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::Scratch;
using testing::write_file;

namespace {

Directory open(const Scratch& scratch, fs::FileOps& ops = fs::posix_file_ops()) {
  auto directory = Directory::open(ops, scratch.path());
  REQUIRE(directory);
  return std::move(*directory);
}

Status write(TemporaryFile& temporary, std::string_view text) {
  return temporary.file().write_at(std::as_bytes(std::span(text)), 0);
}

}  // namespace

TEST_CASE("a temporary file becomes visible under its name when it is published, and durable") {
  const Scratch scratch;
  FaultyFileOps ops;
  const Directory directory = open(scratch, ops);
  {
    auto temporary = TemporaryFile::create(directory, 0640);
    REQUIRE(temporary);
    REQUIRE(write(*temporary, "abc"));
    CHECK_FALSE(testing::exists(scratch / "name"));
    REQUIRE(temporary->publish(directory, "name"));
    CHECK(read_file(scratch / "name") == "abc");
  }
  CHECK(scratch.tree() == std::vector<std::string>{"name"});
  CHECK(ops.not_durable(scratch / "name").empty());
}

TEST_CASE("a temporary file that is not published leaves nothing") {
  const Scratch scratch;
  const Directory directory = open(scratch);
  {
    const auto temporary = TemporaryFile::create(directory, 0600);
    REQUIRE(temporary);
    CHECK(scratch.tree().size() == 1);
  }
  CHECK(scratch.tree().empty());
}

TEST_CASE("whatever fails while publishing, what had the name before keeps it until the new file is whole") {
  const Scratch scratch;
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(n);
    write_file(scratch / "name", "old");
    FaultyFileOps ops;
    const Directory directory = open(scratch, ops);
    ops.fail_at(n, Fault::error, EIO);
    Status published;
    {
      auto temporary = TemporaryFile::create(directory, 0600);
      published = temporary ? write(*temporary, "new") : fail(temporary.error());
      if (published) published = temporary->publish(directory, "name");
    }
    const std::string now = read_file(scratch / "name");
    CHECK((now == "old" || now == "new"));
    if (published) CHECK(now == "new");
    if (published) CHECK(ops.not_durable(scratch / "name").empty());
    CHECK(ops.synced_again_after_failure().empty());
    REQUIRE(fs::sweep_temporary_files(open(scratch)));
    CHECK(scratch.tree() == std::vector<std::string>{"name"});
    if (!ops.fault_met()) {
      CHECK(published);
      break;
    }
  }
}

TEST_CASE("sweeping leaves a file that is being written, and takes it once its writer is gone") {
  const Scratch scratch;
  const Directory directory = open(scratch);
  write_file(scratch / "other", "x");
  write_file(scratch / "0123456789abcdef.part", "x");
  write_file(scratch / "litter.part", "not ours");
  std::filesystem::create_directory(scratch / "fedcba9876543210.part");
  {
    auto temporary = TemporaryFile::create(directory, 0600);
    REQUIRE(temporary);
    CHECK(fs::sweep_temporary_files(directory) == 1U);
    REQUIRE(write(*temporary, "abc"));
    REQUIRE(temporary->file().change_mode(0444));
    CHECK(fs::sweep_temporary_files(directory) == 0U);
    CHECK(temporary->publish(directory, "name"));
  }
  CHECK(scratch.tree() == std::vector<std::string>{"fedcba9876543210.part/", "litter.part", "name", "other"});
}

TEST_CASE("the file of a killed process is swept, also when it had lost its write bits already") {
  const Scratch scratch;
  const auto killed_writer = [&](mode_t mode) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto directory = Directory::open(fs::posix_file_ops(), scratch.path());
      auto temporary = TemporaryFile::create(*directory, 0600);
      const bool good = temporary && temporary->file().change_mode(mode);
      if (::write(ready[1], good ? "y" : "n", 1) == 1) ::pause();
      ::_exit(1);
    }
    char answer = 'n';
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    REQUIRE(answer == 'y');
    CHECK(fs::sweep_temporary_files(open(scratch)) == 0U);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(ready[0]);
    ::close(ready[1]);
  };
  for (const mode_t mode : {mode_t{0600}, mode_t{0444}}) {
    CAPTURE(mode);
    killed_writer(mode);
    CHECK(scratch.tree().size() == 1);
    const testing::OrdinaryUser user(scratch);
    CHECK(fs::sweep_temporary_files(open(scratch)) == 1U);
    CHECK(scratch.tree().empty());
  }
}

TEST_CASE("a file swept between its making and its locking is made again") {
  const Scratch scratch;
  FaultyFileOps ops;
  const Directory directory = open(scratch, ops);
  ops.before(Op::lock, 1, [&] { CHECK(fs::sweep_temporary_files(open(scratch)) == 1U); });
  auto temporary = TemporaryFile::create(directory, 0600);
  REQUIRE(temporary);
  REQUIRE(write(*temporary, "abc"));
  REQUIRE(temporary->publish(directory, "name"));
  CHECK(read_file(scratch / "name") == "abc");
}

TEST_CASE("a file that a sweeper has already locked is given up, for its name is about to go") {
  const Scratch scratch;
  FaultyFileOps ops;
  const Directory directory = open(scratch, ops);
  std::vector<fs::File> sweeper;
  ops.before(Op::lock, 1, [&] {
    const std::string name = scratch.tree().front();
    auto file = open(scratch).open_file(name, O_RDONLY);
    CHECK(file->try_lock() == true);
    sweeper.push_back(std::move(*file));
  });
  auto temporary = TemporaryFile::create(directory, 0600);
  REQUIRE(temporary);
  REQUIRE(sweeper.size() == 1);
  static_cast<void>(open(scratch).unlink(sweeper.front().name().substr(scratch.path().size() + 1)));
  REQUIRE(write(*temporary, "abc"));
  REQUIRE(temporary->publish(directory, "name"));
  CHECK(scratch.tree() == std::vector<std::string>{"name"});
}

TEST_CASE("a temporary file works where locks do not") {
  const Scratch scratch;
  FaultyFileOps ops;
  ops.fail_all(Op::lock, ENOLCK);
  const Directory directory = open(scratch, ops);
  auto temporary = TemporaryFile::create(directory, 0600);
  REQUIRE(temporary);
  CHECK(fs::sweep_temporary_files(directory) == 0U);
  REQUIRE(write(*temporary, "abc"));
  CHECK(temporary->publish(directory, "name"));
}

TEST_CASE("no temporary file can be made in a directory that has been removed") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "d");
  const Directory directory = *open(scratch).open_directory("d");
  std::filesystem::remove(scratch / "d");
  const auto temporary = TemporaryFile::create(directory, 0600);
  REQUIRE_FALSE(temporary);
  CHECK(temporary.error().code == ENOENT);
}
