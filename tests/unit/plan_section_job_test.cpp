#include "daemon/core/plan/section_job.h"

#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using core::Action;
using core::KeyState;
using core::make_job;
using core::Side;

namespace {

const std::string kStore = "11111111-1111-4111-8111-111111111111";
const std::string kFast = "22222222-2222-4222-8222-222222222222";

// One plane a key, of 1000 bytes; 'S' in `where` is in the store, 'F' on the fast tier.
struct Plane {
  std::string path;
  std::string where;
};

std::shared_ptr<repo::SectionPlan> plan_of(const std::vector<Plane>& planes) {
  auto plan = std::make_shared<repo::SectionPlan>();
  plan->repositories = {{kStore, "store"}, {kFast, "fast"}};
  plan->tree_entries = planes.size() + 1;
  for (const Plane& plane : planes) {
    const auto place = static_cast<std::uint32_t>(plan->keys.size());
    const std::string digest = testing::hex_digest({HashFamily::sha2, 256}, plane.path);
    repo::PlannedKey key{"SHA256-s1000--" + digest, 1000, {}};
    if (plane.where.find('S') != std::string::npos) key.repositories.push_back(0);
    if (plane.where.find('F') != std::string::npos) key.repositories.push_back(1);
    plan->keys.push_back(key);
    plan->files.push_back({plane.path, place, false});
  }
  return plan;
}

core::SectionJob job_of(Action action, const Side& store, const Side& fast,
                        const std::vector<std::string>& paths = {}) {
  auto job = make_job(action, store, fast, paths);
  if (!job) FAIL(job.error().message);
  return std::move(*job);
}

std::vector<KeyState> states(const core::SectionJob& job) {
  std::vector<KeyState> states;
  for (const core::JobKey& key : job.keys)
    states.push_back(key.state);
  return states;
}

using States = std::vector<KeyState>;
constexpr auto move = KeyState::move;
constexpr auto there = KeyState::there;
constexpr auto missing = KeyState::missing;

const std::vector<Plane> kPlanes{{"both", "SF"}, {"fast", "F"}, {"none", ""}, {"store", "S"}};

}  // namespace

TEST_CASE("each action has its own keys to move") {
  const auto plan = plan_of(kPlanes);
  const Side store{plan, kStore};
  const Side fast{plan, kFast};
  CHECK(states(job_of(Action::stage, store, fast)) == States{there, there, missing, move});
  CHECK(states(job_of(Action::archive, store, fast)) == States{there, move, missing, there});
  CHECK(states(job_of(Action::release, store, fast)) == States{move, missing, there, there});
  CHECK(states(job_of(Action::verify, store, fast)) == States{move, missing, missing, move});
}

TEST_CASE("without a clone everything in the store is to be staged, with the clone's inodes") {
  const Side store{plan_of(kPlanes), kStore};
  const auto job = job_of(Action::stage, store, {});
  CHECK(states(job) == States{move, missing, missing, move});
  CHECK(job.move.keys == 2);
  CHECK(job.move.files == 2);
  CHECK(job.move.bytes == 2000);
  CHECK(job.move.inodes == 8);  // two files, two of their directories, twice two hash directories
  CHECK(job.clone_inodes == core::kEmptyCloneInodes + 5);
  CHECK(job.missing.keys == 2);
  CHECK(states(job_of(Action::archive, store, {})) == States{there, missing, missing, there});
  CHECK(states(job_of(Action::release, store, {})) == States{there, there, there, there});
  CHECK(job_of(Action::release, store, {}).clone_inodes == 0);
}

