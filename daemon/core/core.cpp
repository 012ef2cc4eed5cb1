#include "daemon/core/core.h"

#include "daemon/core/core_state.h"

namespace microstage::core {

Core::State::State(Settings given, std::uint64_t seed) : settings(std::move(given)), random(seed) {
  // A class gets its part of what is moved, so that none starves; release is outside of this, always first.
  group_share.set_weight("urgent", 8);
  group_share.set_weight("stage", 4);
  group_share.set_weight("archive", 2);
  group_share.set_weight("verify", 1);
}

ledger::Event& Core::State::record(ledger::EventType type) {
  ledger::Event& event = step.events.emplace_back();
  event.type = type;
  event.time = nanoseconds(now);
  return event;
}

const TierLimits& Core::State::limits(const std::string& name) const {
  static const TierLimits usual;
  const auto it = settings.tiers.find(name);
  return it == settings.tiers.end() ? usual : it->second;
}

Tier* Core::State::tier(const std::string& name) {
  return name.empty() ? nullptr : &tiers[name];
}

void Core::State::tick() {
  while (const auto timer = timers.take(now))
    due(*timer);
}

void Core::State::due(const Timer& timer) {
  none_can_begin = false;
  switch (timer.kind) {
    case TimerKind::plan:
    case TimerKind::parked:
    case TimerKind::request:
    case TimerKind::deadline: {
      const auto it = jobs.find(timer.whose);
      if (it == jobs.end()) return;
      Job& job = *it->second;
      if (timer.kind == TimerKind::plan) return ask_plan(job);
      if (timer.kind == TimerKind::deadline) {
        job.promoted = true;
        return enqueue(*job.task);
      }
      const std::string why = timer.kind == TimerKind::parked && job.error
                                  ? job.error->message
                                  : "not done in time: the longest time a request may take is over";
      return change(job, JobHappening::give_up, Error{ErrorKind::transient, why});
    }
    case TimerKind::retry: {
      const auto it = tasks.find(std::stoull(timer.whose));
      if (it != tasks.end()) settle(*it->second);
      return;
    }
    case TimerKind::lease: {
      const auto it = leases.find(std::stoull(timer.whose));
      if (it == leases.end()) return;
      const Error error{ErrorKind::transient, "the mover " + it->second.mover + " was not heard of in time"};
      return end_lease(it->second, LeaseHappening::silence, error);
    }
    case TimerKind::grant:
      return take(GrantGone{std::stoull(timer.whose)});
    case TimerKind::grant_wait: {
      const std::uint64_t grant = std::stoull(timer.whose);
      step.effects.emplace_back(
          RefuseGrant{grant, {ErrorKind::transient, "no turn within the time that was given to wait"}});
      return end(grant);
    }
    case TimerKind::pin:
      return end_pin(timer.whose, {});
    case TimerKind::space:
    case TimerKind::breaker:
    case TimerKind::pace:
      return;  // the scheduler looks after every step
  }
}

Core::Core(Settings settings, std::uint64_t seed)
    : state_(std::make_unique<State>(std::move(settings), seed)) {
  configure(state_->settings);
}
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;
Core::~Core() = default;

void Core::configure(Settings settings) {
  for (const auto& [user, weight] : settings.weights) {
    state_->user_share.set_weight(user, weight);
    state_->grant_share.set_weight(user, weight);
  }
  state_->settings = std::move(settings);
  state_->none_can_begin = false;
}

void Core::fold(const ledger::Event& event) {
  state_->fold(event);
}

Step Core::recover(Time now, std::uint64_t head) {
  state_->now = now;
  state_->recover(head);
  state_->schedule();
  return std::exchange(state_->step, {});
}

Step Core::handle(const Input& input, Time now) {
  state_->now = now;
  state_->tick();
  std::visit([this](const auto& it) { state_->take(it); }, input);
  state_->schedule();
  return std::exchange(state_->step, {});
}

Step Core::tick(Time now) {
  state_->now = now;
  state_->tick();
  state_->schedule();
  return std::exchange(state_->step, {});
}

std::optional<Time> Core::next_deadline() const {
  return state_->timers.next();
}

std::optional<Wait> Core::why(std::string_view job, Time now) const {
  const auto it = state_->jobs.find(std::string(job));
  if (it == state_->jobs.end()) return std::nullopt;
  state_->now = now;
  return state_->why(*it->second);
}

std::optional<Wait> Core::why_grant(std::uint64_t grant, Time now) const {
  const auto it = state_->grants.find(grant);
  if (it == state_->grants.end()) return std::nullopt;
  state_->now = now;
  return state_->why(it->second);
}

namespace {

JobView view_of(const Job& job) {
  JobView view;
  view.request = job.request->id;
  view.job = job.id;
  view.dataset = job.task->dataset;
  view.actor = job.request->actor;
  view.action = job.request->action;
  view.state = job.state;
  view.attempt = job.attempt;
  if (job.error) view.cause = job.error->message;
  for (const auto place : job.transfers) {
    const Transfer& transfer = job.task->transfers[place];
    const bool there = transfer.state == TransferState::there || transfer.state == TransferState::moved;
    view.files += 1;
    view.bytes += transfer.bytes;
    view.inodes += transfer.inodes;
    view.files_there += there ? 1 : 0;
    view.bytes_there += there ? transfer.bytes : 0;
  }
  return view;
}

}  // namespace

std::optional<JobView> Core::job(std::string_view job) const {
  const auto it = state_->jobs.find(std::string(job));
  return it == state_->jobs.end() ? std::nullopt : std::optional(view_of(*it->second));
}

std::vector<JobView> Core::jobs_of(std::string_view request) const {
  std::vector<JobView> views;
  for (const auto& [id, job] : state_->jobs) {
    if (job->request->id == request) views.push_back(view_of(*job));
  }
  return views;
}

std::vector<std::string> Core::open_requests() const {
  std::vector<std::string> ids;
  for (const auto& [id, request] : state_->requests)
    ids.push_back(id);
  return ids;
}

std::vector<LeaseView> Core::leases() const {
  std::vector<LeaseView> views;
  for (const auto& [token, lease] : state_->leases) {
    views.push_back({token, lease.mover, lease.dataset, lease.state});
  }
  return views;
}

std::vector<GrantView> Core::grants() const {
  std::vector<GrantView> views;
  for (const auto& [id, grant] : state_->grants) {
    const AskGrant& ask = grant.ask;
    views.push_back({id, ask.token, ask.dataset, ask.key, ask.from, ask.to, grant.state, grant.adopted});
  }
  return views;
}

}  // namespace microstage::core
