#pragma once
// A simulated world around the core: users, movers, people's own gets, planner, tiers, a daemon that dies and
// comes back with what its ledger has. Deterministic: the same parameters give the same story.
//
// What chance does to the daemon is an incident with a number; Parameters::without leaves some out, which is
// how a story is made short.
//
// Threads: one at a time.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/core/core.h"
#include "tests/sim/audit.h"
#include "tests/sim/ledger_model.h"
#include "tests/sim/parameters.h"
#include "tests/sim/physical.h"
#include "tests/sim/queue.h"
#include "tests/sim/random.h"

namespace microstage::sim {

class World {
 public:
  // Gets each line of the story; null: no story is told, which is faster.
  using Tell = std::function<void(const std::string& line)>;

  explicit World(const Parameters& parameters, Tell tell = nullptr);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Until every request has ended. Throws Violation.
  void run();

  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  [[nodiscard]] std::uint32_t incidents() const { return incidents_; }
  [[nodiscard]] std::uint64_t events() const { return ledger_.size(); }

 private:
  struct Message {
    core::Input input;
    std::uint32_t life = 0;  // of the daemon: a connection does not outlive it
  };
  struct Answer {
    core::Effect effect;
    std::uint32_t life = 0;
    core::Time sent;
  };
  struct Transfer {
    enum class State { free, asking, moving } state = State::free;
    std::uint64_t grant = 0;  // 0: the daemon does not know of it
    int mover = -1;
    unsigned person = 0;
    std::uint64_t token = 0;
    std::uint32_t section = 0;
    std::uint32_t key = 0;
    Place from = kNowhere;
    Place to = kNowhere;
    core::Time started;
    std::uint64_t epoch = 0;
    std::vector<std::uint32_t> rest;  // of a person's get
  };
  struct Mover {
    enum class State { away, idle, working, hanging } state = State::away;
    std::string name;
    std::uint64_t epoch = 0;
    bool connected = false;
    std::uint64_t token = 0;
    core::Action action = core::Action::stage;
    std::uint32_t section = 0;
    Place from = kNowhere;
    Place to = kNowhere;
    std::vector<std::uint32_t> move;
    std::vector<std::uint32_t> look;
    std::size_t next = 0;
    unsigned moving = 0;
    unsigned slots = 1;
    bool ending = false;
    std::vector<core::FailedKey> failed;
    std::vector<std::uint32_t> seen;  // verified
    std::vector<core::Effect> inbox;  // while it hangs
    std::uint32_t deaths = 0;
    core::Time born;
    bool was_working = false;
  };
  struct Asked {
    core::Submit submit;
    bool recorded = false;
  };

  // world.cpp: clock, daemon and messages
  void happen(const Happening& happening);
  void handle(const core::Input& input);
  [[nodiscard]] bool known_already(const core::Input& input) const;
  void after(core::Step step, const core::Input* input);
  void arrange_tick();
  void tick(std::uint64_t appointment);
  void commit();
  void perform(const Answer& answer);
  void look_what_is_recorded();
  void crash();
  void start_daemon();
  void same_from_less();
  void calm_down();
  [[nodiscard]] bool over() const;
  // An incident: whether it happens.
  bool incident();
  bool chance(Trouble trouble, unsigned of_thousand);
  void send(core::Input input);
  void send_answer(core::Effect effect);
  core::Duration travel();
  void tell(const std::string& line) const;

  // world_plan.cpp
  void plan(const core::PlanJob& wanted);
  core::Planned plan_of(const core::PlanJob& wanted);

  // world_movers.cpp
  void connect(std::uint32_t mover);
  void say_idle(std::uint32_t mover);
  void beat(std::uint32_t mover);
  template <class Order>
  void order(const Order& order, core::Time sent);
  void obey(std::uint32_t mover, const core::GiveLease& lease);
  void obey(std::uint32_t mover, const core::EndLease& end);
  void obey(std::uint32_t mover, const core::Fence& fence);
  void work(std::uint32_t mover);
  core::Duration drop_or_verify(Mover& mover, std::uint32_t key);
  [[nodiscard]] std::optional<Error> trouble_at_start(const core::GiveLease& lease, std::uint32_t mover);
  void give_back(std::uint32_t mover, std::optional<Error> error);
  void abandon(std::uint32_t mover, bool tell);
  [[nodiscard]] std::vector<core::SeenKey> look(const Mover& mover) const;
  void leave_lease(std::uint32_t mover);
  void die(std::uint32_t mover);
  void hang(std::uint32_t mover);
  void wake(std::uint32_t mover);

  // world_transfers.cpp
  std::uint32_t new_transfer(Transfer transfer);
  void free_transfer(std::uint32_t slot);
  [[nodiscard]] bool in_touch(const Transfer& transfer) const;
  void send_ask(std::uint32_t slot, bool moving);
  void ask(std::uint32_t slot);
  void ask_again(std::uint32_t slot);
  void granted(const core::Grant& grant);
  void refused(const core::RefuseGrant& refusal);
  void start(std::uint32_t slot);
  void transfer_beat(std::uint32_t slot);
  void transfer_until(std::uint32_t slot);
  void transfer_end(std::uint32_t slot);
  [[nodiscard]] core::Duration duration(const Transfer& transfer);
  [[nodiscard]] std::optional<Error> outcome(const Transfer& transfer);
  [[nodiscard]] std::optional<Error> no_room(const Transfer& transfer);
  void finished(std::uint32_t slot, std::optional<Error> error);
  void stop(std::uint32_t slot, bool tell);
  void disconnect_transfers();
  void freeze_transfers(std::uint32_t mover);
  void go_on_with_transfers(std::uint32_t mover);
  void tell_of_transfers(std::uint32_t mover);

  // world_people.cpp
  void person(unsigned who);
  void submit(unsigned who);
  [[nodiscard]] core::Action some_action();
  [[nodiscard]] core::WantedDataset wanted(core::Action action, std::uint32_t section);
  void submit_again(std::uint32_t slot);
  void get(unsigned who);
  void get_next(unsigned who, std::uint32_t section, std::vector<std::uint32_t> rest);
  void pin(unsigned who);
  void unpin();
  void cancel(unsigned who);
  void resume();
  void incident_strikes();
  void heal(std::uint32_t what);
  void look_at_tiers();
  void mend();

  Parameters parameters_;
  Tell tell_;
  Random random_;
  Random chance_;  // of incidents
  Queue queue_;
  Physical physical_;
  core::Settings settings_;
  LedgerModel ledger_;
  Audit audit_;

  std::unique_ptr<core::Core> core_;
  std::uint32_t life_ = 0;
  bool up_ = false;
  std::vector<core::Step> pending_;  // not committed yet
  bool commit_arranged_ = false;
  std::optional<core::Time> tick_at_;
  std::uint64_t appointment_ = 0;

  Slots<Message> messages_;
  Slots<Answer> answers_;
  std::vector<Transfer> transfers_;
  std::vector<std::uint32_t> free_transfers_;
  std::unordered_map<std::uint64_t, std::uint32_t> grant_slots_;
  std::uint64_t last_grant_ = 0;
  std::vector<Mover> movers_;
  std::vector<Asked> asked_;
  std::vector<std::uint32_t> unrecorded_;  // of asked_: who asks again
  std::uint32_t names_ = 0;

  std::uint64_t operations_ = 0;
  std::uint32_t incidents_ = 0;
  std::unordered_set<std::uint32_t> without_;
  bool calm_ = false;
  core::Time bound_;  // once calm: until when everything must have ended
};

}  // namespace microstage::sim
