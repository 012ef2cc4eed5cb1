#include "lib/store/http/client.h"

#include "lib/store/http/object_source.h"
#include "tests/support/catch.h"
#include "tests/support/fake_web.h"

using namespace microstage;
using namespace microstage::store::http;
using namespace std::chrono_literals;
using testing::FakeWeb;
using testing::Reply;

namespace {

class FakeHelper final : public CredentialHelper {
 public:
  std::optional<Credentials> known;
  std::vector<std::string> asked;
  std::vector<bool> told;

  std::optional<Credentials> find(const std::string& origin, const std::string& user) override {
    asked.push_back(origin + " " + user);
    return known;
  }
  void tell(const std::string&, const Credentials&, bool right) override { told.push_back(right); }
};

struct Rig {
  std::shared_ptr<FakeWeb> web = std::make_shared<FakeWeb>();
  std::shared_ptr<FakeHelper> helper = std::make_shared<FakeHelper>();

  std::shared_ptr<Client> client(std::optional<Credentials> given = {}) {
    return std::make_shared<Client>(web, helper, std::move(given), RetryPolicy{}, web->surroundings());
  }
  static Request get(const std::string& url) {
    Request request;
    request.url = url;
    return request;
  }
};

Result<Reply> transient() {
  return fail(ErrorKind::transient, "refused");
}

}  // namespace

TEST_CASE("trouble that may pass is waited for, and then given up with a line that says so") {
  Rig rig;
  rig.web->files["http://a/x"] = "content";
  int failures = 3;
  rig.web->odd = [&](const Request&, int) -> std::optional<Result<Reply>> {
    if (failures-- > 0) return failures % 2 == 0 ? transient() : Result<Reply>(Reply{503, {}, {}, {}});
    return std::nullopt;
  };
  const auto client = rig.client();
  CHECK(client->read_small("http://a/x", 100, {}).value() == "content");
  CHECK(rig.web->waits == std::vector<milliseconds>{250ms, 500ms, 1000ms});

  failures = 1000;
  const auto given_up = client->send(Rig::get("http://a/x"), {});
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().kind == ErrorKind::mount_sick);
  CHECK(given_up.error().message.find("5 times") != std::string::npos);
  CHECK(rig.web->seen.size() == 4 + 5);
}

TEST_CASE("while a server is out of reach each request is tried once") {
  Rig rig;
  rig.web->odd = [](const Request&, int) { return std::optional(transient()); };
  const auto client = rig.client();
  CHECK_FALSE(client->send(Rig::get("http://a/x"), {}));
  const std::size_t first = rig.web->seen.size();
  CHECK_FALSE(client->send(Rig::get("http://a/y"), {}));
  CHECK(rig.web->seen.size() == first + 1);
  rig.web->now += 31s;
  CHECK_FALSE(client->send(Rig::get("http://a/z"), {}));
  CHECK(rig.web->seen.size() == first + 1 + 5);
}

TEST_CASE("Retry-After is heeded, and refused when it is too long") {
  Rig rig;
  std::string seconds = "7";
  rig.web->odd = [&](const Request&, int number) -> std::optional<Result<Reply>> {
    if (number > 1 && seconds == "7") return std::nullopt;
    return Reply{429, {"Retry-After: " + seconds}, {}, {}};
  };
  const auto client = rig.client();
  CHECK(client->send(Rig::get("http://a/x"), {}).value().head.status == 404);
  CHECK(rig.web->waits == std::vector<milliseconds>{7s});
  seconds = "3600";
  CHECK_FALSE(client->send(Rig::get("http://a/x"), {}));
  CHECK(rig.web->waits.size() == 1);
}

TEST_CASE("a stop ends the waiting and is no outage") {
  Rig rig;
  rig.web->odd = [](const Request&, int) { return std::optional(transient()); };
  rig.web->stops = true;
  const auto stopped = rig.client()->send(Rig::get("http://a/x"), {});
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().kind == ErrorKind::cancelled);
}

TEST_CASE("redirects are followed, a few, and credentials stay at home") {
  Rig rig;
  rig.web->files["https://b/x"] = "content";
  rig.web->odd = [](const Request& request, int) -> std::optional<Result<Reply>> {
    if (request.url == "https://a/x") return Reply{302, {}, {}, "https://a/y"};
    if (request.url == "https://a/y") return Reply{307, {}, {}, "https://b/x"};
    if (request.url == "https://a/circle") return Reply{301, {}, {}, "https://a/circle"};
    if (request.url == "https://a/down") return Reply{301, {}, {}, "http://a/x"};
    return std::nullopt;
  };
  const auto client = rig.client(Credentials{"me", "geheim"});
  const auto response = client->send(Rig::get("https://a/x"), {});
  REQUIRE(response);
  CHECK(response->elsewhere);
  REQUIRE(rig.web->seen.size() == 3);
  CHECK(rig.web->seen[1].password == "geheim");
  CHECK(rig.web->seen[1].own_host);
  CHECK(rig.web->seen[2].user.empty());
  CHECK(rig.web->seen[2].password.empty());
  CHECK_FALSE(rig.web->seen[2].own_host);
  for (const char* url : {"https://a/circle", "https://a/down"}) {
    const auto refused = client->send(Rig::get(url), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unsupported);
  }
  CHECK(rig.web->seen.size() == 3 + 6 + 1);
}