TEST_CASE("a tier is believed about itself, and at its own commit") {
  const Side store{plan_of({{"both", "S"}, {"new", "S"}, {"claimed", "SF"}}), kStore};
  const Side fast{plan_of({{"both", "F"}, {"old", "SF"}, {"claimed", ""}}), kFast};
  const auto staged = job_of(Action::stage, store, fast);
  CHECK(staged.plan == store.plan);
  CHECK(states(staged) == States{there, move, move});
  const auto archived = job_of(Action::archive, store, fast);
  CHECK(archived.plan == fast.plan);
  CHECK(states(archived) == States{there, move, there});
  CHECK(states(job_of(Action::release, store, fast)) == States{move, missing, there});
}

TEST_CASE("a repository without an annex has nothing") {
  const auto plan = plan_of(kPlanes);
  CHECK(states(job_of(Action::stage, {plan, kStore}, {plan, ""})) == States{move, missing, missing, move});
}

TEST_CASE("inodes are those that the tier gains or gives back, each directory once") {
  // Enough keys that some share the first of their two hash directories.
  std::vector<Plane> planes;
  for (int i = 0; i < 200; ++i)
    planes.push_back({"z" + std::to_string(i), i % 2 == 0 ? "SF" : "S"});
  const auto plan = plan_of(planes);
  const Side store{plan, kStore};
  const Side fast{plan, kFast};
  const auto staged = job_of(Action::stage, store, fast);
  CHECK(staged.move.keys == 100);
  CHECK(staged.move.inodes == plan->total().inodes - plan->present_at(kFast).inodes);
  CHECK(staged.move.inodes < plan->missing_at(kFast).inodes);
  CHECK(staged.clone_inodes == 0);
  const auto released = job_of(Action::release, store, fast);
  CHECK(released.move.inodes == plan->present_at(kFast).inodes);
  const auto one = job_of(Action::release, store, fast, {"z0"});
  CHECK(one.move.keys == 1);
  CHECK(one.move.inodes >= 2);
  CHECK(one.move.inodes <= 4);
  std::uint64_t sum = 0;
  for (const core::JobKey& key : released.keys)
    sum += key.inodes;
  CHECK(sum == released.move.inodes);
}

TEST_CASE("paths are files and directories, and nothing else") {
  const Side store{plan_of({{"planes/z0", "S"}, {"planes/z1", "S"}, {"planes2/z0", "S"}, {"z0", "S"}}),
                   kStore};
  const auto chosen = [&](const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    const auto job = job_of(Action::stage, store, {}, paths);
    for (const core::JobKey& key : job.keys)
      files.push_back(job.plan->files[key.place].path);
    CHECK(job.move.files == files.size());
    return files;
  };
  CHECK(chosen({"planes"}) == std::vector<std::string>{"planes/z0", "planes/z1"});
  CHECK(chosen({"z0", "planes/z1"}) == std::vector<std::string>{"planes/z1", "z0"});
  CHECK(chosen({"planes", "planes/z1"}).size() == 2);
  for (const char* absent : {"plane", "planes/", "/planes", "planes/z", "..", "\n"}) {
    const auto job = make_job(Action::stage, store, {}, {"z0", absent});
    REQUIRE_FALSE(job);
    CHECK(job.error().kind == ErrorKind::not_found);
    CHECK(job.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a key that several files have moves once, sizes may be unknown") {
  auto plan = plan_of({{"a", "S"}});
  plan->files.push_back({"b", 0, true});
  plan->files.push_back({"c/d", 0, true});
  plan->keys[0].bytes.reset();
  const auto job = job_of(Action::stage, {plan, kStore}, {});
  CHECK(job.move.keys == 1);
  CHECK(job.move.files == 3);
  CHECK(job.move.unknown_sizes == 1);
  CHECK(job.move.bytes == 0);
  CHECK(job_of(Action::stage, {plan, kStore}, {}, {"c"}).move.files == 1);
}

TEST_CASE("a directory of subdatasets may have no file of its own") {
  auto plan = plan_of({{"a", "S"}});
  plan->subdatasets.push_back({"left/B20_0001", {}, std::nullopt});
  CHECK(job_of(Action::stage, {plan, kStore}, {}, {"left"}).keys.empty());
}
