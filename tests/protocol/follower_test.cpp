// The writer that stays a short way ahead of git-annex's reader: this process plays git-annex.

#include "remote/follower.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "lib/fs/file.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::testing;
using remote::Follower;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

}  // namespace

TEST_CASE("the writer waits until the reader is near, and not for its end") {
  const Scratch scratch;
  write_file(scratch / "growing", "x");
  const auto file = fs::File::open(fs::posix_file_ops(), scratch / "growing", O_RDONLY);
  REQUIRE(file);
  const auto position = [&] { return ::lseek(file->descriptor(), 0, SEEK_CUR); };
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ::lseek(file->descriptor(), kMiB, SEEK_CUR);
    }
  });
  Follower follower(::getpid(), scratch / "growing");
  for (const std::uint64_t written : {40 * kMiB, 60 * kMiB, 120 * kMiB}) {
    follower.wait_until_near(written, {});
    CHECK(position() + static_cast<off_t>(16 * kMiB) >= static_cast<off_t>(written));
  }
}

TEST_CASE("a reader that is not there, stands still or has gone is not waited for") {
  const Scratch scratch;
  write_file(scratch / "growing", "x");
  auto file = fs::File::open(fs::posix_file_ops(), scratch / "growing", O_RDONLY);
  REQUIRE(file);
  SECTION("it stands still") {
    Follower(::getpid(), scratch / "growing").wait_until_near(100 * kMiB, {});
  }
  SECTION("it has closed the file, or never opened it") {
    *file = std::move(*fs::File::open(fs::posix_file_ops(), scratch.path(), O_RDONLY));
    Follower(::getpid(), scratch / "growing").wait_until_near(100 * kMiB, {});
  }
  SECTION("there is no such process, or no such file") {
    Follower(-1, scratch / "growing").wait_until_near(100 * kMiB, {});
    Follower(::getpid(), scratch / "absent").wait_until_near(100 * kMiB, {});
  }
  SECTION("the transfer was cancelled") {
    std::stop_source stop;
    stop.request_stop();
    Follower follower(::getpid(), scratch / "growing");
    for (int i = 0; i < 10'000; ++i)  // each would wait for half a second
      follower.wait_until_near(100 * kMiB, stop.get_token());
  }
  SECTION("who was given up is not waited for again") {
    Follower follower(::getpid(), scratch / "growing");
    for (int i = 0; i < 10'000; ++i)
      follower.wait_until_near(100 * kMiB, {});
  }
  SUCCEED("it came to an end");
}
