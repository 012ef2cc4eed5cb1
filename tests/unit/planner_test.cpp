// From names to jobs: where datasets are looked for, which of them counts, and whose trouble is whose.

#include "daemon/planner/planner.h"

#include <map>

#include "tests/support/catch.h"
#include "tests/support/planner_fixture.h"

using namespace microstage;
using core::Action;
using planner::PlannedDataset;
using planner::PlannedTargets;
using planner::PlanRequest;
using testing::kCloneUuid;
using testing::kStorageUuid;
using testing::numbered_id;
using testing::PlannerFixture;

namespace {

PlannedTargets plan(const PlannerFixture& world, const std::vector<std::string>& texts,
                    const PlanRequest& request = {Action::stage, false, 2}) {
  auto planned = world.try_plan(fs::posix_file_ops(), texts, request);
  if (!planned) FAIL(planned.error().message);
  for (const planner::Failure& failure : planned->failures)
    CHECK(failure.error.message.find('\n') == std::string::npos);
  return std::move(*planned);
}

constexpr PlanRequest kRecursive{Action::stage, true, 2};

std::vector<std::string> targets(const PlannedTargets& planned) {
  std::vector<std::string> names;
  for (const PlannedDataset& one : planned.datasets)
    names.push_back(one.dataset.target);
  return names;
}

std::map<std::string, std::string> failures(const PlannedTargets& planned) {
  std::map<std::string, std::string> kinds;
  for (const planner::Failure& failure : planned.failures)
    kinds.emplace(failure.target, name(failure.error.kind));
  return kinds;
}

using Names = std::vector<std::string>;
using Failures = std::map<std::string, std::string>;

// Sections B20_0001 to B20_0003, two planes each, all in the store.
struct Sections : PlannerFixture {
  Sections() {
    for (unsigned number = 1; number <= 3; ++number) {
      fill(stored(numbered_id(number)), numbered_id(number),
           {{"z0", {kStorageUuid}}, {"deep/z1", {kStorageUuid}}});
      alias("B20_000" + std::to_string(number), numbered_id(number));
    }
  }
  [[nodiscard]] static std::string gitlink(const repo::ObjectId& commit) { return "=> " + commit.hex(); }
  [[nodiscard]] repo::ObjectId head(const DatasetId& id) const {
    return *repo::ObjectId::parse(
        testing::read_file(store_path + "/" + id.store_path() + "/refs/heads/main").substr(0, 40));
  }
  static std::string submodule(const std::string& path, const DatasetId& id) {
    return "[submodule \"" + path + "\"]\n\tpath = " + path + "\n\tdatalad-id = " + id.text() + "\n";
  }
};

}  // namespace

TEST_CASE("aliases, patterns, ranges and ids lead to the same datasets") {
  const Sections world;
  const auto one = plan(world, {"B20_0002"});
  REQUIRE(one.datasets.size() == 1);
  CHECK(one.failures.empty());
  CHECK(one.datasets[0].dataset.alias == "B20_0002");
  CHECK(one.datasets[0].job.move.files == 2);
  CHECK(one.datasets[0].job.move.bytes == 9);
  CHECK(one.datasets[0].job.clone_inodes == core::kEmptyCloneInodes + 5);
  CHECK(targets(plan(world, {"B20_*"})) == Names{"B20_0001", "B20_0002", "B20_0003"});
  CHECK(targets(plan(world, {"B20_0002..B20_0009", "B20_0001"})) ==
        Names{"B20_0002", "B20_0003", "B20_0001"});
  const auto id = plan(world, {numbered_id(3).text()});
  REQUIRE(id.datasets.size() == 1);
  CHECK(id.datasets[0].dataset.alias == "B20_0003");
  CHECK(targets(plan(world, {})).size() == 3);
}

TEST_CASE("a dataset that is named twice is planned once") {
  const Sections world;
  world.alias("other", numbered_id(1));
  const auto planned = plan(world, {"B20_000*", "other", numbered_id(1).text(), "B20_0001", "*"});
  CHECK(targets(planned) == Names{"B20_0001", "B20_0002", "B20_0003"});
  CHECK(planned.failures.empty());
}

TEST_CASE("what is wrong with one dataset is an error for that one alone") {
  const Sections world;
  world.alias("gone", numbered_id(9));
  world.alias("out", "../../etc");
  testing::write_file(world.store_path + "/alias/file", "x");
  testing::write_file(world.store_path + "/" + numbered_id(2).store_path() + "/refs/heads/main", "garbage");
  const auto planned =
      plan(world, {"*", "C*", "B20_0009..B20_0001", numbered_id(8).text(), "/nowhere/at/all", "none"});
  CHECK(targets(planned) == Names{"B20_0001", "B20_0003"});
  CHECK(failures(planned) == Failures{{"B20_0002", "integrity"},
                                      {"gone", "not-found"},
                                      {"out", "invalid"},
                                      {"file", "invalid"},
                                      {"C*", "not-found"},
                                      {"B20_0009..B20_0001", "invalid"},
                                      {numbered_id(8).text(), "not-found"},
                                      {"/nowhere/at/all", "not-found"},
                                      {"none", "not-found"}});
}

