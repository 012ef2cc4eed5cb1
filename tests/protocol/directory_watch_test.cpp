// The watch that is kept on git-annex's directory: one, and only while it is wanted.

#include "remote/directory_watch.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::testing;
using remote::DirectoryWatch;

namespace {

// How many watches of this process are on `directory` (proc(5), fdinfo of inotify).
std::size_t watches_of(const std::string& directory) {
  struct ::stat status {};
  REQUIRE(::stat(directory.c_str(), &status) == 0);
  std::ostringstream wanted;
  wanted << " ino:" << std::hex << status.st_ino << ' ';
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(entry.path());
    for (std::string line; std::getline(info, line);)
      count += line.starts_with("inotify ") && line.find(wanted.str()) != std::string::npos ? 1U : 0U;
  }
  return count;
}

}  // namespace

TEST_CASE("the directory of the files is watched once, until the session ends") {
  const Scratch scratch;
  {
    DirectoryWatch watch;
    CHECK(watches_of(scratch.path()) == 0);
    for (const char* name : {"one", "two", "three"})
      watch.keep_for(scratch / name);
    CHECK(watches_of(scratch.path()) == 1);
    std::filesystem::create_directory(scratch / "other");
    watch.keep_for(scratch / "other/four");
    CHECK(watches_of(scratch / "other") == 1);
  }
  CHECK(watches_of(scratch.path()) == 0);
  CHECK(watches_of(scratch / "other") == 0);
}

TEST_CASE("what cannot be watched is not") {
  const Scratch scratch;
  DirectoryWatch watch;
  watch.keep_for(scratch / "absent/one");
  watch.keep_for("");
  CHECK(watches_of(scratch.path()) == 0);
  watch.keep_for(scratch / "one");
  CHECK(watches_of(scratch.path()) == 1);
}
