#pragma once
// URLs of objects behind a web server: built from bytes that may be anything, and shown without secrets.
// Pure. Source: RFC 3986.

#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace microstage::store::http {

// A path of which each byte that may not stand in a URL is escaped, and % too: "a b%" becomes "a%20b%25".
// Slashes stay.
[[nodiscard]] std::string encode_path(std::string_view path);

// The path of a URL that a person wrote: what is escaped already stays so.
[[nodiscard]] std::string complete_encoding(std::string_view path);

[[nodiscard]] std::string decode(std::string_view text);

// scheme://host:port in lower case and without the scheme's own port; empty when this is no http URL.
[[nodiscard]] std::string origin_of(std::string_view url);

// For people: without user, password, query and fragment, which may be secrets, and on one line.
[[nodiscard]] std::string redacted(std::string_view url);

// A redirect's target without user and password, which are not ours to send. Refused: other schemes, and the
// way from https to http.
[[nodiscard]] Result<std::string> redirect_target(std::string_view from, std::string_view to);

}  // namespace microstage::store::http
