// Which datasets and aliases a store has, whoever put them there.

#include "lib/store/ria_listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using store::list_aliases;
using store::list_datasets;
using testing::Scratch;

namespace {

constexpr std::string_view kOther = "0005e7d1-90d1-4f0e-8a52-3d1f8e6b7c02";

struct Listing {
  Listing() {
    testing::make_ria_store(path);
    std::filesystem::create_directories(path + "/alias");
  }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, path + "/alias/" + name);
  }
  [[nodiscard]] store::RiaStore open() const {
    auto store = store::RiaStore::open(fs::posix_file_ops(), path);
    REQUIRE(store);
    return std::move(*store);
  }
  // "NAME ID", or "NAME -" for one that is refused.
  [[nodiscard]] std::vector<std::string> aliases() const {
    const auto listed = list_aliases(open());
    REQUIRE(listed);
    std::vector<std::string> lines;
    for (const store::RiaAlias& alias : *listed) {
      lines.push_back(alias.name + " " + (alias.dataset ? alias.dataset->text() : "-"));
      if (!alias.dataset) CHECK(alias.dataset.error().message.find('\n') == std::string::npos);
    }
    return lines;
  }

  Scratch scratch;
  std::string path = scratch / "store";
};

using Lines = std::vector<std::string>;
const std::string kId{testing::kDatasetId};
const std::string kPlace = kId.substr(0, 3) + "/" + kId.substr(3);

}  // namespace

TEST_CASE("aliases are listed by name, with the dataset that they name") {
  const Listing store;
  store.link("../" + kPlace, "B20_0002");
  store.link("../" + kPlace + "/", "B20_0001");
  store.link(store.path + "/" + kPlace, "from the root");
  store.link("../000/" + std::string{kOther.substr(3)}, "gone");
  CHECK(store.aliases() ==
        Lines{"B20_0001 " + kId, "B20_0002 " + kId, "from the root " + kId, "gone " + std::string{kOther}});
}

TEST_CASE("what is no alias is refused by itself") {
  const Listing store;
  store.link("../" + kPlace, "good");
  int number = 0;
  for (const char* target :
       {"/etc/passwd", "../../elsewhere", "..", "../b24", "../b24/../b24/x", "b24/x", "."})
    store.link(target, "bad" + std::to_string(number++));
  store.link("../" + kPlace + "/annex", "below");
  store.link("../../" + kPlace, "above");
  store.link("../B24/" + kId.substr(3), "upper");
  store.link("../" + kPlace, "line\nbreak");
  store.link("../" + kPlace, ".hidden");
  store.link(std::string(4000, 'x'), "long");
  store.link("good", "chain");
  testing::write_file(store.path + "/alias/file", "x");
  std::filesystem::create_directory(store.path + "/alias/directory");
  REQUIRE(::mkfifo((store.path + "/alias/pipe").c_str(), 0600) == 0);
  const Lines aliases = store.aliases();
  CHECK(std::count(aliases.begin(), aliases.end(), "good " + kId) == 1);
  for (const std::string& line : aliases)
    CHECK((line == "good " + kId || line.ends_with(" -")));
  CHECK(aliases.size() == 17);
}

TEST_CASE("a store may have no aliases, their directory may be no link") {
  const Listing store;
  std::filesystem::remove(store.path + "/alias");
  CHECK(store.aliases().empty());
  std::filesystem::create_directories(store.scratch / "elsewhere");
  std::filesystem::create_directory_symlink(store.scratch / "elsewhere", store.path + "/alias");
  const auto listed = list_aliases(store.open());
  REQUIRE_FALSE(listed);
  CHECK(listed.error().kind == ErrorKind::invalid);
}

TEST_CASE("datasets are listed by id, what is no dataset's place is left out") {
  const Listing store;
  std::filesystem::create_directories(store.path + "/000/" + std::string{kOther.substr(3)});
  std::filesystem::create_directories(store.path + "/000/no-id");
  std::filesystem::create_directories(store.path + "/0000/" + std::string{kOther.substr(3)});
  testing::write_file(store.path + "/abc", "a file");
  std::filesystem::create_directory_symlink("/etc", store.path + "/def");
  const auto listed = list_datasets(store.open());
  REQUIRE(listed);
  Lines ids;
  for (const DatasetId& id : listed->datasets)
    ids.push_back(id.text());
  CHECK(ids == Lines{std::string{kOther}, kId});
  REQUIRE(listed->refused.size() == 1);
  CHECK(listed->refused[0].kind == ErrorKind::invalid);
}
