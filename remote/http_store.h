#pragma once
// A store behind a web server, as git's configuration of this clone lets it be reached: certificates and
// patience by git's own http.* settings, proxies by the environment, users by the URL, ~/.netrc or git's
// credential helpers.
//
// Threads: any. What was learned of a server (connections, that it is down) is kept between openings.

#include <memory>
#include <mutex>

#include "lib/core/ids.h"
#include "lib/store/http/dataset.h"
#include "lib/store/ria_url.h"
#include "remote/git_config.h"

namespace microstage::remote {

class HttpStore {
 public:
  // Errors: unsupported when the HTTP module cannot be loaded, and those of HttpDataset::open.
  [[nodiscard]] Result<std::shared_ptr<store::http::HttpDataset>> open(const store::RiaUrl& url,
                                                                       const DatasetId& id,
                                                                       const GitConfig& config);

 private:
  std::mutex mutex_;  // guards what follows
  std::string url_;   // that the client was made for
  std::shared_ptr<store::http::Client> client_;
};

// http(s)://host/path of a ria+http(s) URL, without user and password.
[[nodiscard]] std::string http_url_of(const store::RiaUrl& url);

// Certificate authorities and time limits for `url`: http.sslCAInfo, http.sslCAPath (in the environment
// GIT_SSL_CAINFO, GIT_SSL_CAPATH, which win) and http.lowSpeedTime, also those of http.<url>.*. Pure but for
// the environment.
[[nodiscard]] store::http::TransportOptions transport_options(const GitConfig& config,
                                                              const std::string& url);

// "user:password" as it stands in a URL; nothing when it is empty.
[[nodiscard]] std::optional<store::http::Credentials> credentials_of(const std::string& user_info);

}  // namespace microstage::remote