TEST_CASE("a store whose dataset names no storage remote is not guessed at") {
  const Sections world;
  testing::write_file(world.store_path + "/" + numbered_id(1).store_path() + "/config",
                      "[core]\n\tbare = true\n");
  CHECK(failures(plan(world, {"B20_0001"})) == Failures{{"B20_0001", "invalid"}});
}

TEST_CASE("a directory of the store that is a link is not followed") {
  const Sections world;
  const std::string path = world.store_path + "/" + numbered_id(1).store_path();
  std::filesystem::rename(path, world.scratch / "elsewhere");
  std::filesystem::create_directory_symlink(world.scratch / "elsewhere", path);
  CHECK(failures(plan(world, {"B20_0001", "B20_0002"})) == Failures{{"B20_0001", "invalid"}});
}

TEST_CASE("the clone on the fast tier goes by alias or id") {
  const Sections world;
  PlannerFixture::fill(world.clone(world.fast_root + "/B20_0001"), numbered_id(1),
                       {{"z0", {kCloneUuid}}, {"deep/z1", {}}});
  PlannerFixture::fill(world.clone(world.fast_root + "/" + numbered_id(2).text()), numbered_id(2),
                       {{"z0", {kCloneUuid}}, {"new", {kCloneUuid}}});
  const auto staged = plan(world, {"B20_*"});
  REQUIRE(staged.datasets.size() == 3);
  CHECK(staged.datasets[0].job.there.files == 1);
  CHECK(staged.datasets[0].job.clone_inodes == 0);
  CHECK(staged.datasets[1].dataset.clone == world.fast_root + "/" + numbered_id(2).text());
  CHECK(staged.datasets[2].job.clone_inodes != 0);
  const auto archived = plan(world, {"B20_*"}, {Action::archive, false, 2});
  REQUIRE(archived.datasets.size() == 3);
  CHECK(archived.datasets[0].job.move.files == 0);
  CHECK(archived.datasets[1].job.move.files == 1);
  CHECK(archived.datasets[2].job.move.files == 0);
  const auto released = plan(world, {"B20_0002"}, {Action::release, false, 1});
  REQUIRE(released.datasets.size() == 1);
  CHECK(released.datasets[0].job.move.files == 1);
  CHECK(released.datasets[0].job.missing.files == 1);
}

TEST_CASE("another dataset's clone, a file or a link under the name is refused") {
  const Sections world;
  PlannerFixture::fill(world.clone(world.fast_root + "/B20_0001"), numbered_id(2), {{"z0", {}}});
  testing::write_file(world.fast_root + "/B20_0002", "file");
  std::filesystem::create_directory_symlink("/", world.fast_root + "/B20_0003");
  CHECK(failures(plan(world, {"B20_*"})) ==
        Failures{{"B20_0001", "invalid"}, {"B20_0002", "invalid"}, {"B20_0003", "invalid"}});
}

TEST_CASE("a path is a clone where it is, a part of one, or the store's own") {
  const Sections world;
  const std::string clone = world.directory + "/clone";
  PlannerFixture::fill(world.clone(clone), numbered_id(1), {{"z0", {kCloneUuid}}, {"deep/z1", {}}});
  const auto whole = plan(world, {clone});
  REQUIRE(whole.datasets.size() == 1);
  CHECK(whole.datasets[0].dataset.clone == clone);
  CHECK(whole.datasets[0].dataset.alias == "B20_0001");
  CHECK(whole.datasets[0].job.there.files == 1);
  CHECK(whole.datasets[0].job.move.files == 1);
  CHECK(plan(world, {clone + "/z0"}).datasets.at(0).job.move.files == 0);
  CHECK(plan(world, {"./clone/deep"}).datasets.at(0).job.move.files == 1);
  const auto both = plan(world, {clone + "/z0", clone + "/deep/z1"});
  REQUIRE(both.datasets.size() == 1);
  CHECK(both.datasets[0].dataset.paths.size() == 2);
  CHECK(plan(world, {clone + "/z0", "B20_0001"}).datasets.at(0).dataset.paths.empty());
  CHECK(plan(world, {"B20_0001", clone + "/z0"}).datasets.at(0).dataset.paths.empty());
  CHECK(failures(plan(world, {clone + "/none", clone + "/.datalad/config"})).begin()->second == "not-found");
  const auto stored = plan(
      world, {world.store_path + "/alias/B20_0002", world.store_path + "/" + numbered_id(3).store_path()});
  REQUIRE(stored.datasets.size() == 2);
  CHECK(stored.datasets[0].dataset.clone.empty());
  CHECK(stored.datasets[0].job.move.files == 2);
}

