#pragma once
// URLs of RIA stores, as DataLad's ORA remote writes them: ria+file:///data/store, ria+http://host/path, …
// Pure. Source: DataLad's documentation of RIA stores.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace microstage::store {

struct RiaUrl {
  enum class Scheme { file, ssh, http, https };

  Scheme scheme = Scheme::file;
  std::string host;  // empty for file
  // Absolute, without a trailing slash. Of a file URL the path itself (%20 is a blank), else as written.
  std::string path;
  // http(s) only, "user" or "user:password" as written: a secret that text() leaves out.
  std::string user_info{};

  // Accepts a trailing slash; refuses a fragment (#id), for a store is meant, not a dataset.
  [[nodiscard]] static Result<RiaUrl> parse(std::string_view text);
  [[nodiscard]] static RiaUrl of_path(std::string path) { return {Scheme::file, {}, std::move(path)}; }
  // parse() of it gives the same URL again, here and in DataLad.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_local() const { return scheme == Scheme::file; }
  [[nodiscard]] bool is_http() const { return scheme == Scheme::http || scheme == Scheme::https; }
};

// git's url.<base>.insteadOf: {base, prefix} pairs; the longest prefix that matches is replaced by its base.
[[nodiscard]] std::string rewrite_url(std::string_view url,
                                      const std::vector<std::pair<std::string, std::string>>& instead_of);

// The local path of a git remote's URL: a plain path, file://… or ria+file://…#id, the latter two unquoted.
// Nothing for anything else.
[[nodiscard]] std::string local_path_of(std::string_view url);

}  // namespace microstage::store
