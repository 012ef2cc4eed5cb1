#include "tests/support/ledger_load.h"

#include <cstdio>

namespace microstage::testing {

using ledger::Event;
using ledger::EventType;

namespace {

constexpr std::array kBefore{EventType::request_made, EventType::job_made, EventType::reservation_made,
                             EventType::lease_given, EventType::job_changed};
constexpr std::array kAfter{EventType::job_ended, EventType::lease_ended, EventType::reservation_ended,
                            EventType::request_ended};
constexpr unsigned kSteps = kBefore.size() + LedgerLoad::kKeys + kAfter.size();
constexpr std::uint64_t kPlane = 10'000'000'000;

// splitmix64
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

unsigned long long word(std::uint64_t seed) {
  return mixed(seed);
}

std::uint64_t size_of(std::uint64_t section, unsigned plane) {
  return kPlane + mixed(section * 64 + plane) % 1'000'000'000;
}

}  // namespace

LedgerLoad::LedgerLoad(std::uint64_t distance) : distance_(distance) {
  for (Job& job : running_)
    job = next_job();
}

std::string LedgerLoad::dataset(std::uint64_t section) {
  const unsigned long long a = word(section * 2 + 1);
  const unsigned long long b = word(section * 2 + 2);
  return format("%08llx-%04llx-%04llx-%04llx-%012llx", a >> 32U, a >> 16U & 0xffffU, a & 0xffffU, b >> 48U,
                b & 0xffffffffffffU);
}

std::string LedgerLoad::key(std::uint64_t section, unsigned plane) {
  const std::uint64_t seed = (section * 64 + plane) * 4;
  return format("SHA256E-s%llu--%016llx%016llx%016llx%016llx.tif",
                static_cast<unsigned long long>(size_of(section, plane)), word(seed), word(seed + 1),
                word(seed + 2), word(seed + 3));
}

LedgerLoad::Job LedgerLoad::next_job() {
  for (;;) {
    const std::uint64_t turn = round_++;
    const auto work = static_cast<Work>(turn % 4);
    const std::uint64_t behind = static_cast<std::uint64_t>(work) * distance_;
    if (turn / 4 >= behind) return {jobs_++, turn / 4 - behind, work, 0};
  }
}

Event LedgerLoad::frame(const Job& job) const {
  const unsigned after = static_cast<unsigned>(kBefore.size()) + kKeys;
  Event event;
  event.type = job.step < after ? kBefore.at(job.step) : kAfter.at(job.step - after);
  event.request = "r" + std::to_string(job.number);
  const auto is = [&](auto... kinds) { return ((event.type == kinds) || ...); };
  if (!is(EventType::request_made, EventType::request_ended)) event.job = "j" + std::to_string(job.number);
  if (!is(EventType::request_ended)) event.dataset = dataset(job.section);
  if (is(EventType::request_made)) event.actor = "user" + std::to_string(mixed(job.number) % 40);
  if (is(EventType::request_made, EventType::job_made))
    event.action = std::array{"archive", "release", "stage", "verify"}.at(static_cast<std::size_t>(job.work));
  if (is(EventType::lease_given, EventType::lease_ended)) event.token = job.number;
  if (is(EventType::job_changed)) event.state = "moving";
  if (is(EventType::job_ended)) event.state = "ready";
  if (is(EventType::reservation_made)) event.to = "fast";
  if (is(EventType::reservation_made, EventType::job_made)) {
    event.bytes = kKeys * kPlane;
    event.inodes = 200;
  }
  return event;
}

Event LedgerLoad::object(const Job& job, unsigned plane) const {
  Event event;
  event.request = "r" + std::to_string(job.number);
  event.job = "j" + std::to_string(job.number);
  event.dataset = dataset(job.section);
  event.key = key(job.section, plane);
  event.actor = "user" + std::to_string(mixed(job.number) % 40);
  event.host = "node" + std::to_string(job.number % 20);
  event.program = "git-annex-remote-microstage 0.1.0";
  event.slurm = std::to_string(40'000'000 + job.number);
  event.basis = "proof";
  event.bytes = size_of(job.section, plane);
  const std::string fast = "fast";
  const std::string capacity = "capacity";
  const bool up = job.work == Work::archive;
  switch (job.work) {
    case Work::archive:
    case Work::stage:
      event.type = EventType::transfer_finished;
      event.from = up ? fast : capacity;
      event.to = up ? capacity : fast;
      event.duration = 20'000'000'000 + mixed(count_) % 1'000'000'000;
      event.verified = "hash";
      break;
    case Work::release:
      event.type = EventType::object_released;
      event.from = fast;
      event.to = capacity;
      event.evidence = count_ / 2;
      break;
    case Work::verify:
      event.type = EventType::object_verified;
      event.to = capacity;
      event.verified = "read-back";
      break;
  }
  if (job.work != Work::stage) {
    event.proof = format("66306:%llu:%llu:1700000000%09llu:1700000000%09llu", word(count_) % 1'000'000'000,
                         static_cast<unsigned long long>(*event.bytes), word(count_ + 1) % 1'000'000'000,
                         word(count_ + 2) % 1'000'000'000);
  }
  return event;
}

Event LedgerLoad::event_of(const Job& job) const {
  const auto before = static_cast<unsigned>(kBefore.size());
  const bool framing = job.step < before || job.step >= before + kKeys;
  Event event = framing ? frame(job) : object(job, job.step - before);
  event.time =
      1'700'000'000'000'000'000 + static_cast<std::int64_t>(count_ * 50'000'000 + mixed(count_) % 50'000'000);
  return event;
}

Event LedgerLoad::next() {
  Job& job = running_.at(count_ % kInterleaved);
  Event event = event_of(job);
  ++count_;
  if (++job.step == kSteps) job = next_job();
  return event;
}

}  // namespace microstage::testing
