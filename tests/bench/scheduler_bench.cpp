// How long the core takes to decide, how much memory it needs, and how long a restart takes, with many
// transfers open.
//   scheduler_bench [JOBS [KEYS]]     by default 8000 jobs of 29 keys
// Lines "name value": microseconds of a decision (median, 99 of 100, longest), and with all waiting for
// space; MiB; seconds of a restart.

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "daemon/core/core.h"

using namespace microstage;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned kUsers = 8;
constexpr unsigned kMovers = 16;
constexpr std::uint64_t kBytes = 10'000'000'000;

// Of the processor: what else the machine does has no say.
double processor_us() {
  ::timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

class Bench {
 public:
  Bench(unsigned jobs, unsigned keys) : jobs_(jobs), keys_(keys) {}

  void open_all() {
    room(1ULL << 60U);
    for (unsigned user = 0; user < kUsers; ++user) {
      core::Submit submit;
      submit.request = "request-" + std::to_string(user);
      submit.actor = "user" + std::to_string(user);
      for (unsigned i = user; i < jobs_; i += kUsers)
        submit.datasets.push_back({dataset(i), "store", "fast"});
      tell(submit);
    }
    answer_plans();
  }

  // Movers at work: every message is a decision.
  void work(unsigned rounds) {
    times_.clear();
    for (unsigned i = 0; i < kMovers; ++i)
      tell(core::MoverIdle{"mover" + std::to_string(i), "host", 0});
    for (unsigned i = 0; i < rounds && !leases_.empty(); ++i) {
      const core::GiveLease lease = leases_.front();
      leases_.pop_front();
      work_on(lease);
    }
    report("decision");
  }

  // Nothing can begin: the tier is full, and every job is asked.
  void full(unsigned rounds) {
    room(0);
    for (unsigned i = 0; i < kMovers; ++i)
      tell(core::MoverIdle{"idle" + std::to_string(i), "host", 0});
    leases_.clear();
    times_.clear();
    for (unsigned i = 0; i < rounds; ++i)
      tell(core::MoverIdle{"idle0", "host", 0});
    report("decision_when_full");
  }

  void restart() {
    const auto start = Clock::now();
    plans_.clear();
    core_ = core::Core({}, 2);
    for (const ledger::Event& event : open_)
      core_.fold(event);
    take(core_.recover(now_, 10 * open_.size()));
    room(1ULL << 60U);
    answer_plans();
    std::printf("restart_s %.3f\n", std::chrono::duration<double>(Clock::now() - start).count());
  }

 private:
  static std::string dataset(unsigned number) {
    return "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + number);
  }
  static std::string key(const std::string& dataset, unsigned number) {
    return "SHA256E-s10000000000--" + dataset + dataset.substr(0, 24) + std::to_string(10 + number) + ".tif";
  }

  void room(std::uint64_t bytes) { tell(core::TierSeen{"fast", bytes, 1ULL << 40U}); }

  void tell(const core::Input& input) {
    now_ += 1ms;
    const double start = processor_us();
    core::Step step = core_.handle(input, now_);
    times_.push_back(processor_us() - start);
    take(std::move(step));
  }

  void take(core::Step step) {
    for (ledger::Event& event : step.events) {
      const bool opens = event.type == ledger::EventType::request_made ||
                         event.type == ledger::EventType::job_made ||
                         event.type == ledger::EventType::job_changed;
      if (opens && event.state != "running") open_.push_back(std::move(event));
    }
    for (core::Effect& effect : step.effects) {
      if (auto* plan = std::get_if<core::PlanJob>(&effect)) plans_.push_back(std::move(*plan));
      if (auto* lease = std::get_if<core::GiveLease>(&effect)) leases_.push_back(std::move(*lease));
    }
  }

  void answer_plans() {
    while (!plans_.empty()) {
      const core::PlanJob plan = plans_.front();
      plans_.pop_front();
      core::Planned planned{plan.job, plan.plan, {}};
      for (unsigned i = 0; i < keys_; ++i)
        planned.transfers.push_back({key(plan.dataset, i), kBytes, 1, false});
      tell(planned);
    }
  }

  void work_on(const core::GiveLease& lease) {
    core::GiveBack back{lease.mover, lease.token, {}, {}, {}, {}};
    for (const std::string& key : lease.move) {
      core::AskGrant ask;
      ask.grant = ++last_grant_;
      ask.token = lease.token;
      ask.actor = "service";
      ask.dataset = lease.dataset;
      ask.key = key;
      ask.bytes = kBytes;
      ask.from = lease.from;
      ask.to = lease.to;
      tell(ask);
      tell(core::GrantProgress{ask.grant, kBytes / 2});
      core::EndGrant end;
      end.grant = ask.grant;
      end.bytes = kBytes;
      end.duration = 10s;
      end.report.verified = "hash";
      tell(end);
      back.there.push_back({key, {}, {}});
    }
    tell(core::Heartbeat{lease.mover, lease.token});
    tell(back);
  }

  void report(const char* name) {
    std::sort(times_.begin(), times_.end());
    std::printf("%s_median_us %.1f\n%s_99_us %.1f\n%s_max_us %.1f\n", name, times_[times_.size() / 2], name,
                times_[times_.size() * 99 / 100], name, times_.back());
  }

  unsigned jobs_;
  unsigned keys_;
  core::Core core_{{}, 1};
  core::Time now_ = core::from_nanoseconds(1'800'000'000'000'000'000);
  std::deque<core::PlanJob> plans_;
  std::deque<core::GiveLease> leases_;
  std::vector<ledger::Event> open_;
  std::vector<double> times_;
  std::uint64_t last_grant_ = 0;
};

}  // namespace

int main(int count, char** words) {
  const auto number = [&](int i, unsigned usual) {
    return count > i ? static_cast<unsigned>(std::atoi(words[i])) : usual;
  };
  Bench bench(number(1, 8000), number(2, 29));
  bench.open_all();
  bench.work(1000);
  bench.full(200);
  struct ::rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("peak_mib %ld\n", usage.ru_maxrss / 1024);
  bench.restart();
  return 0;
}
