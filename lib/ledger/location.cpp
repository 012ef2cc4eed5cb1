#include "lib/ledger/location.h"

#include <cstdlib>
#include <filesystem>

namespace microstage::ledger {

namespace {

std::string state_directory() {
  const char* state = std::getenv("XDG_STATE_HOME");  // NOLINT: nobody changes the environment
  if (state != nullptr && *state == '/') return state;
  const char* home = std::getenv("HOME");  // NOLINT: likewise
  return home == nullptr ? std::string{} : std::string{home} + "/.local/state";
}

}  // namespace

std::string default_path() {
  const char* chosen = std::getenv("MICROSTAGE_LEDGER");  // NOLINT: likewise
  if (chosen != nullptr && *chosen != '\0') return chosen;
  const std::string own = state_directory() + "/microstage/ledger.db";
  std::error_code unreadable;
  return own.front() == '/' && std::filesystem::exists(own, unreadable) ? own : kSystemLedger;
}

}  // namespace microstage::ledger
