#pragma once
// What one dataset of a request comes to: which keys are to be moved, which are there already, which cannot
// be had; bytes and inodes. Each tier's own repository is believed about that tier, and nobody about another:
// the store's about the store, the clone's about the fast tier. So a plan is a claim, good for space and
// time; whoever moves or drops looks again.
//
//              wanted are the keys of    move                      there               missing
//   stage      the store's commit        not on the fast tier      on the fast tier    neither here nor there
//   archive    the clone's commit        not in the store          in the store        neither here nor there
//   release    the clone's commit        on both                   not on the fast     on the fast tier only:
//                                                                  tier                these have to stay
//   verify     the store's commit        in the store              -                   not in the store
//
// Where there is no clone, archive and release are about the store's commit, and move nothing.
//
// Pure; any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/input.h"
#include "lib/repo/section_plan.h"

namespace microstage::core {

// Inodes of a clone without its working tree and without annexed content: git's own with one pack and no
// hooks, and what git-annex makes by the end of the first get. Measured with git 2.39 and
// git-annex 10.20230126.
inline constexpr std::uint64_t kEmptyCloneInodes = 90;

// A dataset on one tier.
struct Side {
  std::shared_ptr<const repo::SectionPlan> plan;  // null where it is not on that tier
  std::string uuid;                               // by which its own location logs know it

  [[nodiscard]] bool is_there() const { return plan != nullptr; }
};

enum class KeyState { move, there, missing };

struct JobKey {
  std::uint32_t place = 0;  // in SectionPlan::keys
  KeyState state = KeyState::move;
  // Of those to be moved: what each takes on the tier that it comes to, or gives back on the one that it
  // leaves, if all of them are moved. Hash directories count with the first key in them.
  std::uint64_t inodes = 0;
};

struct Amounts {
  std::uint64_t keys = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unknown_sizes = 0;  // keys that do not say how long they are
  std::uint64_t inodes = 0;         // see JobKey
};

struct SectionJob {
  Action action = Action::stage;
  std::shared_ptr<const repo::SectionPlan> plan;  // of the wanted commit
  std::vector<JobKey> keys;                       // in the plan's order
  Amounts move;
  Amounts there;
  Amounts missing;
  std::uint64_t clone_inodes = 0;  // of the clone that staging has to make first
};

// `paths` are files and directories of the dataset; none of them means all of it. `store` is there. Error:
// not_found for a path at which nothing annexed is and no subdataset.
[[nodiscard]] Result<SectionJob> make_job(Action action, const Side& store, const Side& fast,
                                          const std::vector<std::string>& paths);

// Whether `path` is one of `paths` or below one; always when there are none.
[[nodiscard]] bool is_wanted(std::string_view path, const std::vector<std::string>& paths);

}  // namespace microstage::core
