#pragma once
// Where reports are spooled: in the site's directory where one is configured, else in the user's own. Pure.

#include <optional>
#include <string>

#include "lib/core/result.h"

namespace microstage::control {

// What was said about it; empty: nothing. A value is "no", "yes" (in the user's own directory), or the path
// of the site's.
struct SpoolSettings {
  std::string environment;  // MICROSTAGE_SPOOL
  std::string remote;       // remote.NAME.microstage-spool
  std::string parameter;    // spool= of the special remote, which every clone has: only yes or no
  std::string all_remotes;  // microstage.spool
  std::string state_home;   // XDG_STATE_HOME
  std::string home;         // HOME
};

// Those of the process's environment.
[[nodiscard]] SpoolSettings spool_settings_of_environment();

struct SpoolPlace {
  bool off = false;
  std::string site;  // must exist; empty: none is configured
  std::string own;   // made when it is missing; empty: the user has no home
};

// The first that says something counts: environment, remote, parameter (only when it is no), all_remotes.
// Errors: invalid, with the name of the setting that is no absolute path.
[[nodiscard]] Result<SpoolPlace> spool_place(const SpoolSettings& settings);

// As git says it.
[[nodiscard]] bool says_yes(std::string_view value);
[[nodiscard]] bool says_no(std::string_view value);

}  // namespace microstage::control
