#include "daemon/planner/dataset_finder.h"

#include <algorithm>
#include <cerrno>

#include "lib/core/text.h"

namespace microstage::planner {

namespace {

constexpr int kDeepestSubdataset = 100;

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

bool is_in(std::string_view path, std::string_view directory) {
  return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

void take(Result<Dataset> dataset, const std::string& target, FoundDatasets& found) {
  if (dataset) found.datasets.push_back(std::move(*dataset));
  if (!dataset) found.failures.push_back({target, std::move(dataset.error())});
}

}  // namespace

Result<DatasetFinder> DatasetFinder::open(fs::FileOps& ops, repo::PlanCache& cache,
                                          const store::RiaStore& store, const std::string& fast_root) {
  DatasetFinder finder(ops, cache, store);
  auto aliases = store::list_aliases(store);
  if (!aliases) return failure_of(aliases);
  finder.aliases_ = std::move(*aliases);
  for (const store::RiaAlias& alias : finder.aliases_) {
    if (alias.dataset) finder.first_alias_.emplace(alias.dataset->text(), finder.names_.size());
    finder.names_.push_back(alias.name);
  }
  if (fast_root.empty()) return finder;
  auto root = fs::Directory::open(ops, fast_root);
  if (!root && is_missing(root.error())) {
    return fail(ErrorKind::mount_sick,
                "the fast root " + one_line(fast_root) + " is not there; is its file system mounted?",
                root.error().code);
  }
  if (!root) return failure_of(root);
  finder.fast_root_.emplace(std::move(*root));
  return finder;
}

std::string DatasetFinder::alias_of(const DatasetId& id) const {
  const auto found = first_alias_.find(id.text());
  return found == first_alias_.end() ? std::string{} : aliases_[found->second].name;
}

// What is there and is no clone of the dataset is found out when it is planned.
Result<std::string> DatasetFinder::clone_of(const DatasetId& id, const std::string& alias) const {
  if (!fast_root_) return std::string{};
  for (const std::string& name : {alias, alias_of(id), id.text()}) {
    if (name.empty()) continue;
    const auto status = fast_root_->status_of(name);
    if (!status && is_missing(status.error())) continue;
    if (!status) return fail(status.error());
    if (status->is_directory()) return fast_root_->name_of(name);
    return fail(ErrorKind::invalid, fast_root_->name_of(name) + " is no directory, but should be a clone");
  }
  return std::string{};
}

// "" when it is not installed.
Result<std::string> DatasetFinder::installed_at(const std::string& clone, const std::string& path) const {
  if (clone.empty()) return std::string{};
  const auto top = fs::Directory::open(*ops_, clone);
  const auto status = top ? top->status_of(path + "/.git") : fail(top.error());
  if (!status && is_missing(status.error())) return std::string{};
  if (!status) return fail(status.error());
  return top->name_of(path);
}

Result<Dataset> DatasetFinder::by_id(const std::string& target, const DatasetId& id,
                                     const std::string& alias) const {
  Dataset dataset{target, id, alias.empty() ? alias_of(id) : alias};
  auto clone = clone_of(id, dataset.alias);
  if (!clone) return failure_of(clone);
  dataset.clone = std::move(*clone);
  return dataset;
}

Result<bool> DatasetFinder::is_stored_at(const std::string& path, const DatasetId& id) const {
  const auto stored = store_->open_dataset(id);
  if (!stored && stored.error().kind == ErrorKind::not_found) return false;
  const auto ours = stored ? stored->status() : fail(stored.error());
  if (!ours) return fail(ours.error());
  const auto named = fs::Directory::open(*ops_, path);
  const auto theirs = named ? named->status() : fail(named.error());
  if (!theirs) return fail(theirs.error());
  return ours->identity == theirs->identity;
}

Result<Dataset> DatasetFinder::by_path(const std::string& target, const DatasetRepository& place) const {
  const auto id = place.reader.dataset_id();
  if (!id) return fail(id.error());
  if (!*id) {
    return fail(ErrorKind::invalid,
                place.top +
                    " is no DataLad dataset: it has no id, and so no place in a store; run datalad "
                    "create --force there");
  }
  const auto stored = is_stored_at(place.top, **id);
  if (!stored) return fail(stored.error());
  auto dataset = *stored ? by_id(target, **id, {}) : Dataset{target, **id, alias_of(**id), place.top};
  if (!dataset || place.below.empty()) return dataset;
  return descend(std::move(*dataset), place.top, place.below);
}

// Into subdatasets that are not installed, which the superdataset's commit and the store know.
Result<Dataset> DatasetFinder::descend(Dataset dataset, std::string repository, std::string below) const {
  for (int depth = 0; depth < kDeepestSubdataset; ++depth) {
    const auto plan = cache_->plan(repository, dataset.commit);
    if (!plan) return fail(plan.error());
    const auto& subdatasets = (*plan)->subdatasets;
    const auto found = std::find_if(subdatasets.begin(), subdatasets.end(),
                                    [&](const repo::Subdataset& one) { return is_in(below, one.path); });
    if (found == subdatasets.end()) {
      dataset.paths = {below};
      return dataset;
    }
    auto child = find_subdataset(dataset, *found);
    if (!child) return child;
    const std::size_t length = std::min(below.size(), found->path.size() + 1);
    below.erase(0, length);
    child->target = dataset.target;
    if (below.empty()) return child;
    dataset = std::move(*child);
    repository = store_->root().name_of(dataset.id->store_path());
  }
  return fail(ErrorKind::invalid, "subdatasets are nested too deeply there");
}

Result<Dataset> DatasetFinder::find_subdataset(const Dataset& parent, const repo::Subdataset& one) const {
  auto installed = installed_at(parent.clone, one.path);
  if (!installed) return failure_of(installed);
  std::optional<DatasetId> id = one.id;
  if (!id && !installed->empty()) {
    const auto reader = repo::RepositoryReader::open(*ops_, *installed);
    const auto own = reader ? reader->dataset_id() : fail(reader.error());
    if (!own) return fail(own.error());
    id = *own;
  }
  if (!id) {
    return fail(ErrorKind::not_found, "the subdataset " + one_line(one.path) +
                                          " is not installed, and .gitmodules does not say which one it is "
                                          "(datalad-id)");
  }
  auto dataset = by_id(parent.target + "/" + one.path, *id, {});
  if (!dataset) return dataset;
  if (!installed->empty()) dataset->clone = std::move(*installed);
  dataset->commit = one.commit;
  return dataset;
}

void DatasetFinder::find_aliases(const std::string& text, FoundDatasets& found) const {
  auto places = core::select_aliases(text, names_);
  if (!places && places.error().kind == ErrorKind::not_found)
    places.error().message += " (" + store_->path() + ")";
  if (!places) {
    found.failures.push_back({text, std::move(places.error())});
    return;
  }
  for (const std::size_t place : *places) {
    const store::RiaAlias& alias = aliases_[place];
    take(alias.dataset ? by_id(alias.name, *alias.dataset, alias.name) : fail(alias.dataset.error()),
         alias.name, found);
  }
}

FoundDatasets DatasetFinder::find(const NamedTarget& named) const {
  FoundDatasets found;
  const core::Target& target = named.target;
  const bool maybe_path = target.kind == core::TargetKind::name && is_there(*ops_, named.path);
  if (target.kind == core::TargetKind::path || maybe_path) {
    const auto place = find_repository(*ops_, named.path);
    const bool nowhere = !place && place.error().kind == ErrorKind::not_found;
    if (maybe_path && nowhere) {
      find_aliases(target.text, found);
    } else {
      take(place ? by_path(target.text, *place) : fail(place.error()), target.text, found);
    }
  } else if (target.kind == core::TargetKind::id) {
    const auto id = DatasetId::parse(target.text);
    take(id ? by_id(target.text, *id, {}) : fail(id.error()), target.text, found);
  } else {
    find_aliases(target.text, found);
  }
  for (Failure& failure : found.failures)
    failure.target.insert(0, named.source);
  return found;
}

FoundDatasets DatasetFinder::all() const {
  FoundDatasets found;
  auto listed = store::list_datasets(*store_);
  if (!listed) found.failures.push_back({store_->path(), std::move(listed.error())});
  if (!listed) return found;
  for (Error& error : listed->refused)
    found.failures.push_back({store_->path(), std::move(error)});
  for (const DatasetId& id : listed->datasets)
    take(by_id(id.text(), id, {}), id.text(), found);
  return found;
}

}  // namespace microstage::planner
