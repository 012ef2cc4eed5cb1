#include "daemon/core/fair_share.h"

#include <algorithm>

namespace microstage::core {

void FairShare::set_weight(const std::string& member, unsigned weight) {
  members_[member].weight = std::max(1U, weight);
}

void FairShare::join(const std::string& member) {
  Member& it = members_[member];
  if (!it.waiting) it.tag = std::max(it.tag, now_);
  it.waiting = true;
}

void FairShare::leave(const std::string& member) {
  members_[member].waiting = false;
}

double FairShare::tag(std::string_view member) const {
  const auto it = members_.find(member);
  return it == members_.end() ? now_ : it->second.tag;
}

void FairShare::serve(const std::string& member, double bytes) {
  Member& it = members_[member];
  now_ = std::max(now_, it.tag);
  it.tag += bytes / it.weight;
}

void FairShare::correct(const std::string& member, double bytes) {
  Member& it = members_[member];
  it.tag += bytes / it.weight;
}

void FairShare::skip(const std::string& member) {
  Member& it = members_[member];
  it.tag = std::max(it.tag, now_);
}

}  // namespace microstage::core
