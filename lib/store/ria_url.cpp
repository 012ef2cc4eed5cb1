#include "lib/store/ria_url.h"

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr std::pair<std::string_view, RiaUrl::Scheme> kSchemes[] = {
    {"ria+file://", RiaUrl::Scheme::file},
    {"ria+ssh://", RiaUrl::Scheme::ssh},
    {"ria+http://", RiaUrl::Scheme::http},
    {"ria+https://", RiaUrl::Scheme::https},
};

// Without what stands before an @ in the place of a host: it may be a password.
std::string without_user(std::string_view text) {
  const std::size_t start = text.find("://");
  if (start == std::string_view::npos) return std::string{text};
  const std::string_view authority = text.substr(start + 3, text.find('/', start + 3) - start - 3);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string{text};
  return std::string{text.substr(0, start + 3)} + std::string{text.substr(start + 3 + at + 1)};
}

Result<RiaUrl> bad_url(std::string_view text, std::string_view why) {
  return fail(ErrorKind::invalid, "url=" + one_line(without_user(text)) + " " + std::string{why} +
                                      "; give the store's root, for example ria+file:///data/store");
}

int hex_value(char c) {
  constexpr int kTen = 10;
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + kTen;
  if (c >= 'A' && c <= 'F') return c - 'A' + kTen;
  return -1;
}

// As git and DataLad do: what is no escape stays as it is. %00 does too, for no path can have it.
std::string unquoted(std::string_view text) {
  constexpr int kSixteen = 16;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_value(text[i + 1]) : -1;
    const int low = escape ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * kSixteen + low);
    i += 2;
  }
  return out;
}

// Only what would be taken for something else: recorded URLs stay readable.
std::string quoted(std::string_view path) {
  std::string out;
  for (const char c : path) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '#':
        out += "%23";
        break;
      case '?':
        out += "%3F";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Result<RiaUrl> RiaUrl::parse(std::string_view text) {
  std::string_view rest = text;
  for (const auto& [prefix, scheme] : kSchemes) {
    if (!consume_prefix(rest, prefix)) continue;
    if (rest.find('#') != std::string_view::npos) return bad_url(text, "names a dataset (#), not a store");
    const std::size_t slash = rest.find('/');
    RiaUrl url{scheme, std::string{rest.substr(0, slash)}, {}, {}};
    if (slash != std::string_view::npos) url.path = rest.substr(slash);
    while (url.path.size() > 1 && url.path.back() == '/')
      url.path.pop_back();
    if (scheme == Scheme::file && !url.host.empty() && url.host != "localhost")
      return bad_url(text, "has a host, but ria+file needs an absolute path after //");
    if (scheme == Scheme::file && url.path.empty()) return bad_url(text, "has no path");
    if (scheme == Scheme::file) {
      if (url.path.find('?') != std::string::npos)
        return bad_url(text, "has a '?'; write %3F where the path has it");
      url.host.clear();
      url.path = unquoted(url.path);
    }
    if (const std::size_t at = url.host.rfind('@'); url.is_http() && at != std::string::npos) {
      url.user_info = url.host.substr(0, at);
      url.host.erase(0, at + 1);
    }
    if (scheme != Scheme::file && url.host.empty()) return bad_url(text, "has no host");
    if (url.is_http() && text.find_first_of("?\\") != std::string_view::npos)
      return bad_url(text, "has a query (?) or a backslash");
    return url;
  }
  return bad_url(text, "is no RIA store URL");
}

std::string RiaUrl::text() const {
  for (const auto& [prefix, known] : kSchemes)
    if (known == scheme) return std::string{prefix} + host + (is_local() ? quoted(path) : path);
  return path;
}

std::string rewrite_url(std::string_view url,
                        const std::vector<std::pair<std::string, std::string>>& instead_of) {
  const std::pair<std::string, std::string>* best = nullptr;
  for (const auto& rule : instead_of) {
    const bool longer = best == nullptr || rule.second.size() > best->second.size();
    if (!rule.second.empty() && url.starts_with(rule.second) && longer) best = &rule;
  }
  if (best == nullptr) return std::string{url};
  return best->first + std::string{url.substr(best->second.size())};
}

std::string local_path_of(std::string_view url) {
  if (consume_prefix(url, "ria+file://")) {
    const std::size_t hash = url.find('#');
    std::string path = unquoted(url.substr(0, hash));
    if (hash == std::string_view::npos) return path;
    std::string_view id = url.substr(hash + 1);
    id = id.substr(0, id.find('@'));
    if (consume_prefix(id, "~")) return path + "/alias/" + std::string{id};
    return id.size() > 3 ? path + "/" + std::string{id.substr(0, 3)} + "/" + std::string{id.substr(3)} : path;
  }
  if (consume_prefix(url, "file://")) return unquoted(url);
  const bool other_scheme =
      url.find("://") != std::string_view::npos || url.find("::") != std::string_view::npos;
  const std::size_t colon = url.find(':');
  const bool scp_like =
      colon != std::string_view::npos && url.substr(0, colon).find('/') == std::string_view::npos;
  return other_scheme || scp_like ? std::string{} : std::string{url};
}

}  // namespace microstage::store
