#include "remote/git_config.h"

#include "lib/core/text.h"
#include "lib/fs/process.h"

namespace microstage::remote {

Result<GitConfig> load_git_config() {
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
  std::string text = *value;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "true" || text == "yes" || text == "on" || text == "1";
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
