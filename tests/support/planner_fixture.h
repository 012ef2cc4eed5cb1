#pragma once
// A store and a fast root with datasets that git and git-annex never saw: for tests of what is made of names.

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/planner/planner.h"
#include "tests/support/git_fixture.h"

namespace microstage::testing {

inline const std::string kStorageUuid = "11111111-1111-4111-8111-111111111111";
inline const std::string kCloneUuid = "22222222-2222-4222-8222-222222222222";

// An id that begins with this digit.
inline DatasetId numbered_id(unsigned digit, unsigned number = 0) {
  const std::string digits = std::to_string(100000 + number);
  return *DatasetId::parse("abcdef0123456789"[digit % 16] + ("4c7f1a0-90d1-4f0e-8a52-3d1f8e" + digits));
}

struct FixturePlane {
  std::string path;
  std::vector<std::string> at;  // uuids
};

class PlannerFixture {
 public:
  explicit PlannerFixture(const std::string& parent = {}) : scratch(parent) {
    write_file(store_path + "/ria-layout-version", "1\n");
    std::filesystem::create_directories(store_path + "/alias");
    std::filesystem::create_directories(fast_root);
  }

  // A commit of planes (the content of each is its path) and other files; main and git-annex are set to it.
  static repo::ObjectId fill(const GitFixture& repository, const DatasetId& id,
                             const std::vector<FixturePlane>& planes,
                             std::vector<std::pair<std::string, std::string>> files = {}) {
    std::vector<std::pair<std::string, std::string>> logs;
    for (const FixturePlane& plane : planes) {
      const annex::Key key = sha256_key(plane.path);
      files.emplace_back(plane.path, link_to(key));
      std::string log;
      for (const std::string& uuid : plane.at)
        log += "1s 1 " + uuid + "\n";
      logs.emplace_back(log_path(key), log);
    }
    files.emplace_back(".datalad/config", "[datalad \"dataset\"]\n\tid = " + id.text() + "\n");
    const auto commit = repository.add_files(files);
    repository.set_reference("refs/heads/main", commit);
    repository.set_reference("refs/heads/git-annex", repository.add_files(logs));
    return commit;
  }

  [[nodiscard]] GitFixture stored(const DatasetId& id) const {
    GitFixture made(store_path + "/" + id.store_path());
    write_file(made / "config",
               "[core]\n\tbare = true\n[datalad \"ora-remote\"]\n\tuuid = " + kStorageUuid + "\n");
    return made;
  }
  [[nodiscard]] GitFixture clone(const std::string& path) const {
    GitFixture made(path);
    write_file(made / "config", "[annex]\n\tuuid = " + kCloneUuid + "\n");
    return made;
  }
  void alias(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, store_path + "/alias/" + name);
  }
  void alias(const std::string& name, const DatasetId& id) const { alias(name, "../" + id.store_path()); }

  // `text` as a person types it in `directory`.
  [[nodiscard]] static planner::NamedTarget target(const std::string& text, const std::string& directory) {
    auto parsed = core::parse_target(text);
    const std::string path = text.starts_with('/') ? text : directory + "/" + text;
    return {std::move(*parsed), path};
  }

  [[nodiscard]] Result<planner::PlannedTargets> try_plan(fs::FileOps& ops,
                                                         const std::vector<std::string>& texts,
                                                         const planner::PlanRequest& request) const {
    repo::PlanCache cache(ops);
    const auto store = store::RiaStore::open(ops, store_path);
    if (!store) return fail(store.error());
    const auto finder = planner::DatasetFinder::open(ops, cache, *store, fast_root);
    if (!finder) return fail(finder.error());
    const planner::Planner planner(ops, cache, *store, *finder);
    if (texts.empty()) return planner.plan_all(request);
    std::vector<planner::NamedTarget> targets;
    for (const std::string& text : texts)
      targets.push_back(target(text, directory));
    return planner.plan(targets, request);
  }

  Scratch scratch;
  std::string store_path = scratch / "store";
  std::string fast_root = scratch / "fast";
  std::string directory = scratch / "work";  // where people are
};

}  // namespace microstage::testing
