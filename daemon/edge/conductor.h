#pragma once
// Core and ledger together: whatever the core decides is recorded first and done after. While one batch of
// events is being made durable the next one gathers, so many steps share a commit; effects are performed in
// the order in which they were decided, each after the events of its step and of all steps before it.
//
// When the ledger is full nothing is lost: the batch is kept and tried again, effects wait, and the caller
// takes no new requests meanwhile. When it is not known what is durable, the daemon must end: its successor
// reads what is.
//
// Threads: one, the caller's; `commit` may hand the events to another and have committed() called on this
// one.

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "daemon/core/core.h"
#include "lib/core/result.h"

namespace microstage::edge {

class Conductor {
 public:
  struct Hands {
    // Makes the events durable, all or none, in this order; then committed() is told. Called again only after
    // that.
    std::function<void(std::vector<ledger::Event>)> commit;
    std::function<void(const core::Effect&)> perform;
    // The ledger took nothing for want of space (an error), or takes events again (nothing).
    std::function<void(const std::optional<Error>&)> full;
    // Nothing can be recorded any more.
    std::function<void(const Error&)> fatal;
  };

  Conductor(core::Core core, Hands hands);

  // What a restart found to be done: to be called once, before anything else.
  void begin(core::Step recovered);
  void handle(const core::Input& input, core::Time now);
  void tick(core::Time now);
  // Events that are nobody's decision: the daemon's own start and stop, imports.
  void record(std::vector<ledger::Event> events);

  void committed(const Status& result, core::Time now);

  // When tick() is due, for the core or for another try of a commit.
  [[nodiscard]] std::optional<core::Time> next_deadline() const;
  // The ledger is full: requests are to be refused.
  [[nodiscard]] bool is_full() const { return retry_.has_value(); }
  // Everything decided is recorded and done.
  [[nodiscard]] bool is_quiet() const {
    return !committing_ && gathering_.events.empty() && gathering_.effects.empty();
  }

  [[nodiscard]] const core::Core& core() const { return core_; }

  static constexpr core::Duration kRetry = std::chrono::seconds(5);

 private:
  void add(core::Step step);
  void send();
  void perform(std::vector<core::Effect> effects);

  core::Core core_;
  Hands hands_;
  core::Step gathering_;
  core::Step sent_;  // its events are being made durable, or could not be
  std::deque<core::Effect> outbox_;
  bool performing_ = false;
  bool committing_ = false;
  bool dead_ = false;
  std::optional<core::Time> retry_;
};

}  // namespace microstage::edge
