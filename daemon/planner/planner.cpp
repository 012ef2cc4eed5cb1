#include "daemon/planner/planner.h"

#include <set>
#include <unordered_map>

#include "daemon/planner/parallel.h"
#include "lib/core/text.h"
#include "lib/store/shared_repository.h"

namespace microstage::planner {

namespace {

// Far above what anybody has, and far below what would hurt.
constexpr std::size_t kMostDatasets = 1'000'000;

using Commit = std::optional<repo::ObjectId>;

// What both tiers have of a dataset, and which of them says what is wanted.
struct Tiers {
  core::Side store;
  core::Side fast;
  bool clone_counts = false;

  [[nodiscard]] const auto& wanted() const { return clone_counts ? fast.plan : store.plan; }
};

class TierReader {
 public:
  TierReader(fs::FileOps& ops, repo::PlanCache& cache, const store::RiaStore& store)
      : ops_(ops), cache_(cache), store_(store) {}

  // The other tier is looked at as of the same commit if it has that: a key that is not in its own may be
  // there.
  [[nodiscard]] Result<Tiers> read(const Dataset& dataset, core::Action action) const {
    const bool from_clone = action == core::Action::archive || action == core::Action::release;
    const bool clone_counts = from_clone && !dataset.clone.empty();
    auto wanted = clone_counts ? fast(dataset, {}) : store(dataset, dataset.commit);
    if (!wanted) return fail(explained(std::move(wanted.error()), dataset));
    const Commit commit = wanted->plan->commit;
    auto other = clone_counts ? store(dataset, commit) : fast(dataset, commit);
    if (!other) other = clone_counts ? store(dataset, {}) : fast(dataset, {});
    if (!other) return failure_of(other);
    return clone_counts ? Tiers{std::move(*other), std::move(*wanted), true}
                        : Tiers{std::move(*wanted), std::move(*other), false};
  }

 private:
  [[nodiscard]] Result<core::Side> store(const Dataset& dataset, const Commit& commit) const {
    const auto stored = store_.open_dataset(*dataset.id);
    if (!stored) return fail(stored.error());
    std::string uuid = store::read_storage_uuid(*stored);
    if (uuid.empty()) {
      return fail(ErrorKind::invalid,
                  stored->name() +
                      " does not say which storage remote's content it has "
                      "(datalad.ora-remote.uuid); run microstage connect in a clone of it");
    }
    auto plan = cache_.plan(stored->name(), commit);
    if (!plan) return failure_of(plan);
    return core::Side{std::move(*plan), std::move(uuid)};
  }

  [[nodiscard]] Result<core::Side> fast(const Dataset& dataset, const Commit& commit) const {
    if (dataset.clone.empty()) return core::Side{};
    const auto reader = repo::RepositoryReader::open(ops_, dataset.clone);
    auto uuid = reader ? reader->annex_uuid() : fail(reader.error());
    if (!uuid) return failure_of(uuid);
    auto plan = cache_.plan(dataset.clone, commit);
    if (!plan) return failure_of(plan);
    const auto& id = (*plan)->dataset;
    if (id && id->text() == dataset.id->text()) return core::Side{std::move(*plan), std::move(*uuid)};
    return fail(ErrorKind::invalid, dataset.clone + " is no clone of " + dataset.id->text() + ", but of " +
                                        (id ? id->text() : "no dataset"));
  }

  static Error explained(Error error, const Dataset& dataset) {
    if (dataset.commit)
      error.message += " (a superdataset has it at " + dataset.commit->hex() + "; was that pushed?)";
    return error;
  }

  fs::FileOps& ops_;
  repo::PlanCache& cache_;
  const store::RiaStore& store_;
};

// The datasets of one request, each once.
class Work {
 public:
  explicit Work(const PlanRequest& request) : request_(request) {}

  void add(FoundDatasets found) {
    for (Failure& failure : found.failures)
      planned_.failures.push_back(std::move(failure));
    for (Dataset& dataset : found.datasets)
      add(std::move(dataset));
  }

