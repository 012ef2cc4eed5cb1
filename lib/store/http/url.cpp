#include "lib/store/http/url.h"

#include <algorithm>
#include <array>

#include "lib/core/text.h"

namespace microstage::store::http {

namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int hex_value(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t at = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '%' && hex_value(text[at + 1]) >= 0 &&
         hex_value(text[at + 2]) >= 0;
}

void escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', digits[byte >> 4U], digits[byte & 15U]};
}

struct Parts {
  std::string_view scheme;     // as written
  std::string_view user_info;  // without the @
  std::string_view host;       // with the port
  std::string_view rest;       // path, query and fragment
  bool valid = false;
};

Parts take_apart(std::string_view url) {
  Parts parts;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return parts;
  parts.scheme = url.substr(0, colon);
  std::string_view authority = url.substr(colon + 3);
  // A backslash ends the host in some parsers and not in others: let there be no doubt.
  const std::size_t end = std::min(authority.find_first_of("/?#\\"), authority.size());
  parts.rest = authority.substr(end);
  authority = authority.substr(0, end);
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    parts.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  parts.host = authority;
  parts.valid = !authority.empty();
  return parts;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

}  // namespace

std::string encode_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (is_alphanumeric(c) || std::string_view{"-._~/"}.find(c) != std::string_view::npos) {
      out += c;
    } else {
      escape(out, c);
    }
  }
  return out;
}

std::string complete_encoding(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool stays = is_alphanumeric(path[i]) || is_escape(path, i) ||
                       std::string_view{"-._~/!$&'()*+,;=:@"}.find(path[i]) != std::string_view::npos;
    if (stays) {
      out += path[i];
    } else {
      escape(out, path[i]);
    }
  }
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_escape(text, i)) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string origin_of(std::string_view url) {
  const Parts parts = take_apart(url);
  const std::string scheme = lower(parts.scheme);
  if (!parts.valid || (scheme != "http" && scheme != "https")) return {};
  std::string host = lower(parts.host);
  const std::string_view own_port = scheme == "http" ? ":80" : ":443";
  if (host.ends_with(own_port)) host.resize(host.size() - own_port.size());
  return scheme + "://" + host;
}

std::string redacted(std::string_view url) {
  const Parts parts = take_apart(url);
  if (!parts.valid) return "(a URL that cannot be read)";
  const std::string_view path = parts.rest.substr(0, parts.rest.find_first_of("?#"));
  return one_line(std::string{parts.scheme} + "://" + std::string{parts.host} + std::string{path});
}

Result<std::string> redirect_target(std::string_view from, std::string_view to) {
  const Parts parts = take_apart(to);
  const std::string origin = origin_of(to);
  if (origin.empty()) {
    return fail(ErrorKind::unsupported,
                redacted(from) + " redirects to something else than http or https; ask who runs the server");
  }
  if (origin_of(from).starts_with("https://") && !origin.starts_with("https://")) {
    return fail(ErrorKind::unsupported, redacted(from) + " redirects from https to plain http (" +
                                            redacted(to) +
                                            "), which is not followed; ask who runs the server");
  }
  return std::string{parts.scheme} + "://" + std::string{parts.host} + std::string{parts.rest};
}

}  // namespace microstage::store::http
