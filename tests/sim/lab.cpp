#include "tests/sim/lab.h"

namespace microstage::sim {

using namespace std::chrono_literals;

Lab::Lab(core::Settings settings, unsigned movers, unsigned planes, unsigned failing_of_thousand)
    : planes_(planes), failing_(failing_of_thousand), core_(std::move(settings), 1), workers_(movers) {
  tell(core::TierSeen{"fast", 1ULL << 60U, 1ULL << 40U});
  for (unsigned i = 0; i < movers; ++i)
    tell(core::MoverIdle{"m" + std::to_string(i), "host", 0});
}

void Lab::submit(const std::string& request, const std::string& actor, unsigned first, unsigned count) {
  core::Submit submit;
  submit.request = request;
  submit.actor = actor;
  for (unsigned i = first; i < first + count; ++i)
    submit.datasets.push_back({"d" + std::to_string(i), "store", "fast"});
  actors_[request] = actor;
  tell(submit);
}

std::optional<core::Time> Lab::ended(const std::string& request) const {
  const auto found = ended_.find(request);
  return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

std::uint64_t Lab::moved(const std::string& actor) const {
  const auto found = moved_.find(actor);
  return found == moved_.end() ? 0 : found->second;
}

// Ticks of the core, and everything that was arranged, in the order of time.
void Lab::run_until(core::Time end) {
  queue_.at(end, What::commit);
  while (true) {
    if (const auto due = core_.next_deadline()) queue_.at(*due, What::tick);
    const Happening it = queue_.next();
    if (it.what == What::commit) return;
    if (it.what == What::tick) take(core_.tick(queue_.now()));
    if (it.what == What::to_core) tell(plans_[it.a]);
    if (it.what == What::transfer_end) finish(it.a);
    if (it.what == What::mover_beat && workers_[it.a].working && workers_[it.a].lease.token == it.b) {
      tell(core::Heartbeat{workers_[it.a].lease.mover, it.b});
      queue_.after(30s, What::mover_beat, it.a, it.b);
    }
  }
}

void Lab::tell(const core::Input& input) {
  take(core_.handle(input, queue_.now()));
}

void Lab::take(const core::Step& step) {
  for (const ledger::Event& event : step.events) {
    if (event.type == ledger::EventType::job_ended && event.state == "done") ++done_;
    if (event.type == ledger::EventType::request_ended) ended_[event.request] = queue_.now();
    if (event.type == ledger::EventType::transfer_finished) moved_[actors_[event.request]] += *event.bytes;
  }
  for (const core::Effect& effect : step.effects) {
    if (const auto* plan = std::get_if<core::PlanJob>(&effect)) {
      core::Planned planned{plan->job, plan->plan, {}};
      for (unsigned plane = 0; plane < planes_; ++plane)
        planned.transfers.push_back({plan->dataset + "k" + std::to_string(plane), kPlaneBytes, 1, false});
      plans_.push_back(std::move(planned));
      queue_.after(1s, What::to_core, static_cast<std::uint32_t>(plans_.size() - 1));
    }
    if (const auto* lease = std::get_if<core::GiveLease>(&effect)) {
      const auto number = static_cast<std::uint32_t>(std::stoul(lease->mover.substr(1)));
      workers_[number] = Worker{*lease, 0, true, false, 0, lease->look};
      queue_.after(30s, What::mover_beat, number, lease->token);
      go_on(number);
    }
    if (const auto* end = std::get_if<core::EndLease>(&effect))
      workers_[static_cast<std::uint32_t>(std::stoul(end->mover.substr(1)))].ending = true;
    if (const auto* refused = std::get_if<core::RefuseGrant>(&effect)) {
      const std::uint32_t number = grants_.at(refused->grant);
      grants_.erase(refused->grant);
      workers_[number].ending = true;
      go_on(number);
    }
    if (const auto* grant = std::get_if<core::Grant>(&effect))
      queue_.after(std::chrono::seconds(kPlaneSeconds), What::transfer_end, grants_.at(grant->grant));
  }
}

void Lab::go_on(std::uint32_t number) {
  Worker& worker = workers_[number];
  if (worker.ending || worker.next == worker.lease.move.size()) {
    worker.working = false;
    core::GiveBack back{worker.lease.mover, worker.lease.token, {}, {}, {}, {}};
    for (const std::string& key : worker.there)
      back.there.push_back({key, {}, {}});
    return tell(back);
  }
  core::AskGrant ask;
  ask.grant = worker.grant = ++last_grant_;
  ask.token = worker.lease.token;
  ask.actor = "service";
  ask.dataset = worker.lease.dataset;
  ask.key = worker.lease.move[worker.next++];
  ask.bytes = kPlaneBytes;
  ask.from = worker.lease.from;
  ask.to = worker.lease.to;
  grants_[ask.grant] = number;
  tell(ask);
}

void Lab::finish(std::uint32_t number) {
  Worker& worker = workers_[number];
  grants_.erase(worker.grant);
  core::EndGrant end;
  end.grant = worker.grant;
  end.bytes = kPlaneBytes;
  end.duration = std::chrono::seconds(kPlaneSeconds);
  end.report.verified = "hash";
  if (random_.of_thousand(failing_)) {
    end.error = Error{ErrorKind::source_changed, "it failed", 0};
  } else {
    worker.there.push_back(worker.lease.move[worker.next - 1]);
  }
  tell(end);
  go_on(number);
}

}  // namespace microstage::sim
