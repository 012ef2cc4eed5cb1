#pragma once
// What happens in a simulated world, in words.
//
// Threads: any.

#include <string>

#include "daemon/core/step.h"

namespace microstage::sim {

[[nodiscard]] std::string describe(const core::Input& input);
[[nodiscard]] std::string describe(const core::Effect& effect);
// Every field that is there.
[[nodiscard]] std::string describe(const ledger::Event& event);
[[nodiscard]] std::string clock_text(core::Time time);

}  // namespace microstage::sim
