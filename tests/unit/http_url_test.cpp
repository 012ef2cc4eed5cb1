#include "lib/store/http/url.h"

#include "tests/support/catch.h"

using namespace microstage;
using namespace microstage::store::http;

TEST_CASE("a key's name in a URL is that name whatever is in it") {
  CHECK(encode_path("annex/objects/aB/9-._~") == "annex/objects/aB/9-._~");
  CHECK(encode_path("URL&chttp&c%%a?b=c&sd#e") == "URL%26chttp%26c%25%25a%3Fb%3Dc%26sd%23e");
  std::string all;
  for (int byte = 1; byte < 256; ++byte)
    all += static_cast<char>(byte);
  CHECK(decode(encode_path(all)) == all);
  for (const char c : encode_path(all))
    CHECK((c > ' ' && c < 127 && std::string_view{"?#\\\"<>"}.find(c) == std::string_view::npos));
}

TEST_CASE("what a person has escaped in a URL's path stays so") {
  CHECK(complete_encoding("/my%20store/a b/\xc3\xb6;%zz%") == "/my%20store/a%20b/%C3%B6;%25zz%25");
  CHECK(decode("s3cr%25t%20word%") == "s3cr%t word%");
}

TEST_CASE("an origin is a scheme, a host and a port") {
  CHECK(origin_of("HTTP://Example.ORG:80/a") == "http://example.org");
  CHECK(origin_of("https://u:p@example.org:443?x") == "https://example.org");
  CHECK(origin_of("https://example.org:80/") == "https://example.org:80");
  CHECK(origin_of("http://[::1]:8080/x") == "http://[::1]:8080");
  CHECK(origin_of("http://evil.org\\@example.org/") == "http://evil.org");
  CHECK(origin_of("ftp://example.org/").empty());
  CHECK(origin_of("http:///x").empty());
  CHECK(origin_of("").empty());
}

TEST_CASE("no secret of a URL is shown") {
  CHECK(redacted("https://me:geheim@example.org/a/b?sig=geheim#geheim") == "https://example.org/a/b");
  CHECK(redacted("https://me:ge@heim@example.org") == "https://example.org");
  CHECK(redacted("http://example.org/a\nb") == "http://example.org/a b");
  CHECK(redacted("geheim").find("geheim") == std::string::npos);
}

TEST_CASE("redirects never lead out of https, to other schemes, or with a password") {
  const auto to = [](const char* from, const char* target) { return redirect_target(from, target); };
  CHECK(to("http://a/x", "https://me:pw@b/y?z=1").value() == "https://b/y?z=1");
  CHECK(to("http://a/x", "http://b/y").value() == "http://b/y");
  CHECK(to("https://a/x", "HTTPS://b/y").value() == "HTTPS://b/y");
  for (const char* target : {"http://a/x", "ftp://a/x", "file:///etc/passwd", "", "//b/x"}) {
    const auto refused = to("https://u:geheim@a/x", target);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unsupported);
    CHECK(refused.error().message.find("geheim") == std::string::npos);
  }
}
