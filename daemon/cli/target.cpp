#include "daemon/cli/target.h"

#include "daemon/cli/command.h"
#include "daemon/planner/dataset_repository.h"
#include "lib/annex/key.h"
#include "lib/core/ids.h"
#include "lib/core/text.h"
#include "lib/ledger/location.h"
#include "lib/ledger/query.h"

namespace microstage::cli {

namespace {

std::string joined(const std::string& below, const std::string& path) {
  return below.empty() || path.empty() ? below + path : below + "/" + path;
}

// Names and sizes are a help; what only HEAD was wanted for is answered without them, too.
Result<Target> target_of(const planner::DatasetRepository& place, const TargetOptions& options) {
  const std::string path = joined(place.below, options.path);
  const bool whole = path.empty() && options.at.empty();
  Target target;
  const auto plan = place.reader.plan(options.at, path);
  if (!plan) {
    const auto id = whole ? place.reader.dataset_id() : fail(plan.error());
    if (!id || !*id) return fail(plan.error());
    target.dataset = (*id)->text();
    return target;
  }
  // A subdataset that is not installed here: the ledger knows it by its id.
  if (plan->keys.empty() && plan->subdatasets.size() == 1 && plan->subdatasets.front().path == path &&
      plan->subdatasets.front().id) {
    target.dataset = plan->subdatasets.front().id->text();
    return target;
  }
  if (plan->dataset) target.dataset = plan->dataset->text();
  for (const repo::PlannedFile& file : plan->files) {
    const repo::PlannedKey& key = plan->keys[file.key];
    target.known.emplace(key.key, TargetKey{file.path, key.bytes});
  }
  if (whole && plan->dataset) return target;
  target.keys.emplace();
  for (const repo::PlannedKey& key : plan->keys)
    target.keys->push_back(key.key);
  if (target.keys->empty()) {
    return fail(ErrorKind::not_found, "nothing annexed is at " + (path.empty() ? options.target : path) +
                                          (options.at.empty() ? "" : " in " + options.at) +
                                          "; files that are in git itself are not moved");
  }
  return target;
}

Result<Target> target_at(const std::string& path, const TargetOptions& options) {
  const auto place = planner::find_repository(fs::posix_file_ops(), absolute_path(path));
  if (!place) return fail(place.error());
  return target_of(*place, options);
}

Result<Target> in_store(const std::string& below, const TargetOptions& options) {
  const auto store = store_path_of(options.store);
  if (!store) return fail(store.error());
  const std::string path = *store + "/" + below;
  auto reader = repo::RepositoryReader::open(fs::posix_file_ops(), path);
  if (!reader) return failure_of(reader);
  return target_of({std::move(*reader), path, ""}, options);
}

Error nowhere(const TargetOptions& options) {
  return {ErrorKind::not_found,
          "there is no dataset, file, key, request, job or pin '" + options.target + "' " +
              (options.store.empty() ? "that the ledger knows; an alias needs --store STORE"
                                     : "that the ledger or the store " + options.store + " knows"),
          0};
}

Result<Target> by_key(ledger::Reader& reader, const TargetOptions& options) {
  const auto known = ledger::knows_key(reader, options.target);
  if (!known) return fail(known.error());
  if (!*known) return fail(ErrorKind::not_found, "the ledger knows nothing of the key " + options.target);
  Target target;
  target.keys = {options.target};
  target.is_key = true;
  return target;
}

// An id of a dataset, or of something that happened; or an alias.
Result<Target> by_name(ledger::Reader& reader, const TargetOptions& options) {
  const auto dataset = DatasetId::parse(options.target);
  if (dataset && !options.store.empty()) return in_store(dataset->store_path(), options);
  const bool needs_files = !options.at.empty() || !options.path.empty();
  const auto known = dataset ? ledger::knows_dataset(reader, options.target) : false;
  if (!known) return fail(known.error());
  if (*known && needs_files) {
    return fail(ErrorKind::invalid,
                "--at and --path need the dataset itself: name its path, or give --store STORE");
  }
  Target target;
  if (*known) {
    target.dataset = options.target;
    return target;
  }
  const auto happened = ledger::knows_id(reader, options.target);
  if (!happened) return fail(happened.error());
  if (*happened) {
    target.id = options.target;
    return target;
  }
  const auto alias = Alias::parse(options.target);
  if (!alias || options.store.empty()) return fail(nowhere(options));
  auto found = in_store("alias/" + alias->text(), options);
  if (!found && found.error().kind == ErrorKind::not_found && !needs_files) return fail(nowhere(options));
  return found;
}

}  // namespace

Result<Target> resolve_target(ledger::Reader& reader, const TargetOptions& options) {
  const std::string& name = options.target;
  if (name.empty()) return Target{};
  if (planner::is_there(fs::posix_file_ops(), name) || name.starts_with('/') || name.starts_with("./") ||
      name.starts_with("../"))
    return target_at(name, options);
  if (annex::Key::parse(name)) return by_key(reader, options);
  // A file that is gone from the working tree, but is in the commit.
  if (name.find('/') != std::string::npos) return target_at(name, options);
  auto found = by_name(reader, options);
  if (found || options.at.empty() || found.error().kind != ErrorKind::not_found) return found;
  return target_at(name, options);
}

std::string ledger_path(const std::string& option) {
  return absolute_path(option.empty() ? ledger::default_path() : option);
}

}  // namespace microstage::cli
