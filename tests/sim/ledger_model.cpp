#include "tests/sim/ledger_model.h"

#include <algorithm>

#include "lib/ledger/catalogue.h"
#include "lib/ledger/projections.h"

namespace microstage::sim {

std::string thing_of(const ledger::Event& event) {
  const ledger::TypeSpec* type = ledger::find_type(event.type);
  if (type == nullptr || type->open == ledger::OpenEffect::none) return {};
  return static_cast<char>('0' + static_cast<int>(type->kind)) + ledger::open_name(type->kind, event);
}

void LedgerModel::append(const ledger::Event& event) {
  ++seq_;
  greatest_token_ = std::max(greatest_token_, event.token.value_or(0));
  if (event.type == ledger::EventType::request_refused) refused_.insert(event.request);
  std::string thing = thing_of(event);
  const bool counts = !thing.empty();
  const bool closes = counts && ledger::find_type(event.type)->open == ledger::OpenEffect::closes;
  if (keep_ || (counts && !closes)) events_.emplace(seq_, event);
  if (!counts) return;
  if (!closes) {
    open_[std::move(thing)].push_back(seq_);
    return;
  }
  if (const auto found = open_.find(thing); found != open_.end()) {
    if (!keep_) {
      for (const std::uint64_t seq : found->second)
        events_.erase(seq);
    }
    open_.erase(found);
  }
  closed_.insert(std::move(thing));
}

void LedgerModel::each_open(const std::function<void(const ledger::Event&)>& tell) const {
  std::vector<std::uint64_t> seqs;
  for (const auto& [thing, its] : open_)
    seqs.insert(seqs.end(), its.begin(), its.end());
  std::sort(seqs.begin(), seqs.end());
  for (const std::uint64_t seq : seqs)
    tell(events_.at(seq));
}

void LedgerModel::each(const std::function<void(const ledger::Event&)>& tell) const {
  if (!keep_) return each_open(tell);
  for (const auto& [seq, event] : events_)
    tell(event);
}

}  // namespace microstage::sim
