#include "lib/repo/plan_cache.h"

namespace microstage::repo {

namespace {

constexpr int kMostTries = 20;

}  // namespace

std::shared_ptr<const SectionPlan> PlanCache::known(const std::string& path, const RepositoryState& state) {
  const std::lock_guard guard(mutex_);
  const auto entry = entries_.find(path);
  if (entry == entries_.end() || !state.unchanged_since(entry->second.state)) return nullptr;
  return entry->second.plan;
}

Result<std::shared_ptr<const SectionPlan>> PlanCache::plan(const std::string& path) {
  const auto reader = RepositoryReader::open(ops_, path, limits_);
  if (!reader) return fail(reader.error());
  for (int tries = 1;; ++tries) {
    auto state = reader->state();
    if (!state) return fail(state.error());
    if (auto plan = known(path, *state)) return plan;
    auto made = reader->plan_of(*state);
    if (!made && made.error().kind == ErrorKind::source_changed && tries < kMostTries) continue;
    if (!made) return failure_of(made);
    auto plan = std::make_shared<const SectionPlan>(std::move(*made));
    const std::lock_guard guard(mutex_);
    entries_[path] = {std::move(*state), plan};
    return plan;
  }
}

void PlanCache::forget(const std::string& path) {
  const std::lock_guard guard(mutex_);
  entries_.erase(path);
}

}  // namespace microstage::repo
