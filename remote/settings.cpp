#include "remote/settings.h"

#include "lib/core/text.h"

namespace microstage::remote {

namespace {

Result<std::string> get_config(Conversation& conversation, const std::string& name) {
  return conversation.ask("GETCONFIG " + name);
}

// A query that git-annex may refuse at this moment; then the answer is empty.
std::string ask_or_empty(Conversation& conversation, const std::string& query) {
  return conversation.ask(query).value_or(std::string{});
}

// The remotes in git's configuration that mean this store: our own, then those that share its uuid.
std::vector<std::string> own_remotes(const CommittedSettings& settings, const GitConfig& config) {
  std::vector<std::string> names;
  const std::string own = settings.git_remote.value_or(settings.name);
  if (!own.empty()) names.push_back(own);
  for (const std::string& name : config.remotes()) {
    if (name != own && !settings.uuid.empty() &&
        config.value("remote." + name + ".annex-uuid") == settings.uuid)
      names.push_back(name);
  }
  return names;
}

std::optional<std::string> local_override(const CommittedSettings& settings, const GitConfig& config,
                                          const std::string& variable) {
  for (const std::string& name : own_remotes(settings, config))
    if (auto value = config.value("remote." + name + "." + variable); value && !value->empty()) return value;
  return std::nullopt;
}

}  // namespace

Result<CommittedSettings> ask_for_settings(Conversation& conversation) {
  CommittedSettings settings;
  struct Wanted {
    const char* name;
    std::string CommittedSettings::*field;
  };
  for (const auto& [name, field] :
       {Wanted{"url", &CommittedSettings::url}, Wanted{"push-url", &CommittedSettings::push_url},
        Wanted{"archive-id", &CommittedSettings::archive_id}, Wanted{"name", &CommittedSettings::name}}) {
    auto value = get_config(conversation, name);
    if (!value) return failure_of(value);
    settings.*field = std::move(*value);
  }
  if (settings.name.empty()) settings.name = ask_or_empty(conversation, "GETCONFIG sameas-name");
  settings.uuid = ask_or_empty(conversation, "GETUUID");
  settings.git_dir = ask_or_empty(conversation, "GETGITDIR");
  if (conversation.has(Extension::get_git_remote_name))
    if (auto name = conversation.ask("GETGITREMOTENAME"); name && !name->empty()) settings.git_remote = *name;
  return settings;
}

Result<store::RiaUrl> effective_url(const CommittedSettings& settings, const GitConfig& config) {
  const std::string url = local_override(settings, config, "ora-url").value_or(settings.url);
  if (url.empty()) {
    return fail(
        ErrorKind::invalid,
        "the remote has no url= parameter; give the store's root, for example url=ria+file:///data/store");
  }
  return store::RiaUrl::parse(store::rewrite_url(url, config.instead_of()));
}

Result<store::RiaUrl> effective_push_url(const CommittedSettings& settings, const GitConfig& config) {
  const std::string url = local_override(settings, config, "ora-push-url").value_or(settings.push_url);
  if (url.empty()) return effective_url(settings, config);
  return store::RiaUrl::parse(store::rewrite_url(url, config.instead_of()));
}

Result<std::optional<std::uint64_t>> rate_limit(const CommittedSettings& settings, const GitConfig& config) {
  const auto text = local_override(settings, config, "microstage-limit");
  if (!text) return std::nullopt;
  const auto rate = parse_size(*text);
  if (rate && *rate > 0) return rate;
  return fail(ErrorKind::invalid, "microstage-limit is '" + *text +
                                      "', but must be bytes a second, for example 200MB (see git config)");
}

}  // namespace microstage::remote
