// Why something waits, who holds it, when it may go on, and what would change that.

#include <algorithm>

#include "daemon/core/core_state.h"

namespace microstage::core {
namespace {

struct Words {
  std::string_view text;    // what it waits for
  std::string_view remedy;  // what would change it
};

Words words(Constraint constraint) {
  switch (constraint) {
    case Constraint::none:
      return {"it is being worked on", ""};
    case Constraint::plan:
      return {"its keys and sizes are being found out", ""};
    case Constraint::no_mover:
      return {"no mover is connected", "start a mover: microstage mover, or its service"};
    case Constraint::movers_busy:
      return {"all movers are busy with what comes before it", "more movers"};
    case Constraint::fair_share:
      return {"others, who had less so far, come first", "priority urgent, or a larger weight"};
    case Constraint::dataset_busy:
      return {"another job works on this dataset", "its end, or cancelling it"};
    case Constraint::pinned:
      return {"the dataset is pinned", "unpin it, or wait until the pin ends"};
    case Constraint::wanted:
      return {"others are bringing in, or archiving, this dataset", "their end, or cancelling them"};
    case Constraint::bytes:
      return {"there is not enough space", "release other datasets"};
    case Constraint::inodes:
      return {"there are not enough inodes", "release or seal other datasets"};
    case Constraint::tier_unknown:
      return {"how much room the tier has is not known yet", "a look at the tier"};
    case Constraint::tier_resting:
      return {"the tier failed and rests until it is tried again", "mend the tier"};
    case Constraint::back_off:
      return {"the last attempt failed, and the next is due later", ""};
    case Constraint::parked:
      return {"trying again cannot help until the cause is mended", "mend it, then resume the job"};
    case Constraint::transfers:
      return {"as many transfers as the tier bears are under way", "a higher limit"};
    case Constraint::bandwidth:
      return {"the rate that is set for the tier is used up", "a higher limit"};
    case Constraint::same_key:
      return {"this key is on its way there already", ""};
  }
  return {};
}

Wait make(Constraint constraint, std::vector<std::string> holders, std::string_view detail) {
  const auto [text, remedy] = words(constraint);
  Wait wait;
  wait.constraint = constraint;
  wait.text = text;
  if (!detail.empty()) wait.text.append(": ").append(detail);
  wait.remedy = remedy;
  wait.holders = std::move(holders);
  return wait;
}

Estimate operator+(const Estimate& a, const Estimate& b) {
  return {a.after + b.after, a.error + b.error};
}

std::optional<Estimate> operator+(const std::optional<Estimate>& a, const std::optional<Estimate>& b) {
  return a && b ? std::optional(*a + *b) : std::nullopt;
}

std::string detail_of(const Block& block, const std::map<std::string, Tier>& tiers) {
  const auto it = tiers.find(block.tier);
  if (block.constraint == Constraint::tier_resting && it != tiers.end()) {
    return block.tier + ": " + it->second.breaker.reason();
  }
  std::string text = block.tier;
  for (const std::string& holder : block.holders) {
    if (holder != block.tier) text.append(text.empty() ? "" : ", ").append(holder);
  }
  return text;
}

}  // namespace

// Bytes that go before the task: what runs, and what of each user stands before his fair turn comes.
double Core::State::bytes_before(const Task& task) const {
  double running = 0;
  for (const auto& [token, lease] : leases) {
    if (lease.task != nullptr) running += static_cast<double>(missing(*lease.task).bytes);
  }
  if (!task.queued) return running;
  double mine = 0;
  std::vector<double> others;
  for (const auto& [group, users] : queue) {
    if (group > task.queued->group) continue;
    for (const auto& [user, entries] : users) {
      double sum = 0;
      for (const auto& [place, other] : entries) {
        if (other == &task) break;
        sum += static_cast<double>(missing(*other).bytes);
      }
      if (user == task.queued->user) {
        mine += sum;
      } else {
        others.push_back(sum);
      }
    }
  }
  // While mine move, each of the others moves as much at most.
  const double turn = mine + static_cast<double>(missing(task).bytes);
  for (const double sum : others)
    running += std::min(sum, turn);
  return running + mine;
}

// Who has waited so long for space where `task` writes that nothing overtakes him there.
const Task* Core::State::short_of_space_before(const Task& task) const {
  if (room_for(task) == Room{}) return nullptr;
  for (const auto& [group, users] : queue) {
    for (const auto& [user, entries] : users) {
      for (const auto& [place, other] : entries) {
        const bool patient = other->short_of_space && now - *other->short_of_space >= settings.space_patience;
        if (patient && other->to == task.to && other != &task) return other;
      }
    }
  }
  return nullptr;
}

Wait Core::State::why(const Job& job) const {
  const Task& task = *job.task;
  const double bytes = static_cast<double>(missing(task).bytes);
  const auto own = rates.time_for(bytes, 1);
  const auto with_end = [&](Wait wait, std::optional<Estimate> start) {
    wait.start = start;
    wait.end = start + own;
    return wait;
  };
  const auto at = [&](Time time) { return Estimate{std::max(Duration{}, time - now), Duration{}}; };

  switch (job.state) {
    case JobState::planning:
      return make(Constraint::plan, {"planner"}, {});
    case JobState::parked:
      return make(Constraint::parked, {}, job.error ? job.error->message : "");
    case JobState::backing_off: {
      std::optional<Time> due;
      for (const auto place : job.transfers) {
        const Transfer& transfer = task.transfers[place];
        if (transfer.state == TransferState::backing_off && (!due || transfer.due < *due)) due = transfer.due;
      }
      Wait wait = make(Constraint::back_off, {}, job.error ? job.error->message : "");
      return with_end(std::move(wait), due ? std::optional(at(*due)) : std::nullopt);
    }
    case JobState::waiting:
      break;
    default: {
      const auto lease = leases.find(task.lease);
      std::vector<std::string> holders;
      if (lease != leases.end()) holders.push_back(lease->second.mover);
      return with_end(make(Constraint::none, std::move(holders), {}), Estimate{});
    }
  }
  if (const auto block = blocked(task)) {
    Wait wait = make(block->constraint, block->holders, detail_of(*block, tiers));
    std::optional<Estimate> start = block->until ? std::optional(at(*block->until)) : std::nullopt;
    if (block->constraint == Constraint::dataset_busy) {
      const Lease& lease = leases.at(datasets.at(task.dataset).lease);
      if (lease.task != nullptr) start = rates.time_for(static_cast<double>(missing(*lease.task).bytes), 1);
    }
    return with_end(std::move(wait), start);
  }
  const auto connected = static_cast<double>(
      std::count_if(movers.begin(), movers.end(), [](const auto& mover) { return mover.second.connected; }));
  if (connected == 0) return make(Constraint::no_mover, {}, {});
  if (const Task* other = short_of_space_before(task); other != nullptr && !idle_mover().empty()) {
    std::vector<std::string> first{other->jobs.front()->id};
    return with_end(make(Constraint::bytes, std::move(first), "kept for what waits longer"), std::nullopt);
  }
  std::vector<std::string> holders;
  bool all_mine = true;
  for (const auto& [token, lease] : leases) {
    holders.push_back(lease.job);
    all_mine = all_mine && task.queued && lease.user == task.queued->user;
  }
  std::vector<std::string> before;  // users who come first by their share
  for (const auto& [group, users] : queue) {
    for (const auto& [user, entries] : users) {
      if (!task.queued || group != task.queued->group || user == task.queued->user) continue;
      if (user_share.tag(user) < user_share.tag(task.queued->user)) before.push_back(user);
    }
  }
  Wait wait = before.empty() || all_mine ? make(Constraint::movers_busy, std::move(holders), {})
                                         : make(Constraint::fair_share, std::move(before), {});
  return with_end(std::move(wait), rates.time_for(bytes_before(task), connected));
}

Wait Core::State::why(const GrantRecord& grant) const {
  if (grant.state == GrantState::granted) return make(Constraint::none, {}, {});
  if (const auto block = blocked(grant)) {
    Wait wait = make(block->constraint, block->holders, detail_of(*block, tiers));
    if (block->until) wait.start = Estimate{std::max(Duration{}, *block->until - now), Duration{}};
    return wait;
  }
  return make(Constraint::none, {}, {});
}

}  // namespace microstage::core