  // Round by round: what was added is read, then its subdatasets are added.
  void run(const TierReader& reader, const DatasetFinder& finder) {
    while (!changed_.empty() && entries_.size() <= kMostDatasets) {
      const std::vector<std::size_t> round(changed_.begin(), changed_.end());
      changed_.clear();
      in_parallel(round.size(), request_.threads, [&](std::size_t i) {
        Entry& entry = entries_[round[i]];
        if (!entry.tiers) entry.tiers = reader.read(entry.dataset, request_.action);
      });
      if (!request_.recursive) break;
      for (const std::size_t place : round)
        add_subdatasets(place, finder);
    }
  }

  [[nodiscard]] PlannedTargets finish(const store::RiaStore& store) && {
    if (entries_.size() > kMostDatasets) {
      fail_with(
          "", {ErrorKind::invalid, "there are more than " + std::to_string(kMostDatasets) + " datasets", 0});
    }
    for (Entry& entry : entries_) {
      if (!entry.tiers) continue;
      auto job = *entry.tiers ? core::make_job(request_.action, (*entry.tiers)->store, (*entry.tiers)->fast,
                                               entry.dataset.paths)
                              : fail(entry.tiers->error());
      if (!job) {
        fail_with(entry.dataset.target, std::move(job.error()));
        continue;
      }
      std::string stored = store.root().name_of(entry.dataset.id->store_path());
      planned_.datasets.push_back({std::move(entry.dataset), std::move(stored), std::move(*job)});
    }
    return std::move(planned_);
  }

 private:
  struct Entry {
    Dataset dataset;
    std::optional<Result<Tiers>> tiers;
  };

  void fail_with(const std::string& target, Error error) {
    planned_.failures.push_back({target, std::move(error)});
  }

  void add(Dataset dataset) {
    const auto [known, is_new] = places_.emplace(dataset.id->text(), entries_.size());
    if (is_new) {
      changed_.insert(entries_.size());
      entries_.push_back({std::move(dataset), {}});
    } else if (widen(entries_[known->second].dataset.paths, dataset.paths)) {
      changed_.insert(known->second);
    }
  }

  // Whether there is more in `paths` now. None means all.
  static bool widen(std::vector<std::string>& paths, const std::vector<std::string>& more) {
    if (paths.empty()) return false;
    if (more.empty()) paths.clear();
    bool wider = more.empty();
    for (const std::string& path : more) {
      if (core::is_wanted(path, paths)) continue;
      paths.push_back(path);
      wider = true;
    }
    return wider;
  }

  void add_subdatasets(std::size_t place, const DatasetFinder& finder) {
    if (!*entries_[place].tiers) return;
    // Copies: what is added moves the entries.
    const Dataset parent = entries_[place].dataset;
    const auto plan = (*entries_[place].tiers)->wanted();
    for (const repo::Subdataset& one : plan->subdatasets) {
      if (!core::is_wanted(one.path, parent.paths)) continue;
      auto dataset = finder.find_subdataset(parent, one);
      if (dataset) add(std::move(*dataset));
      const std::string target = parent.target + "/" + one.path;
      if (!dataset && lost_.insert(target).second) fail_with(target, std::move(dataset.error()));
    }
  }

  const PlanRequest& request_;
  PlannedTargets planned_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> places_;  // in entries_, by id
  std::set<std::size_t> changed_;                        // new, or of more paths than before
  std::set<std::string> lost_;                           // subdatasets that were not found
};

}  // namespace

PlannedTargets Planner::plan_found(std::vector<FoundDatasets> found, const PlanRequest& request) const {
  Work work(request);
  for (FoundDatasets& some : found)
    work.add(std::move(some));
  work.run(TierReader(ops_, cache_, store_), finder_);
  return std::move(work).finish(store_);
}

PlannedTargets Planner::plan(const std::vector<NamedTarget>& targets, const PlanRequest& request) const {
  std::vector<FoundDatasets> found(targets.size());
  in_parallel(targets.size(), request.threads, [&](std::size_t i) { found[i] = finder_.find(targets[i]); });
  return plan_found(std::move(found), request);
}

PlannedTargets Planner::plan_all(const PlanRequest& request) const {
  std::vector<FoundDatasets> found;
  found.push_back(finder_.all());
  return plan_found(std::move(found), request);
}

}  // namespace microstage::planner
