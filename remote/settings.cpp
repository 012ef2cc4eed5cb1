#include "remote/settings.h"

#include "lib/core/text.h"
#include "lib/store/export_name.h"

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

// The names that ORA's first releases gave its settings, by the special remote's own name.
std::optional<std::string> early_override(const CommittedSettings& settings, const GitConfig& config,
                                          const std::string& variable) {
  return config.value("annex.ora-remote." + settings.name + "." + variable);
}

// Of datasets that were made when a store was a path and a host.
std::string early_url(const CommittedSettings& settings, const GitConfig& config) {
  const std::string host = early_override(settings, config, "ssh-host").value_or(settings.ssh_host);
  const std::string path = early_override(settings, config, "base-path").value_or(settings.base_path);
  if (path.empty()) return {};
  return host.empty() || host == "0" ? store::RiaUrl::of_path(path).text() : "ria+ssh://" + host + path;
}

Result<bool> switched_on(const CommittedSettings& settings, const GitConfig& config,
                         const std::string& variable) {
  auto value = local_override(settings, config, "ora-" + variable);
  // ORA's first releases said "remote" for what is now "ria".
  if (!value)
    value = early_override(settings, config, variable == "force-write" ? variable : "ignore-remote-config");
  if (!value) return false;
  if (const auto on = parse_boolean(*value)) return *on;
  return fail(ErrorKind::invalid, "remote." + name_of(settings) + ".ora-" + variable + " is '" +
                                      one_line(*value) + "', which is neither true nor false");
}

}  // namespace

std::string name_of(const CommittedSettings& settings) {
  std::string name = settings.git_remote.value_or(settings.name);
  return name.empty() ? "NAME" : name;
}

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
  settings.limit = ask_or_empty(conversation, "GETCONFIG limit");
  settings.verify = ask_or_empty(conversation, "GETCONFIG verify");
  settings.spool = ask_or_empty(conversation, "GETCONFIG spool");
  if (settings.url.empty()) {
    settings.base_path = ask_or_empty(conversation, "GETCONFIG base-path");
    settings.ssh_host = ask_or_empty(conversation, "GETCONFIG ssh-host");
  }
  if (keeps_tree(settings)) settings.export_tree = is_yes(ask_or_empty(conversation, "GETCONFIG exporttree"));
  if (settings.name.empty()) settings.name = ask_or_empty(conversation, "GETCONFIG sameas-name");
  settings.uuid = ask_or_empty(conversation, "GETUUID");
  settings.git_dir = ask_or_empty(conversation, "GETGITDIR");
  if (conversation.has(Extension::get_git_remote_name))
    if (auto name = conversation.ask("GETGITREMOTENAME"); name && !name->empty()) settings.git_remote = *name;
  return settings;
}

bool keeps_tree(const CommittedSettings& settings) {
  return store::is_tree_url(settings.url);
}

bool is_yes(std::string_view value) {
  return value == "yes" || value == "true";
}

Result<store::RiaUrl> effective_url(const CommittedSettings& settings, const GitConfig& config) {
  std::string url = local_override(settings, config, "ora-url").value_or(settings.url);
  if (url.empty()) url = early_url(settings, config);
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
  auto parsed = store::RiaUrl::parse(store::rewrite_url(url, config.instead_of()));
  if (!parsed || !parsed->is_http()) return parsed;
  return fail(ErrorKind::unsupported, "push-url=" + parsed->text() +
                                          ": nothing can be stored over HTTP; give the store's path, as "
                                          "ria+file:///data/store");
}

Result<StorePolicy> store_policy(const CommittedSettings& settings, const GitConfig& config) {
  const auto force = switched_on(settings, config, "force-write");
  if (!force) return fail(force.error());
  const auto ignore = switched_on(settings, config, "ignore-ria-config");
  if (!ignore) return fail(ignore.error());
  return StorePolicy{*force ? store::UnknownLayout::assume : store::UnknownLayout::refuse, *ignore};
}

Error out_of_reach(const store::RiaUrl& url, const CommittedSettings& settings) {
  if (url.is_http()) {
    return {ErrorKind::unsupported,
            url.text() +
                " is for reading only: to store and remove, set push-url (in this clone "
                "remote." +
                name_of(settings) + ".ora-push-url) to where the store is mounted, ria+file:///…"};
  }
  return {ErrorKind::unsupported,
          url.text() +
              " is reached by ssh, which microstage does not speak; mount the store here "
              "and run 'git config remote." +
              name_of(settings) +
              ".ora-url ria+file:///ITS/PATH', or leave this remote to DataLad's own "
              "git-annex-remote-ora"};
}

Result<std::optional<std::uint64_t>> rate_limit(const CommittedSettings& settings, const GitConfig& config) {
  const auto local = local_override(settings, config, "microstage-limit");
  const std::string& text = local ? *local : settings.limit;
  if (text.empty()) return std::nullopt;
  const auto rate = parse_size(text);
  if (rate && *rate > 0) return rate;
  return fail(ErrorKind::invalid,
              (local ? "remote." + name_of(settings) + ".microstage-limit is '" : "limit= is '") +
                  one_line(text) + "', but must be bytes a second, for example 200MB");
}

Result<bool> reads_back(const CommittedSettings& settings, const GitConfig& config) {
  const auto local = local_override(settings, config, "microstage-verify");
  const std::string& text = local ? *local : settings.verify;
  if (text.empty() || text == "copy") return false;
  if (text == "readback") return true;
  return fail(ErrorKind::invalid,
              (local ? "remote." + name_of(settings) + ".microstage-verify is '" : "verify= is '") +
                  one_line(text) +
                  "'; it can be copy (hash while copying) or readback (and "
                  "read what was written from the medium)");
}

control::SpoolSettings spool_settings(const CommittedSettings& settings, const GitConfig& config) {
  control::SpoolSettings spool = control::spool_settings_of_environment();
  spool.remote = local_override(settings, config, "microstage-spool").value_or("");
  spool.parameter = settings.spool;
  spool.all_remotes = config.value("microstage.spool").value_or("");
  return spool;
}

Status check_spool_parameter(const CommittedSettings& settings) {
  if (settings.spool.empty() || control::says_yes(settings.spool) || control::says_no(settings.spool))
    return {};
  return fail(ErrorKind::invalid, "spool=" + one_line(settings.spool) +
                                      ": only yes or no, for all clones have this parameter; a directory is "
                                      "this machine's matter (git config "
                                      "microstage.spool)");
}

Result<std::string> effective_tree(const CommittedSettings& settings, const GitConfig& config) {
  const std::string url = local_override(settings, config, "ora-url").value_or(settings.url);
  return store::tree_path_of(store::rewrite_url(url, config.instead_of()));
}

}  // namespace microstage::remote
