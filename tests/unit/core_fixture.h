#pragma once
// A core with one fast tier and one store, and short ways to tell it things.

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/core/core.h"

namespace microstage::testing {

inline constexpr std::uint64_t kPlane = 10'000'000'000;

class CoreFixture {
 public:
  explicit CoreFixture(core::Settings settings = {}) : settings_(std::move(settings)), core(settings_, 1) {
    see_room(1'000'000 * kPlane, 1'000'000'000);
  }

  static std::string dataset(unsigned number) {
    return "00000000-0000-4000-8000-" + std::to_string(100000000000 + number);
  }
  static std::string key(unsigned section, unsigned plane) {
    return "SHA256E-s" + std::to_string(kPlane) + "--" + std::to_string(section) + "-" +
           std::to_string(plane);
  }

  // Tells it, keeps the events, and returns the effects.
  std::vector<core::Effect> tell(const core::Input& input) { return keep(core.handle(input, now)); }
  std::vector<core::Effect> wait(core::Duration duration) {
    const core::Time end = now + duration;
    std::vector<core::Effect> effects;
    while (true) {
      const auto next = core.next_deadline();
      now = next && *next < end ? std::max(now, *next) : end;
      const auto more = keep(core.tick(now));
      effects.insert(effects.end(), more.begin(), more.end());
      if (now == end) return effects;
    }
  }
  // Until something is due that has such an effect.
  template <class Kind>
  std::vector<core::Effect> wait_until() {
    for (int steps = 0; steps < 1000 && core.next_deadline(); ++steps) {
      now = std::max(now, *core.next_deadline());
      auto effects = keep(core.tick(now));
      if (!all<Kind>(effects).empty()) return effects;
    }
    throw std::logic_error("it never comes");
  }
  std::vector<core::Effect> keep(core::Step step) {
    events.insert(events.end(), step.events.begin(), step.events.end());
    return std::move(step.effects);
  }

  void see_room(std::uint64_t bytes, std::uint64_t inodes) {
    tell(core::TierSeen{"fast", bytes, inodes});
    tell(core::TierSeen{"store", bytes, inodes});
  }

  core::Submit stage(const std::string& request, const std::string& actor,
                     const std::vector<unsigned>& sections) const {
    core::Submit submit;
    submit.request = request;
    submit.actor = actor;
    for (const unsigned section : sections)
      submit.datasets.push_back({dataset(section), "store", "fast"});
    return submit;
  }
  core::Submit release(const std::string& request, const std::string& actor,
                       const std::vector<unsigned>& sections) const {
    core::Submit submit = stage(request, actor, sections);
    submit.action = core::Action::release;
    for (auto& wanted : submit.datasets)
      wanted = {wanted.dataset, "fast", ""};
    return submit;
  }

  // Answers every PlanJob among `effects` with `planes` keys; returns what comes of it.
  std::vector<core::Effect> plan(const std::vector<core::Effect>& effects, unsigned planes = 3,
                                 bool there = false) {
    std::vector<core::Effect> more;
    for (const auto& order : all<core::PlanJob>(effects)) {
      core::Planned planned{order.job, order.plan, {}};
      const unsigned section = static_cast<unsigned>(std::stoull(order.dataset.substr(24)) - 100000000000);
      for (unsigned plane = 0; plane < planes; ++plane) {
        planned.transfers.push_back({key(section, plane), kPlane, 1, there});
      }
      const auto some = tell(planned);
      more.insert(more.end(), some.begin(), some.end());
    }
    return more;
  }

  // Looks at all that the lease is about and gives it back.
  std::vector<core::Effect> give_back(const core::GiveLease& lease) {
    core::GiveBack back;
    back.mover = lease.mover;
    back.token = lease.token;
    for (const auto& key : lease.move)
      back.there.push_back({key, {}, {}});
    for (const auto& key : lease.look)
      back.there.push_back({key, {}, {}});
    return tell(back);
  }

  // The mover asks for a key of its lease; the effects tell whether it may.
  std::vector<core::Effect> ask(const core::GiveLease& lease, const std::string& key) {
    core::AskGrant ask;
    ask.grant = ++last_grant;
    ask.token = lease.token;
    ask.actor = "service";
    ask.dataset = lease.dataset;
    ask.key = key;
    ask.bytes = kPlane;
    ask.from = lease.from;
    ask.to = lease.to;
    return tell(ask);
  }
  std::vector<core::Effect> finish(std::uint64_t grant, std::optional<Error> error = std::nullopt) {
    core::EndGrant end;
    end.grant = grant;
    end.bytes = kPlane;
    end.duration = std::chrono::seconds(10);
    end.error = std::move(error);
    end.report.verified = "hash";
    return tell(end);
  }

  template <class Kind>
  static std::vector<Kind> all(const std::vector<core::Effect>& effects) {
    std::vector<Kind> found;
    for (const auto& effect : effects) {
      if (const auto* it = std::get_if<Kind>(&effect)) found.push_back(*it);
    }
    return found;
  }
  // The one effect of this kind; fails loudly when there is not exactly one.
  template <class Kind>
  static Kind one(const std::vector<core::Effect>& effects) {
    const auto found = all<Kind>(effects);
    if (found.size() != 1) throw std::logic_error("expected one effect, got " + std::to_string(found.size()));
    return found.front();
  }

  core::JobState state(const std::string& job) const { return core.job(job).value().state; }
  core::Constraint why(const std::string& job) const { return core.why(job, now).value().constraint; }
  std::size_t count(ledger::EventType type) const {
    return static_cast<std::size_t>(std::count_if(events.begin(), events.end(),
                                                  [type](const auto& event) { return event.type == type; }));
  }

  // The daemon dies and comes back with what the ledger has.
  std::vector<core::Effect> restart() {
    core = core::Core(settings_, 2);
    for (const auto& event : events)
      core.fold(event);
    auto effects = keep(core.recover(now, events.size()));
    see_room(1'000'000 * kPlane, 1'000'000'000);
    return effects;
  }

 private:
  core::Settings settings_;

 public:
  core::Time now = core::from_nanoseconds(1'700'000'000'000'000'000);
  core::Core core;
  std::vector<ledger::Event> events;
  std::uint64_t last_grant = 0;
};

}  // namespace microstage::testing
