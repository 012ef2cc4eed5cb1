#include "lib/control/spool_place.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "lib/core/text.h"

namespace microstage::control {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: nobody changes the environment
  return value != nullptr ? value : "";
}

// XDG's specification: a relative path is as good as none.
std::string own_directory(const SpoolSettings& settings) {
  if (settings.state_home.starts_with('/')) return settings.state_home + "/microstage/spool";
  if (settings.home.starts_with('/')) return settings.home + "/.local/state/microstage/spool";
  return {};
}

}  // namespace

bool says_yes(std::string_view value) {
  return value == "yes" || value == "true" || value == "on" || value == "1";
}

bool says_no(std::string_view value) {
  return value == "no" || value == "false" || value == "off" || value == "0";
}

SpoolSettings spool_settings_of_environment() {
  SpoolSettings settings;
  settings.environment = variable("MICROSTAGE_SPOOL");
  settings.state_home = variable("XDG_STATE_HOME");
  settings.home = variable("HOME");
  return settings;
}

Result<SpoolPlace> spool_place(const SpoolSettings& settings) {
  SpoolPlace place;
  place.own = own_directory(settings);
  const std::string parameter = says_no(settings.parameter) ? settings.parameter : "";
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>{"MICROSTAGE_SPOOL", settings.environment},
        {"remote.NAME.microstage-spool", settings.remote},
        {"spool", parameter},
        {"microstage.spool", settings.all_remotes}}) {
    if (value.empty()) continue;
    place.off = says_no(value);
    if (place.off || says_yes(value)) return place;
    if (!value.starts_with('/')) {
      return fail(ErrorKind::invalid, std::string{name} + " is '" + one_line(value) +
                                          "', but must be yes, no, or the absolute path of a directory");
    }
    place.site = value;
    return place;
  }
  return place;
}

}  // namespace microstage::control
