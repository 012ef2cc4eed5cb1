// Archives that real 7z wrote, in every way that bears on reading them in place.

#include "lib/fs/process.h"
#include "tests/support/archive_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using testing::paths_of;
using testing::read_table;
using testing::sample_bytes;
using testing::Scratch;

namespace {

struct Tree {
  Tree() {
    for (const auto& [path, bytes] : files)
      testing::write_file(scratch / ("tree/" + path), bytes);
    std::filesystem::create_directories(scratch / "tree/empty directory");
    std::filesystem::create_symlink("zeros.tif", scratch / "tree/link");
  }
  // Nothing when there is no 7z on this machine, as the test's output then says.
  [[nodiscard]] std::optional<std::string> archive(const std::string& options) const {
    const std::string archive = scratch / "archive.7z";
    std::filesystem::remove(archive);
    const auto ended = fs::run_process(
        {"sh", "-c", "command -v 7z >/dev/null || exit 127; cd \"$0\" && exec 7z a " + options + " \"$1\" .",
         scratch / "tree", archive});
    if (ended && ended->exit_status == 127) {
      std::puts("SKIP: 7z is not installed");
      return std::nullopt;
    }
    INFO((ended ? ended->output + ended->errors : ended.error().message));
    REQUIRE((ended && ended->exit_status == 0));
    return testing::read_file(archive);
  }

  Scratch scratch;
  std::vector<std::pair<std::string, std::string>> files{
      {"0V/6k/KEY-a.tif/KEY-a.tif", sample_bytes(70'000, 1)},
      {"0V/6k/KEY-b.exe/KEY-b.exe", sample_bytes(3000, 2)},
      {"Zz/gr\xC3\xBC\xC3\x9F\xF0\x9F\x98\x80", "umlaut"},
      {"Zz/no \xFF utf-8", "bytes"},
      {"Zz/like an escape \xEE\xBE\x80", "private use"},
      {"empty", ""},
      {"zeros.tif", std::string(5000, '\0')}};
};

}  // namespace

TEST_CASE("what 7z stored is found at its place, byte for byte") {
  const Tree tree;
  for (const char* options :
       {"-mx0", "-mx0 -mhc=off", "-mx0 -ms=on", "-m0=Copy -ms=on -mhc=on", "-mx0 -mtc=on -mta=on",
        "-mx0 -mtr=off", "-mx0 -snl", "-mx0 -m0=Copy -mmt=off"}) {
    CAPTURE(options);
    const auto archive = tree.archive(options);
    if (!archive) return;
    const auto table = read_table(*archive);
    REQUIRE(table);
    for (const auto& [path, bytes] : tree.files) {
      CAPTURE(path);
      const auto member = table->find(path);
      REQUIRE(member);
      CHECK((archive->substr(member->offset, member->size) == bytes));
      if (!bytes.empty()) CHECK(member->crc == store::archive::crc32(std::as_bytes(std::span(bytes))));
    }
    CHECK_FALSE(table->find("empty directory"));
  }
}

TEST_CASE("an archive that 7z added to later is read as a whole") {
  Tree tree;
  if (!tree.archive("-mx0")) return;
  testing::write_file(tree.scratch / "tree/more", "more");
  const auto ended = fs::run_process({"sh", "-c", "cd \"$0\" && exec 7z u -mx0 \"$1\" more",
                                      tree.scratch / "tree", tree.scratch / "archive.7z"});
  REQUIRE((ended && ended->exit_status == 0));
  const std::string archive = testing::read_file(tree.scratch / "archive.7z");
  const auto table = read_table(archive);
  REQUIRE(table);
  REQUIRE(table->find("more"));
  CHECK(archive.substr(table->find("more")->offset, 4) == "more");
  CHECK(table->find("zeros.tif")->size == 5000);
}

TEST_CASE("what 7z compressed or encrypted is refused, with its method and what to do") {
  const Tree tree;
  const std::vector<std::pair<std::string, std::string>> examples{
      {"", "members are packed with LZMA2"},
      {"-m0=lzma", "members are packed with LZMA;"},
      {"-m0=ppmd", "members are packed with PPMd"},
      {"-m0=bzip2", "members are packed with BZip2"},
      {"-m0=deflate", "members are packed with Deflate"},
      {"-m0=bcj2 -m1=lzma -m2=lzma -m3=lzma -mb0:1 -mb0s1:2 -mb0s2:3",
       "members are packed with LZMA + LZMA + LZMA + BCJ2"},
      {"-mx0 -psecret", "members are encrypted ("},
      {"-mx0 -psecret -mhe=on", "header is encrypted ("},
      {"-psecret -mhe=on", "header is encrypted ("}};
  for (const auto& [options, text] : examples) {
    CAPTURE(options);
    const auto archive = tree.archive(options);
    if (!archive) return;
    const auto table = read_table(*archive);
    REQUIRE_FALSE(table);
    CHECK(table.error().kind == ErrorKind::unsupported);
    CAPTURE(table.error().message);
    CHECK(table.error().message.find(text) != std::string::npos);
    CHECK(table.error().message.find("7z a -mx0") != std::string::npos);
  }
}

TEST_CASE("a real archive cut or changed anywhere never gives a wrong table") {
  const Tree tree;
  for (const char* options : {"-mx0 -mhc=off", "-mx0"}) {
    const auto archive = tree.archive(options);
    if (!archive) return;
    const auto whole = paths_of(*read_table(*archive));
    const std::size_t header = archive->size() < 4000 ? 0 : archive->size() - 4000;
    for (std::size_t at = 0; at < archive->size();
         at = at == 64 ? std::max<std::size_t>(header, 65) : at + 1) {
      REQUIRE_FALSE(read_table(archive->substr(0, at)));
      std::string other = *archive;
      other[at] = static_cast<char>(other[at] ^ 0x55);
      const auto table = read_table(other);
      if (table) REQUIRE(paths_of(*table) == whole);
    }
  }
}
