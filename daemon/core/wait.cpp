#include "daemon/core/wait.h"

#include <array>

namespace microstage::core {

std::string_view name(Constraint constraint) {
  constexpr std::array<std::string_view, 17> kNames{
      "none",     "plan",   "no-mover",  "movers-busy", "fair-share",   "dataset-busy",
      "pinned",   "wanted", "bytes",     "inodes",      "tier-unknown", "tier-resting",
      "back-off", "parked", "transfers", "bandwidth",   "same-key"};
  return kNames[static_cast<std::size_t>(constraint)];
}

}  // namespace microstage::core
