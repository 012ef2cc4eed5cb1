// Whatever fails while names are turned into jobs: each dataset that was named is planned rightly or is an
// error; none is lost on the way.

#include <set>

#include "tests/fault/faults.h"
#include "tests/support/planner_fixture.h"

using namespace microstage;
using testing::FaultyFileOps;
using testing::kCloneUuid;
using testing::kStorageUuid;
using testing::numbered_id;
using testing::PlannerFixture;

namespace {

// A superdataset with a section that is in the store, on the fast tier in part, and has an alias.
struct World : PlannerFixture {
  World() : PlannerFixture(testing::fast_parent()) {
    const auto commit = fill(stored(section), section, {{"z0", {kStorageUuid}}, {"z1", {kStorageUuid}}});
    fill(stored(brain), brain, {{"atlas", {kStorageUuid}}},
         {{".gitmodules", "[submodule \"one\"]\n\tpath = one\n\tdatalad-id = " + section.text() + "\n"},
          {"one", "=> " + commit.hex()}});
    alias("brain", brain);
    alias("B20_0001", section);
    fill(clone(fast_root + "/B20_0001"), section, {{"z0", {kCloneUuid}}, {"z1", {}}});
  }

  DatasetId brain = numbered_id(1);
  DatasetId section = numbered_id(2);
};

void check(const planner::PlannedTargets& planned) {
  std::set<std::string> told;
  for (const planner::Failure& failure : planned.failures) {
    CHECK(failure.error.message.find('\n') == std::string::npos);
    told.insert(failure.target);
  }
  for (const planner::PlannedDataset& one : planned.datasets) {
    told.insert(one.dataset.target);
    const bool brain = one.dataset.id->text() == numbered_id(1).text();
    CHECK(one.job.move.files == 1);
    CHECK(one.job.there.files == (brain ? 0 : 1));
  }
  // The section is named by its superdataset; if that cannot be read, nobody knows of it.
  CHECK(told.contains("brain"));
  if (planned.failures.empty()) CHECK(planned.datasets.size() == 2);
}

}  // namespace

TEST_CASE("whatever fails while targets are planned, no dataset is lost and none is planned wrongly") {
  const World world;
  const planner::PlanRequest request{core::Action::stage, true, 1};
  for (const testing::Trouble& trouble : testing::every_trouble()) {
    if (trouble.code == ENOENT) continue;  // a file that is said not to be there is not there
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const auto planned = world.try_plan(ops, {"brain"}, request);
      CAPTURE(testing::failed_operation(ops));
      if (planned) check(*planned);
      if (!planned) CHECK(planned.error().message.find('\n') == std::string::npos);
    });
  }
}

TEST_CASE("whatever fails while a store is listed, no alias and no dataset is missing from the list") {
  const World world;
  for (const testing::Trouble& trouble : testing::every_trouble()) {
    if (trouble.code == ENOENT) continue;
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const auto store = store::RiaStore::open(ops, world.store_path);
      if (!store) return;
      CAPTURE(testing::failed_operation(ops));
      const auto aliases = store::list_aliases(*store);
      if (aliases) CHECK(aliases->size() == 2);
      const auto datasets = store::list_datasets(*store);
      if (datasets) CHECK(datasets->datasets.size() + datasets->refused.size() >= 2);
    });
  }
}
