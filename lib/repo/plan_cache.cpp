#include "lib/repo/plan_cache.h"

namespace microstage::repo {

namespace {

constexpr int kMostTries = 20;

}  // namespace

std::shared_ptr<const SectionPlan> PlanCache::known(const Name& name, const RepositoryState& state) {
  const std::lock_guard guard(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || !state.unchanged_since(entry->second.state)) return nullptr;
  return entry->second.plan;
}

Result<std::shared_ptr<const SectionPlan>> PlanCache::plan(const std::string& path,
                                                           const std::optional<ObjectId>& commit) {
  const auto reader = RepositoryReader::open(ops_, path, limits_);
  if (!reader) return fail(reader.error());
  for (int tries = 1;; ++tries) {
    auto state = reader->state();
    if (!state) return fail(state.error());
    const Name name{path, commit.value_or(state->head)};
    if (auto plan = known(name, *state)) return plan;
    auto made = reader->plan_of(*state, name.second);
    if (!made && made.error().kind == ErrorKind::source_changed && tries < kMostTries) continue;
    if (!made) return failure_of(made);
    auto plan = std::make_shared<const SectionPlan>(std::move(*made));
    keep(name, std::move(*state), plan);
    return plan;
  }
}

// What was planned at a state that has passed will not be asked for again.
void PlanCache::keep(const Name& name, RepositoryState state, std::shared_ptr<const SectionPlan> plan) {
  const std::lock_guard guard(mutex_);
  for (auto entry = entries_.lower_bound({name.first, ObjectId{}});
       entry != entries_.end() && entry->first.first == name.first;) {
    const bool passed = !entry->second.state.unchanged_since(state);
    entry = passed ? entries_.erase(entry) : std::next(entry);
  }
  entries_[name] = {std::move(state), std::move(plan)};
}

void PlanCache::forget(const std::string& path) {
  const std::lock_guard guard(mutex_);
  std::erase_if(entries_, [&](const auto& entry) { return entry.first.first == path; });
}

}  // namespace microstage::repo
