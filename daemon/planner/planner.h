#pragma once
// From targets to jobs: what each dataset that was named comes to, and what is wrong with those that could
// not be planned. One dataset's trouble is that dataset's alone; nothing is left out silently.
//
// A dataset is planned once, however often it is named, for all the paths that are named of it. Who names it
// first says which commit and which clone of it count, and targets go before superdatasets. So superdatasets
// that contain each other come to an end, too.
//
// Reads only. Many datasets are read by several threads; plans are kept in the cache. Threads: any, each with
// a finder that is its own or shared.

#include "daemon/core/plan/section_job.h"
#include "daemon/planner/dataset_finder.h"

namespace microstage::planner {

struct PlanRequest {
  core::Action action = core::Action::stage;
  bool recursive = false;  // also the subdatasets, of any depth
  unsigned threads = 1;
};

struct PlannedDataset {
  Dataset dataset;
  std::string stored;  // its path in the store
  core::SectionJob job;
};

struct PlannedTargets {
  std::vector<PlannedDataset> datasets;  // in the order of the targets, subdatasets behind all these
  std::vector<Failure> failures;         // of targets, then of datasets
};

class Planner {
 public:
  // All of them must live longer.
  Planner(fs::FileOps& ops, repo::PlanCache& cache, const store::RiaStore& store, const DatasetFinder& finder)
      : ops_(ops), cache_(cache), store_(store), finder_(finder) {}

  [[nodiscard]] PlannedTargets plan(const std::vector<NamedTarget>& targets,
                                    const PlanRequest& request) const;
  // The same for every dataset of the store.
  [[nodiscard]] PlannedTargets plan_all(const PlanRequest& request) const;

 private:
  [[nodiscard]] PlannedTargets plan_found(std::vector<FoundDatasets> found, const PlanRequest& request) const;

  fs::FileOps& ops_;
  repo::PlanCache& cache_;
  const store::RiaStore& store_;
  const DatasetFinder& finder_;
};

}  // namespace microstage::planner