TEST_CASE("a name is what is here if that is in a dataset, and else an alias") {
  const Sections world;
  std::filesystem::create_directories(world.directory + "/B20_0001");
  PlannerFixture::fill(world.clone(world.directory + "/B20_0002"), numbered_id(3), {{"z0", {}}});
  const auto planned = plan(world, {"B20_0001", "B20_0002"});
  REQUIRE(planned.datasets.size() == 2);
  CHECK(planned.datasets[0].dataset.id->text() == numbered_id(1).text());
  CHECK(planned.datasets[0].dataset.clone.empty());
  CHECK(planned.datasets[1].dataset.id->text() == numbered_id(3).text());
  CHECK(planned.datasets[1].dataset.clone == world.directory + "/B20_0002");
  CHECK(failures(plan(world, {"./B20_0001"})) == Failures{{"./B20_0001", "not-found"}});
}

TEST_CASE("subdatasets come from the store, at the superdataset's commit") {
  const Sections world;
  const DatasetId brain = numbered_id(10);
  const auto old = world.head(numbered_id(1));
  const auto second = world.head(numbered_id(2));
  PlannerFixture::fill(world.stored(numbered_id(1)), numbered_id(1), {{"newer", {kStorageUuid}}});
  PlannerFixture::fill(
      world.stored(brain), brain, {{"atlas", {kStorageUuid}}},
      {{".gitmodules",
        Sections::submodule("left/one", numbered_id(1)) + Sections::submodule("two", numbered_id(2)) +
            Sections::submodule("lost", numbered_id(9)) + "[submodule \"x\"]\n\tpath = nameless\n"},
       {"left/one", Sections::gitlink(old)},
       {"two", Sections::gitlink(second)},
       {"lost", Sections::gitlink(old)},
       {"nameless", Sections::gitlink(old)},
       {"unpushed", Sections::gitlink(second)}});
  world.alias("brain", brain);
  const auto alone = plan(world, {"brain"});
  REQUIRE(alone.datasets.size() == 1);
  CHECK(alone.datasets[0].job.plan->subdatasets.size() == 5);
  const auto all = plan(world, {"brain"}, kRecursive);
  CHECK(targets(all) == Names{"brain", "brain/left/one", "brain/two"});
  CHECK(all.datasets.at(1).job.plan->files.size() == 2);  // not the newer commit's one
  CHECK(failures(all) == Failures{{"brain/lost", "not-found"},
                                  {"brain/nameless", "not-found"},
                                  {"brain/unpushed", "not-found"}});
  // Who names a dataset himself means its HEAD.
  const auto own = plan(world, {"brain", "B20_0001"}, kRecursive);
  CHECK(own.datasets.at(1).dataset.target == "B20_0001");
  CHECK(own.datasets.at(1).job.move.files == 1);
}

TEST_CASE("a commit that the store does not have is that subdataset's error") {
  const Sections world;
  const DatasetId brain = numbered_id(10);
  PlannerFixture::fill(world.stored(brain), brain, {},
                       {{".gitmodules", Sections::submodule("one", numbered_id(1))},
                        {"one", "=> 0123456789012345678901234567890123456789"}});
  world.alias("brain", brain);
  const auto planned = plan(world, {"brain"}, kRecursive);
  REQUIRE(planned.failures.size() == 1);
  CHECK(planned.failures[0].error.message.find("was that pushed?") != std::string::npos);
  CHECK(targets(planned) == Names{"brain"});
}

