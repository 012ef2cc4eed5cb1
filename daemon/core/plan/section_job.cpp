#include "daemon/core/plan/section_job.h"

#include <algorithm>
#include <unordered_set>

#include "lib/core/text.h"

namespace microstage::core {

namespace {

using repo::PlannedKey;
using repo::SectionPlan;
using Keys = std::unordered_set<std::string_view>;

Keys keys_at(const Side& side) {
  Keys keys;
  if (!side.is_there()) return keys;
  for (const PlannedKey& key : side.plan->keys)
    if (side.plan->is_at(key, side.uuid)) keys.insert(key.key);
  return keys;
}

bool is_below(std::string_view path, std::string_view directory) {
  return path == directory ||
         (path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/');
}

// Whether each key of the plan is wanted, by its files.
Result<std::vector<bool>> wanted_keys(const SectionPlan& plan, const std::vector<std::string>& paths) {
  std::vector<bool> wanted(plan.keys.size(), paths.empty());
  if (paths.empty()) return wanted;
  for (const repo::PlannedFile& file : plan.files)
    if (is_wanted(file.path, paths)) wanted[file.key] = true;
  for (const std::string& path : paths) {
    const auto is_here = [&](const auto& one) { return is_below(one.path, path); };
    if (std::any_of(plan.files.begin(), plan.files.end(), is_here) ||
        std::any_of(plan.subdatasets.begin(), plan.subdatasets.end(), is_here))
      continue;
    return fail(ErrorKind::not_found,
                "nothing annexed is at '" + one_line(path) + "'; files that are in git itself are not moved");
  }
  return wanted;
}

KeyState state_of(Action action, bool in_store, bool on_fast) {
  const KeyState neither = KeyState::missing;
  switch (action) {
    case Action::stage:
      return on_fast ? KeyState::there : in_store ? KeyState::move : neither;
    case Action::archive:
      return in_store ? KeyState::there : on_fast ? KeyState::move : neither;
    case Action::release:
      return !on_fast ? KeyState::there : in_store ? KeyState::move : KeyState::missing;
    case Action::verify:
      return in_store ? KeyState::move : neither;
  }
  return neither;
}

// The inodes that the tier has, and goes on having, beside the keys to be moved.
repo::Inodes remaining_inodes(const SectionJob& job, const Side& store, const Side& fast) {
  repo::Inodes inodes;
  const Side& side = job.action == Action::archive ? store : fast;
  if (!side.is_there()) return inodes;
  Keys moved;
  for (const JobKey& key : job.keys)
    if (key.state == KeyState::move) moved.insert(job.plan->keys[key.place].key);
  for (const PlannedKey& key : side.plan->keys)
    if (!moved.contains(key.key) && side.plan->is_at(key, side.uuid)) inodes.add(key);
  return inodes;
}

Amounts& amounts_of(SectionJob& job, KeyState state) {
  if (state == KeyState::move) return job.move;
  return state == KeyState::there ? job.there : job.missing;
}

void sum_up(SectionJob& job, const std::vector<std::string>& paths) {
  std::vector<const JobKey*> by_place(job.plan->keys.size(), nullptr);
  for (const JobKey& key : job.keys) {
    const PlannedKey& planned = job.plan->keys[key.place];
    Amounts& amounts = amounts_of(job, key.state);
    ++amounts.keys;
    amounts.bytes += planned.bytes.value_or(0);
    amounts.unknown_sizes += planned.bytes ? 0 : 1;
    amounts.inodes += key.inodes;
    by_place[key.place] = &key;
  }
  for (const repo::PlannedFile& file : job.plan->files) {
    if (by_place[file.key] != nullptr && is_wanted(file.path, paths))
      ++amounts_of(job, by_place[file.key]->state).files;
  }
}

}  // namespace

bool is_wanted(std::string_view path, const std::vector<std::string>& paths) {
  return paths.empty() ||
         std::any_of(paths.begin(), paths.end(), [&](const std::string& one) { return is_below(path, one); });
}

Result<SectionJob> make_job(Action action, const Side& store, const Side& fast,
                            const std::vector<std::string>& paths) {
  if (!store.is_there()) return fail(ErrorKind::bug, "a job was planned without the store");
  const bool clones = fast.is_there() && (action == Action::archive || action == Action::release);
  SectionJob job;
  job.action = action;
  job.plan = clones ? fast.plan : store.plan;
  const auto wanted = wanted_keys(*job.plan, paths);
  if (!wanted) return fail(wanted.error());
  const Keys in_store = keys_at(store);
  const Keys on_fast = keys_at(fast);
  for (std::uint32_t place = 0; place < job.plan->keys.size(); ++place) {
    const std::string& key = job.plan->keys[place].key;
    if ((*wanted)[place])
      job.keys.push_back({place, state_of(action, in_store.contains(key), on_fast.contains(key))});
  }
  if (action == Action::stage && !fast.is_there())
    job.clone_inodes = kEmptyCloneInodes + job.plan->tree_entries;
  if (action != Action::verify) {
    repo::Inodes inodes = remaining_inodes(job, store, fast);
    for (JobKey& key : job.keys)
      if (key.state == KeyState::move) key.inodes = inodes.add(job.plan->keys[key.place]);
  }
  sum_up(job, paths);
  return job;
}

}  // namespace microstage::core
