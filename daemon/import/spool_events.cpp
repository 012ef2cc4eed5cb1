#include "daemon/import/spool_events.h"

#include "lib/ledger/catalogue.h"

namespace microstage::import {

namespace {

using control::Action;
using control::Outcome;
using control::Report;
using ledger::Event;
using ledger::EventType;

constexpr std::uint64_t kNanoseconds = 1000;  // in a microsecond

// Where a clone or a store is, in words that people know it by.
std::string place(const std::string& path, const std::string& uuid, const char* otherwise) {
  return !path.empty() ? path : !uuid.empty() ? uuid : otherwise;
}
std::string clone_of(const Report& report) {
  return place(report.clone, report.clone_uuid, "clone");
}
std::string store_of(const Report& report) {
  return place(report.store, report.store_uuid, "store");
}

std::string verified_of(const Report& report) {
  switch (report.verified) {
    case control::Verified::hashed:
      return "hash";
    case control::Verified::read_back:
      return "read-back";
    case control::Verified::size:
      return "size";
    case control::Verified::follow:
      return "git-annex";
    case control::Verified::none:
      break;
  }
  return "none";
}

Event begin(const Report& report, const Claimant& who, std::uint64_t recorded) {
  Event event;
  event.time = static_cast<std::int64_t>(report.time_us * kNanoseconds);
  event.recorded = recorded;
  event.dataset = report.dataset;
  event.key = report.key;
  event.path = report.path;
  event.actor = who.name;
  event.uid = who.uid;
  event.host = report.host;
  event.program = report.program;
  event.slurm = report.slurm_job;
  if (!report.user.empty() && report.user != who.name) event.note = "calls itself " + report.user;
  if (!report.error) return event;
  event.result = microstage::name(*report.error);
  event.error = report.message.empty() ? event.result : report.message;
  return event;
}

void finish_claim(Event& event, const Report& report, EventType type) {
  event.type = type;
  event.basis = "claim";
  event.bytes = report.bytes;
  event.duration = report.duration_us * kNanoseconds;
}

Event transfer(Event event, const Report& report) {
  const bool out = report.action == Action::store;
  finish_claim(event, report, report.error ? EventType::transfer_failed : EventType::transfer_finished);
  event.from = out ? clone_of(report) : store_of(report);
  event.to = out ? store_of(report) : clone_of(report);
  if (!report.error) event.verified = verified_of(report);
  // A key that has a digest has this one.
  if (report.key.find(report.hash.substr(report.hash.find(':') + 1)) == std::string::npos)
    event.digest = report.hash;
  return event;
}

Event found(Event event, const Report& report) {
  finish_claim(event, report, EventType::object_found);
  event.to = store_of(report);
  event.verified = verified_of(report);
  return event;
}

Event renamed(Event event, const Report& report) {
  event.note = "renamed from " + report.path + (event.note.empty() ? "" : "; " + event.note);
  event.path = report.new_path;
  return found(std::move(event), report);
}

Event removed(Event event, const Report& report) {
  finish_claim(event, report, EventType::object_removed);
  event.from = store_of(report);
  return event;
}

// What could not be removed or renamed, which is no transfer.
Event refused(Event event, const Report& report) {
  event.type = EventType::request_refused;
  event.action = control::name(report.action);
  event.from = store_of(report);
  return event;
}

Event by_action(Event event, const Report& report) {
  const bool moves = report.action == Action::store || report.action == Action::retrieve;
  if (moves && report.outcome == Outcome::existing) return found(std::move(event), report);
  if (moves) return transfer(std::move(event), report);
  if (report.error) return refused(std::move(event), report);
  return report.action == Action::rename ? renamed(std::move(event), report)
                                         : removed(std::move(event), report);
}

}  // namespace

Result<Event> event_of(const Report& report, const Claimant& who, std::uint64_t recorded) {
  Event event = by_action(begin(report, who, recorded), report);
  if (auto checked = ledger::check(event); !checked) return fail(checked.error());
  return event;
}

}  // namespace microstage::import
