#pragma once
// The ledger of a simulated world: what was committed, and what of it is open by the ledger's own rule.
//
// Threads: one at a time.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lib/ledger/event.h"

namespace microstage::sim {

class LedgerModel {
 public:
  // With `keep`, closed things are kept, too: for a restart that is told everything.
  explicit LedgerModel(bool keep) : keep_(keep) {}

  void append(const ledger::Event& event);

  // In the order of the ledger: the events of what is open; all, where they were kept and are wanted.
  void each_open(const std::function<void(const ledger::Event&)>& tell) const;
  void each(const std::function<void(const ledger::Event&)>& tell) const;

  [[nodiscard]] bool knows_request(const std::string& request) const {
    return open_.contains("1" + request) || closed_.contains("1" + request) || refused_.contains(request);
  }
  // Everything that has ended, by kind and name.
  [[nodiscard]] const std::unordered_set<std::string>& closed() const { return closed_; }
  [[nodiscard]] std::uint64_t greatest_token() const { return greatest_token_; }
  [[nodiscard]] std::uint64_t size() const { return seq_; }

 private:
  bool keep_;
  std::uint64_t seq_ = 0;
  std::uint64_t greatest_token_ = 0;
  std::map<std::uint64_t, ledger::Event> events_;
  std::unordered_map<std::string, std::vector<std::uint64_t>> open_;
  std::unordered_set<std::string> closed_;
  std::unordered_set<std::string> refused_;
};

// What the event opens, changes or closes: its kind as a digit, then its name. Empty for other events.
[[nodiscard]] std::string thing_of(const ledger::Event& event);

}  // namespace microstage::sim
