#pragma once
// What a repository may make us read before it is an error: a section has tens of files and a superdataset
// some ten thousand, so these are far above what anybody has and far below what would hurt. Whoever goes
// beyond one gets an error for that dataset alone, and it names the limit.

#include <cstddef>
#include <cstdint>

namespace microstage::repo {

struct Limits {
  std::size_t files = 2'000'000;          // entries of a commit's trees, directories included
  std::size_t depth = 100;                // directories below each other
  std::size_t path = 4095;                // bytes of a path
  std::size_t tree_object = 64U << 20U;   // bytes of one directory's listing
  std::size_t text_object = 1U << 20U;    // bytes of a commit, a log, a configuration file
  std::size_t packed_refs = 64U << 20U;   // bytes of that file
  std::size_t refs = 100'000;             // entries of refs/heads and refs/remotes
  std::size_t annex_branches = 1000;      // different states of the git-annex branch
  std::size_t journal_files = 1'000'000;  // entries of the journal
};

}  // namespace microstage::repo