TEST_CASE("the same host's encrypted door is no other host") {
  Rig rig;
  rig.web->odd = [](const Request& request, int) -> std::optional<Result<Reply>> {
    if (request.url.starts_with("http://")) return Reply{301, {}, {}, "https" + request.url.substr(4)};
    return std::nullopt;
  };
  const auto client = rig.client();
  CHECK_FALSE(client->send(Rig::get("http://a/x"), {}).value().elsewhere);
  CHECK(client->send(Rig::get("http://a:8080/x"), {}).value().elsewhere == false);
}

TEST_CASE("credentials are asked for once, and their helper learns whether they were right") {
  Rig rig;
  rig.web->files["https://a/x"] = "content";
  rig.web->odd = [](const Request& request, int) -> std::optional<Result<Reply>> {
    if (request.password == "right") return std::nullopt;
    return Reply{401, {}, {}, {}};
  };
  rig.helper->known = Credentials{"me", "right"};
  const auto client = rig.client(Credentials{"me", ""});
  CHECK(client->read_small("https://a/x", 100, {}).value() == "content");
  CHECK(client->read_small("https://a/x", 100, {}).value() == "content");
  CHECK(rig.helper->asked == std::vector<std::string>{"https://a me"});
  CHECK(rig.helper->told == std::vector<bool>{true});
  CHECK(rig.web->seen.size() == 3);

  Rig wrong;
  wrong.web->odd = rig.web->odd;
  wrong.helper->known = Credentials{"me", "geheim"};
  const auto refused = wrong.client()->send(Rig::get("https://a/x"), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::permission);
  CHECK(refused.error().message.find("geheim") == std::string::npos);
  CHECK(wrong.helper->told == std::vector<bool>{false});
}

TEST_CASE("what git credential says is read as it means it") {
  CHECK(parse_credential("protocol=https\nhost=a\nusername=me\npassword=a=b c\n") ==
        Credentials{"me", "a=b c"});
  CHECK(parse_credential("username=me\n") == std::nullopt);
  CHECK(parse_credential("quit=1\n") == std::nullopt);
  CHECK(parse_credential("") == std::nullopt);
}

TEST_CASE("an object is read through any number of cuts, in any order of offsets") {
  Rig rig;
  std::string content;
  for (int i = 0; i < 5000; ++i)
    content += static_cast<char>(i * 7);
  rig.web->files["http://a/x"] = content;
  const bool ranges = GENERATE(true, false);
  rig.web->odd = [&](const Request& request, int number) -> std::optional<Result<Reply>> {
    Request asked = request;
    if (!ranges) asked.range.reset();
    Reply reply = rig.web->plain(asked);
    if (number % 2 == 1)
      reply.cut_after = 4000;  // beyond what an earlier cut left, so that each brings something
    return reply;
  };
  ObjectSource::Place place;
  place.url = place.name = "http://a/x";
  place.start = 100;
  place.size = 4700;
  place.total = content.size();
  place.validator = FakeWeb::etag_of(content);
  ObjectSource source(rig.client(), place);
  for (const std::size_t offset : {std::size_t{0}, std::size_t{4000}, std::size_t{100}, std::size_t{4699}}) {
    std::string buffer(5000, '?');
    const auto count = source.read_at(std::as_writable_bytes(std::span(buffer)), offset);
    REQUIRE(count);
    CHECK(*count == 4700 - offset);
    CHECK(buffer.substr(0, *count) == content.substr(100 + offset, *count));
  }
  std::string nothing(1, '?');
  CHECK(source.read_at(std::as_writable_bytes(std::span(nothing)), 4700).value() == 0);
}

TEST_CASE("bytes of two versions of an object are never joined") {
  Rig rig;
  rig.web->files["http://a/x"] = std::string(1000, 'a');
  ObjectSource::Place place;
  place.url = place.name = "http://a/x";
  place.size = place.total = 1000;
  place.validator = FakeWeb::etag_of(rig.web->files["http://a/x"]);
  const bool must_range = GENERATE(true, false);
  place.must_range = must_range;
  ObjectSource source(rig.client(), place);
  std::string buffer(500, '?');
  CHECK(source.read_at(std::as_writable_bytes(std::span(buffer)), 0).has_value() != must_range);
  CHECK(source.read_at(std::as_writable_bytes(std::span(buffer)), 100).has_value());
  rig.web->files["http://a/x"] = std::string(1000, 'b');
  const auto changed = source.read_at(std::as_writable_bytes(std::span(buffer)), 200);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().kind == ErrorKind::source_changed);
}
