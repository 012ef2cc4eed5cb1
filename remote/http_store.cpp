#include "remote/http_store.h"

#include <algorithm>
#include <cstdlib>

#include "lib/core/text.h"
#include "lib/store/http/module.h"
#include "lib/store/http/url.h"

namespace microstage::remote {

namespace {

// Does `base` (as in http.<base>.sslCAInfo) mean this URL? A host or directory never by half its name.
bool is_meant(std::string_view base, std::string_view url) {
  while (base.ends_with('/'))
    base.remove_suffix(1);
  if (base.empty() || !url.starts_with(base)) return false;
  return url.size() == base.size() || url[base.size()] == '/';
}

// git's http.* settings: the one for the longest URL that fits, else the general one.
std::optional<std::string> http_setting(const GitConfig& config, const std::string& url,
                                        const std::string& variable) {
  std::string best;
  for (const std::string& base : config.subsections("http")) {
    if (is_meant(base, url) && base.size() > best.size() && config.value("http." + base + "." + variable))
      best = base;
  }
  return config.value(best.empty() ? "http." + variable : "http." + best + "." + variable);
}

std::string from_environment_or(const char* name, const std::optional<std::string>& setting) {
  const char* const value = std::getenv(name);  // NOLINT: nobody changes the environment
  return value != nullptr && *value != '\0' ? std::string{value} : setting.value_or(std::string{});
}

// git expands the tilde of a path-like setting itself only when asked for one.
std::string expanded(const std::string& path) {
  const char* const home = std::getenv("HOME");  // NOLINT: nobody changes the environment
  return home != nullptr && path.starts_with("~/") ? home + path.substr(1) : path;
}

}  // namespace

std::string http_url_of(const store::RiaUrl& url) {
  const bool secure = url.scheme == store::RiaUrl::Scheme::https;
  return (secure ? "https://" : "http://") + url.host + store::http::complete_encoding(url.path);
}

std::optional<store::http::Credentials> credentials_of(const std::string& user_info) {
  if (user_info.empty()) return std::nullopt;
  const std::size_t colon = user_info.find(':');
  store::http::Credentials found{store::http::decode(user_info.substr(0, colon)), {}};
  if (colon != std::string::npos) found.password = store::http::decode(user_info.substr(colon + 1));
  return found;
}

store::http::TransportOptions transport_options(const GitConfig& config, const std::string& url) {
  store::http::TransportOptions options;
  options.ca_file = expanded(from_environment_or("GIT_SSL_CAINFO", http_setting(config, url, "sslcainfo")));
  options.ca_path = expanded(from_environment_or("GIT_SSL_CAPATH", http_setting(config, url, "sslcapath")));
  std::uint64_t seconds = 0;
  constexpr std::uint64_t kHour = 3600;
  if (parse_decimal(http_setting(config, url, "lowspeedtime").value_or(""), seconds) && seconds > 0)
    options.stall_limit = std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, kHour)));
  return options;
}

Result<std::shared_ptr<store::http::HttpDataset>> HttpStore::open(const store::RiaUrl& url,
                                                                  const DatasetId& id,
                                                                  const GitConfig& config) {
  const std::string base = http_url_of(url);
  std::shared_ptr<store::http::Client> client;
  {
    const std::lock_guard lock(mutex_);
    if (!client_ || url_ != base) {
      const auto transport = store::http::load_transport(transport_options(config, base));
      if (!transport) return fail(transport.error());
      client_ = std::make_shared<store::http::Client>(
          *transport, std::make_shared<store::http::GitCredentials>(), credentials_of(url.user_info));
      url_ = base;
    }
    client = client_;
  }
  return store::http::HttpDataset::open(std::move(client), base, id);
}

}  // namespace microstage::remote
