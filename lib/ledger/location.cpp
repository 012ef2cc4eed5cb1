#include "lib/ledger/location.h"

#include <unistd.h>

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

std::string own_path() {
  const std::string state = state_directory();
  return state.starts_with('/') ? state + "/microstage/ledger.db" : std::string{};
}

std::string default_path() {
  const char* chosen = std::getenv("MICROSTAGE_LEDGER");  // NOLINT: likewise
  if (chosen != nullptr && *chosen != '\0') return chosen;
  const std::string own = own_path();
  std::error_code unreadable;
  return !own.empty() && std::filesystem::exists(own, unreadable) ? own : kSystemLedger;
}

std::string default_path_to_write() {
  std::string path = default_path();
  const std::string directory = path.substr(0, path.rfind('/'));
  if (path != kSystemLedger || ::access(directory.c_str(), W_OK) == 0) return path;
  std::string own = own_path();
  return own.empty() ? path : own;
}

}  // namespace microstage::ledger
