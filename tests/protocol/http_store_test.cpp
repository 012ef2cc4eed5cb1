#include "remote/http_store.h"

#include <cstdlib>

#include "tests/support/catch.h"

using namespace microstage;
using namespace microstage::remote;
using namespace std::chrono_literals;

namespace {

GitConfig config_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string listing;
  for (const auto& [name, value] : entries)
    listing += name + "\n" + value + std::string(1, '\0');
  return GitConfig::parse(listing);
}

store::RiaUrl url_of(const std::string& text) {
  return store::RiaUrl::parse(text).value();
}

}  // namespace

TEST_CASE("a store's http URL has neither user nor password in it, nor bytes that no URL may have") {
  CHECK(http_url_of(url_of("ria+http://host:8080/a b/%20c/")) == "http://host:8080/a%20b/%20c");
  CHECK(http_url_of(url_of("ria+https://me:geheim@[::1]/store")) == "https://[::1]/store");
  CHECK(http_url_of(url_of("ria+https://host")) == "https://host");
}

TEST_CASE("no text of a RIA URL has the password in it") {
  const store::RiaUrl url = url_of("ria+https://me:ge@heim@host/store");
  CHECK(url.host == "host");
  CHECK(url.user_info == "me:ge@heim");
  CHECK(url.text() == "ria+https://host/store");
  for (const char* bad : {"ria+https://me:geheim@/store", "ria+https://me:geheim@host/a#x",
                          "ria+https://me:geheim@host/?x", "ria+ftp://me:geheim@host/store"}) {
    CAPTURE(bad);
    const auto refused = store::RiaUrl::parse(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("geheim") == std::string::npos);
  }
}

TEST_CASE("user and password of a URL are decoded") {
  CHECK(credentials_of("") == std::nullopt);
  CHECK(credentials_of("me") == store::http::Credentials{"me", ""});
  CHECK(credentials_of("m%40e:s3cr%25t:%20x") == store::http::Credentials{"m@e", "s3cr%t: x"});
}

TEST_CASE("git's http settings are those of the longest URL that means the store") {
  ::unsetenv("GIT_SSL_CAINFO");  // whoever runs this may have set it
  const GitConfig config = config_of({{"http.sslcainfo", "/general"},
                                      {"http.https://data.example.org.sslcainfo", "/host"},
                                      {"http.https://data.example.org/store/.sslcainfo", "/store"},
                                      {"http.https://data.example.org/st.sslcainfo", "/half"},
                                      {"http.https://data.example.org.evil.sslcainfo", "/evil"},
                                      {"http.lowspeedtime", "7"}});
  CHECK(transport_options(config, "https://data.example.org/store").ca_file == "/store");
  CHECK(transport_options(config, "https://data.example.org/store/below").ca_file == "/store");
  CHECK(transport_options(config, "https://data.example.org/stores").ca_file == "/host");
  CHECK(transport_options(config, "https://data.example.org").ca_file == "/host");
  CHECK(transport_options(config, "https://data.example.orga").ca_file == "/general");
  CHECK(transport_options(config, "http://data.example.org").ca_file == "/general");
  CHECK(transport_options(config, "https://x").stall_limit == 7s);
  for (const char* odd : {"0", "-1", "soon", ""})
    CHECK(transport_options(config_of({{"http.lowspeedtime", odd}}), "https://x").stall_limit == 60s);
  CHECK(transport_options(config_of({{"http.lowspeedtime", "99999999999"}}), "https://x").stall_limit == 1h);
  ::setenv("GIT_SSL_CAINFO", "/environment", 1);
  CHECK(transport_options(config, "https://data.example.org/store").ca_file == "/environment");
  ::unsetenv("GIT_SSL_CAINFO");
}
