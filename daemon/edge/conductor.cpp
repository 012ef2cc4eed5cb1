#include "daemon/edge/conductor.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace microstage::edge {
namespace {

bool is_space(ErrorKind kind) {
  return kind == ErrorKind::space_bytes || kind == ErrorKind::space_inodes || kind == ErrorKind::space_quota;
}

}  // namespace

Conductor::Conductor(core::Core core, Hands hands) : core_(std::move(core)), hands_(std::move(hands)) {}

void Conductor::begin(core::Step recovered) {
  add(std::move(recovered));
}

void Conductor::handle(const core::Input& input, core::Time now) {
  if (!dead_) add(core_.handle(input, now));
}

void Conductor::tick(core::Time now) {
  if (dead_) return;
  if (retry_ && *retry_ <= now && !committing_) {
    retry_ = now + kRetry;
    committing_ = true;
    hands_.commit(sent_.events);
  }
  add(core_.tick(now));
}

void Conductor::record(std::vector<ledger::Event> events) {
  add({std::move(events), {}});
}

void Conductor::add(core::Step step) {
  std::move(step.events.begin(), step.events.end(), std::back_inserter(gathering_.events));
  std::move(step.effects.begin(), step.effects.end(), std::back_inserter(gathering_.effects));
  send();
}

void Conductor::send() {
  if (dead_ || committing_ || retry_) return;
  if (gathering_.events.empty()) return perform(std::exchange(gathering_.effects, {}));
  sent_ = std::exchange(gathering_, {});
  committing_ = true;
  hands_.commit(sent_.events);
}

// Performing may bring new inputs, and so more effects, at once: those come after the ones at hand.
void Conductor::perform(std::vector<core::Effect> effects) {
  std::move(effects.begin(), effects.end(), std::back_inserter(outbox_));
  if (std::exchange(performing_, true)) return;
  while (!outbox_.empty()) {
    const core::Effect effect = std::move(outbox_.front());
    outbox_.pop_front();
    hands_.perform(effect);
  }
  performing_ = false;
}

void Conductor::committed(const Status& result, core::Time now) {
  committing_ = false;
  if (result) {
    if (std::exchange(retry_, std::nullopt)) hands_.full(std::nullopt);
    perform(std::exchange(sent_, {}).effects);
    return send();
  }
  if (is_space(result.error().kind)) {
    const bool first = !retry_;
    retry_ = now + kRetry;
    if (first) hands_.full(result.error());
    return;
  }
  dead_ = true;
  hands_.fatal(result.error());
}

std::optional<core::Time> Conductor::next_deadline() const {
  if (dead_) return std::nullopt;
  const auto due = core_.next_deadline();
  if (!retry_ || committing_) return due;
  return due ? std::min(*due, *retry_) : *retry_;
}

}  // namespace microstage::edge
