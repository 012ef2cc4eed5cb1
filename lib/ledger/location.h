#pragma once
// Where the ledger is unless somebody says otherwise. Thread-safe unless the environment is being changed.

#include <string>

namespace microstage::ledger {

inline constexpr const char* kSystemLedger = "/var/lib/microstage/ledger.db";

// A person's own, $XDG_STATE_HOME/microstage/ledger.db (~/.local/state), whether it is there or not; empty
// for who has no home.
[[nodiscard]] std::string own_path();

// MICROSTAGE_LEDGER where it is set; a person's own where it exists; else the service's.
[[nodiscard]] std::string default_path();

// The same for who may have to make it: a person's own also where neither exists and the service's place is
// not to be written by this user.
[[nodiscard]] std::string default_path_to_write();

}  // namespace microstage::ledger
