#include "remote/git_config.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "lib/core/text.h"
#include "lib/fs/process.h"

namespace microstage::remote {

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// ORA sees what DataLad itself was told; git, and so this program, does not.
Status check_datalad_overrides() {
  constexpr const char* kVariable = "DATALAD_CONFIG_OVERRIDES_JSON";
  const char* value = std::getenv(kVariable);  // NOLINT: nobody changes the environment
  if (value == nullptr) return {};
  const std::string text = lower(value);
  for (const std::string_view part : {".ora-", ".insteadof"}) {
    if (text.find(part) == std::string::npos) continue;
    return fail(ErrorKind::invalid, std::string{kVariable} + " sets '" + std::string{part} +
                                        "…', which microstage does not read from there; set it by git "
                                        "config, or in the environment by GIT_CONFIG_COUNT");
  }
  return {};
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string value = lower(text);
  if (value == "true" || value == "yes" || value == "on" || value == "1") return true;
  if (value.empty() || value == "false" || value == "no" || value == "off" || value == "0") return false;
  return std::nullopt;
}

Result<GitConfig> load_git_config() {
  if (auto seen = check_datalad_overrides(); !seen) return fail(seen.error());
  auto listing = fs::run_process({"git", "config", "--null", "--list"});
  if (!listing) return failure_of(listing);
  if (listing->exit_status != 0)
    return fail(ErrorKind::invalid, "git config --list failed: " + one_line(listing->errors));
  return GitConfig::parse(listing->output);
}

namespace {

constexpr std::string_view kAllow = "security-allow-unverified-downloads";

bool allows_unverified(const GitConfig& config, const std::string& prefix) {
  const auto values = config.values(prefix + std::string{kAllow});
  return std::find(values.begin(), values.end(), "ACKTHPPT") != values.end();
}

// Anything but a clear yes counts as no: then we do the verifying.
bool is_clearly_on(const std::optional<std::string>& value) {
  if (!value) return true;  // git-annex verifies by default
  return parse_boolean(*value).value_or(false);
}

}  // namespace

bool git_annex_verifies(const GitConfig& config, const std::optional<std::string>& remote_name) {
  const std::vector<std::string> names = remote_name ? std::vector{*remote_name} : config.remotes();
  bool allowed = allows_unverified(config, "annex.");
  bool on = is_clearly_on(config.value("annex.verify"));
  for (const std::string& name : names) {
    const std::string prefix = "remote." + name + ".annex-";
    allowed = allowed || allows_unverified(config, prefix);
    on = on && is_clearly_on(config.value(prefix + "verify"));
  }
  return !allowed || on;
}

}  // namespace microstage::remote
