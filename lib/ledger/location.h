#pragma once
// Where the ledger is unless somebody says otherwise. Thread-safe unless the environment is being changed.

#include <string>

namespace microstage::ledger {

inline constexpr const char* kSystemLedger = "/var/lib/microstage/ledger.db";

// MICROSTAGE_LEDGER where it is set; a person's own, $XDG_STATE_HOME/microstage/ledger.db (~/.local/state),
// where it exists; else the service's.
[[nodiscard]] std::string default_path();

}  // namespace microstage::ledger