TEST_CASE("a path into a superdataset means the subdataset, installed or not") {
  const Sections world;
  const DatasetId brain = numbered_id(10);
  const DatasetId left = numbered_id(11);
  const auto inner = PlannerFixture::fill(world.stored(left), left, {},
                                          {{".gitmodules", Sections::submodule("B20_0001", numbered_id(1))},
                                           {"B20_0001", Sections::gitlink(world.head(numbered_id(1)))}});
  const std::string clone = world.directory + "/brain";
  PlannerFixture::fill(
      world.clone(clone), brain, {{"atlas", {kCloneUuid}}},
      {{".gitmodules", Sections::submodule("left", left)}, {"left", Sections::gitlink(inner)}});
  PlannerFixture::fill(world.stored(brain), brain, {{"atlas", {}}});
  const auto section = plan(world, {clone + "/left/B20_0001", "brain/left/B20_0001/deep"});
  CHECK(section.failures.empty());
  REQUIRE(section.datasets.size() == 1);
  CHECK(section.datasets[0].dataset.id->text() == numbered_id(1).text());
  CHECK(section.datasets[0].dataset.commit);
  CHECK(section.datasets[0].job.move.files == 2);
  CHECK(plan(world, {"brain/left/B20_0001/deep"}).datasets.at(0).job.move.files == 1);
  // Below a path only, and the whole where somebody else wants that.
  CHECK(targets(plan(world, {"brain/left"}, kRecursive)) == Names{"brain/left", "brain/left/B20_0001"});
  // The clone's commit counts, in which the superdataset has subdatasets; the store's does not have them yet.
  CHECK(plan(world, {clone}, {Action::archive, true, 2}).datasets.size() == 3);
}

TEST_CASE("an installed subdataset is the clone, one behind a link is not") {
  const Sections world;
  const DatasetId brain = numbered_id(10);
  const std::string clone = world.directory + "/brain";
  const auto commit =
      PlannerFixture::fill(world.clone(clone + "/one/.git"), numbered_id(1), {{"z0", {kCloneUuid}}});
  PlannerFixture::fill(world.clone(world.directory + "/other/.git"), numbered_id(2), {{"z0", {kCloneUuid}}});
  for (const auto& repository : {world.clone(clone + "/.git"), world.stored(brain)}) {
    PlannerFixture::fill(
        repository, brain, {},
        {{".gitmodules", Sections::submodule("two", numbered_id(2))},  // of "one" it says nothing
         {"one", Sections::gitlink(commit)},
         {"two", Sections::gitlink(world.head(numbered_id(2)))}});
  }
  std::filesystem::create_directory_symlink("../other", clone + "/two");
  const auto planned = plan(world, {clone}, {Action::release, true, 2});
  CHECK(targets(planned) == Names{clone, clone + "/one"});
  CHECK(planned.datasets.at(1).dataset.clone == clone + "/one");
  CHECK(planned.datasets.at(1).job.move.files == 1);
  CHECK(failures(planned) == Failures{{clone + "/two", "invalid"}});
}

TEST_CASE("superdatasets that contain each other, or themselves, come to an end") {
  const Sections world;
  const DatasetId a = numbered_id(12);
  const DatasetId b = numbered_id(13);
  world.alias("a", a);
  const auto first = PlannerFixture::fill(world.stored(a), a, {{"z0", {}}});
  const auto of_b =
      PlannerFixture::fill(world.stored(b), b, {},
                           {{".gitmodules", Sections::submodule("a", a)}, {"a", Sections::gitlink(first)}});
  const auto of_a = PlannerFixture::fill(
      world.stored(a), a, {}, {{".gitmodules", Sections::submodule("b", b)}, {"b", Sections::gitlink(of_b)}});
  PlannerFixture::fill(world.stored(a), a, {},
                       {{".gitmodules", Sections::submodule("b", b) + Sections::submodule("self", a)},
                        {"b", Sections::gitlink(of_b)},
                        {"self", Sections::gitlink(of_a)}});
  const auto planned = plan(world, {"a"}, kRecursive);
  CHECK(targets(planned) == Names{"a", "a/b"});
  CHECK(planned.failures.empty());
}

TEST_CASE("more of a dataset is wanted later than at first") {
  const Sections world;
  const DatasetId brain = numbered_id(10);
  const std::string clone = world.directory + "/one";
  PlannerFixture::fill(world.clone(clone), numbered_id(1), {{"z0", {}}, {"deep/z1", {}}});
  PlannerFixture::fill(world.stored(brain), brain, {},
                       {{".gitmodules", Sections::submodule("one", numbered_id(1))},
                        {"one", Sections::gitlink(world.head(numbered_id(1)))}});
  world.alias("brain", brain);
  const auto planned = plan(world, {clone + "/z0", "brain"}, kRecursive);
  CHECK(targets(planned) == Names{clone + "/z0", "brain"});
  CHECK(planned.datasets.at(0).job.move.files == 2);
}

TEST_CASE("a store without aliases, and one that is not there") {
  const Sections world;
  std::filesystem::remove_all(world.store_path + "/alias");
  CHECK(failures(plan(world, {"B20_0001"})) == Failures{{"B20_0001", "not-found"}});
  CHECK(plan(world, {}).datasets.size() == 3);
  std::filesystem::remove_all(world.fast_root);
  const auto rootless = world.try_plan(fs::posix_file_ops(), {"B20_0001"}, {});
  REQUIRE_FALSE(rootless);
  CHECK(rootless.error().kind == ErrorKind::mount_sick);
}
