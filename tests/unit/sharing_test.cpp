#include "lib/fs/sharing.h"

#include <sys/stat.h>

#include <algorithm>

#include "lib/fs/process.h"
#include "lib/store/shared_repository.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using testing::exists;
using testing::read_file;
using testing::Scratch;

namespace {

mode_t mode_of(const std::string& path) {
  struct ::stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

void git(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{"git"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto result =
      fs::run_process(argv, {{"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"}});
  REQUIRE(result);
  INFO(result->errors);
  REQUIRE(result->exit_status == 0);
}

// While it lives, the process makes files with this mask.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

// The one loose object in a repository.
std::string loose_object(const std::string& repository) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(repository + "/objects"))
    if (entry.is_regular_file()) return entry.path();
  return {};
}

}  // namespace

TEST_CASE(
    "modes of directories and of read-only files are git's own, for each way of sharing and each umask") {
  const mode_t umask = GENERATE(mode_t{022}, mode_t{077}, mode_t{002});
  for (const std::string shared :
       {"false", "true", "umask", "group", "all",  "world", "everybody", "0600", "0640", "0644",
        "0660",  "0664", "0666",  "0750",  "0777", "1",     "2",         "0",    "00",   "01"}) {
    CAPTURE(shared, umask);
    const Scratch scratch;
    testing::write_file(scratch / "file", "x");
    const Umask masked(umask);
    git({"init", "-q", "--bare", "--shared=" + shared, scratch / "r"});
    git({"-C", scratch / "r", "hash-object", "-w", "--", scratch / "file"});
    const auto written = fs::Sharing::parse(shared);
    REQUIRE(written);
    const auto read = fs::Sharing::parse(store::shared_repository_value(read_file(scratch / "r/config")));
    REQUIRE(read);
    const std::string object = loose_object(scratch / "r");
    for (const fs::Sharing& sharing : {*written, *read}) {
      CHECK(sharing.directory_mode(0777 & ~umask) == mode_of(scratch / "r/objects"));
      CHECK(sharing.file_mode(0444 & ~umask) == mode_of(object));
      CHECK(sharing.file_mode(0666 & ~umask) == mode_of(scratch / "r/config"));
    }
  }
}

TEST_CASE("a way of sharing that git does not know is no way of sharing") {
  for (const std::string bad : {"0400", "0060", "01777", "08", "grupp", "-1", "0660x", "0x1b0", " group"}) {
    CAPTURE(bad);
    CHECK_FALSE(fs::Sharing::parse(bad));
  }
  CHECK(fs::Sharing{}.umask_decides());
  CHECK(fs::Sharing{}.file_mode(0640) == 0640);
  CHECK(fs::Sharing{}.directory_mode(0750) == 0750);
}

TEST_CASE("a file keeps its mode bits above the permissions") {
  CHECK(fs::Sharing::parse("0640")->directory_mode(02755) == 02750);
  CHECK(fs::Sharing::parse("group")->file_mode(04444) == 04444);
}

TEST_CASE("core.sharedRepository is found in a git configuration file as git finds it") {
  struct Row {
    std::string config;
    std::string value;
  };
  const std::vector<Row> rows{
      {"", ""},
      {"[core]\n\tsharedRepository = group\n", "group"},
      {"[core]\n\tsharedrepository=1\n", "1"},
      {"[CORE]\nSHAREDREPOSITORY = All\n", "all"},
      {"[core]\n\tsharedRepository\n", "true"},
      {"[core] sharedRepository = 0660\n", "0660"},
      {"[core]\nsharedRepository = \"0660\"\n", "0660"},
      {"[core]\r\n\tsharedRepository = group\r\n", "group"},
      {"[core]\nsharedRepository = group ; with all\n", "group"},
      {"[core]\n# sharedRepository = group\n", ""},
      {"[core]\nsharedRepository = group\n[core]\nsharedRepository = umask\n", "umask"},
      {"[core \"x\"]\nsharedRepository = group\n", ""},
      {"[other]\nsharedRepository = group\n", ""},
      {"[core]\nbare = true\n[other]\nsharedRepository = group\n", ""},
      {"sharedRepository = group\n", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.config);
    CHECK(store::shared_repository_value(row.config) == row.value);
  }
}

TEST_CASE("without a configuration, or with one that says nothing sensible, the umask decides") {
  const Scratch scratch;
  const auto read = [&] {
    return store::read_shared_repository(*fs::Directory::open(fs::posix_file_ops(), scratch.path()));
  };
  CHECK(read().umask_decides());
  testing::write_file(scratch / "config", "[core]\nsharedRepository = nonsense\n");
  CHECK(read().umask_decides());
  testing::write_file(scratch / "config", "[core]\nsharedRepository = group\n");
  CHECK_FALSE(read().umask_decides());
}
