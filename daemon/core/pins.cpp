// Pins: what is not to be released, until when, and who said so.

#include "daemon/core/core_state.h"

namespace microstage::core {

void Core::State::make_pin(const std::string& id, const PinRecord& pin, const std::string& request) {
  if (pins.contains(id)) return;
  ledger::Event& event = record(ledger::EventType::pin_made);
  event.pin = id;
  event.dataset = pin.dataset;
  event.to = pin.tier;
  event.actor = pin.actor;
  event.request = request;
  if (pin.until) {
    event.until = static_cast<std::uint64_t>(nanoseconds(*pin.until));
    timers.set({TimerKind::pin, id}, *pin.until);
  }
  Dataset& dataset = datasets[pin.dataset];
  dataset.pins.push_back(id);
  pins.emplace(id, pin);
  // Whoever is dropping it there stops at once.
  const auto lease = leases.find(dataset.lease);
  if (lease == leases.end()) return;
  if (lease->second.action == Action::release && lease->second.from == pin.tier)
    stop_lease(lease->second, LeaseHappening::revoke);
}

void Core::State::end_pin(const std::string& id, const std::string& actor) {
  const auto it = pins.find(id);
  if (it == pins.end()) return;
  ledger::Event& event = record(ledger::EventType::pin_ended);
  event.pin = id;
  event.dataset = it->second.dataset;
  event.to = it->second.tier;
  event.actor = actor;
  timers.clear({TimerKind::pin, id});
  const std::string dataset = it->second.dataset;
  std::erase(datasets[dataset].pins, id);
  pins.erase(it);
  none_can_begin = false;
  forget_dataset(dataset);
}

void Core::State::take(const Pin& input) {
  make_pin(input.pin, {input.actor, input.dataset, input.tier, input.until}, {});
}

void Core::State::take(const Unpin& input) {
  const auto it = pins.find(input.pin);
  if (it == pins.end()) return;
  if (it->second.actor != input.actor && !input.manager) {
    return refuse(
        input.actor, "unpin", {},
        {ErrorKind::permission, "the pin is " + it->second.actor + "'s: he or a data manager may remove it"});
  }
  end_pin(input.pin, input.actor);
}

}  // namespace microstage::core
