// Where the store is: what git-annex knows, and what git's configuration of this clone makes of it.

#include "remote/settings.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_conversation.h"

using namespace microstage;
using namespace microstage::remote;
using namespace std::string_literals;
using microstage::testing::FakeConversation;

namespace {

const std::string kUuid = "11111111-2222-4333-8444-555555555555";

CommittedSettings committed() {
  CommittedSettings settings;
  settings.name = "cap";
  settings.uuid = kUuid;
  settings.url = "ria+file:///data/store";
  settings.git_remote = "cap";
  return settings;
}

GitConfig config_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string listing;
  for (const auto& [name, value] : entries)
    listing += name + "\n" + value + '\0';
  return GitConfig::parse(listing);
}

FakeConversation conversation() {
  FakeConversation fake;
  fake.answers = {{"GETCONFIG url", "ria+file:///data/store"},
                  {"GETCONFIG push-url", ""},
                  {"GETCONFIG archive-id", "id"},
                  {"GETCONFIG name", "cap"},
                  {"GETUUID", kUuid},
                  {"GETGITDIR", ".git"},
                  {"GETGITREMOTENAME", "capacity"}};
  return fake;
}

}  // namespace

TEST_CASE("git-annex is asked once for what it knows") {
  FakeConversation fake = conversation();
  const auto settings = ask_for_settings(fake);
  REQUIRE(settings);
  CHECK(settings->url == "ria+file:///data/store");
  CHECK(settings->archive_id == "id");
  CHECK(settings->name == "cap");
  CHECK(settings->uuid == kUuid);
  CHECK(settings->git_dir == ".git");
  CHECK(settings->git_remote == "capacity");
}

TEST_CASE("a sameas partner has another name") {
  FakeConversation fake = conversation();
  fake.answers["GETCONFIG name"] = "";
  fake.answers["GETCONFIG sameas-name"] = "partner";
  const auto settings = ask_for_settings(fake);
  REQUIRE(settings);
  CHECK(settings->name == "partner");
}

TEST_CASE("git-annex may refuse what it does not know yet") {
  FakeConversation fake = conversation();
  fake.answers.erase("GETGITREMOTENAME");
  fake.answers.erase("GETUUID");
  const auto settings = ask_for_settings(fake);
  REQUIRE(settings);
  CHECK_FALSE(settings->git_remote.has_value());
  CHECK(settings->uuid.empty());
}

TEST_CASE("the git remote's name is only asked for where that was agreed on") {
  FakeConversation fake = conversation();
  fake.extensions.erase(Extension::get_git_remote_name);
  const auto settings = ask_for_settings(fake);
  REQUIRE(settings);
  CHECK_FALSE(settings->git_remote.has_value());
  for (const auto& query : fake.asked)
    CHECK(query != "GETGITREMOTENAME");
}

TEST_CASE("without its url the remote cannot work") {
  FakeConversation fake = conversation();
  fake.answers.erase("GETCONFIG url");
  CHECK_FALSE(ask_for_settings(fake));
  CommittedSettings settings = committed();
  settings.url.clear();
  const auto url = effective_url(settings, config_of({}));
  REQUIRE_FALSE(url);
  CHECK(url.error().kind == ErrorKind::invalid);
  CHECK(url.error().message.find("url=ria+file:///") != std::string::npos);
}

TEST_CASE("the committed url, the local override, the sibling's override, the rewriting rules") {
  using Entries = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    Entries entries;
    std::string url;
  };
  const auto row = GENERATE(
      Row{{}, "ria+file:///data/store"}, Row{{{"remote.cap.ora-url", "ria+file:///own"}}, "ria+file:///own"},
      Row{{{"remote.cap.ora-url", ""}}, "ria+file:///data/store"},
      // A partner with the same uuid counts (DataLad reconfigures only one of two), another remote does not.
      Row{{{"remote.x.annex-uuid", kUuid}, {"remote.x.ora-url", "ria+file:///partner"}},
          "ria+file:///partner"},
      Row{{{"remote.x.annex-uuid", "other"}, {"remote.x.ora-url", "ria+file:///foreign"}},
          "ria+file:///data/store"},
      Row{{{"remote.x.ora-url", "ria+file:///foreign"}}, "ria+file:///data/store"},
      Row{{{"remote.a.annex-uuid", kUuid},
           {"remote.a.ora-url", "ria+file:///partner"},
           {"remote.cap.ora-url", "ria+file:///own"}},
          "ria+file:///own"},
      Row{{{"url.ria+file:///mnt/.insteadof", "ria+file:///data/"}}, "ria+file:///mnt/store"},
      Row{{{"url.ria+file:///a.insteadof", "ria+file:///"},
           {"url.ria+file:///b.insteadof", "ria+file:///data"}},
          "ria+file:///b/store"},
      Row{{{"remote.cap.ora-url", "short:store"}, {"url.ria+file:///mnt/.insteadof", "short:"}},
          "ria+file:///mnt/store"});
  const auto url = effective_url(committed(), config_of(row.entries));
  REQUIRE(url);
  CHECK(url->text() == row.url);
}

TEST_CASE("writing goes to push-url, or where reading goes") {
  CommittedSettings settings = committed();
  CHECK(effective_push_url(settings, config_of({}))->text() == "ria+file:///data/store");
  CHECK(effective_push_url(settings, config_of({{"remote.cap.ora-url", "ria+file:///x"}}))->text() ==
        "ria+file:///x");
  settings.push_url = "ria+file:///rw/store";
  CHECK(effective_push_url(settings, config_of({}))->text() == "ria+file:///rw/store");
  CHECK(effective_url(settings, config_of({}))->text() == "ria+file:///data/store");
  CHECK(effective_push_url(settings, config_of({{"remote.cap.ora-push-url", "ria+file:///y"}}))->text() ==
        "ria+file:///y");
}

TEST_CASE("a limit is a size above zero, and anything else is refused") {
  const auto limit = [](const std::string& text) {
    return rate_limit(committed(), config_of({{"remote.cap.microstage-limit", text}}));
  };
  CHECK(rate_limit(committed(), config_of({})).value() == std::nullopt);
  CHECK(limit("200MB").value() == 200'000'000U);
  CHECK(limit("1MiB").value() == 1'048'576U);
  for (const char* wrong : {"0", "fast", "-5MB", "10MB/s"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(limit(wrong));
    CHECK(limit(wrong).error().message.find(wrong) != std::string::npos);
  }
}

TEST_CASE("what the dataset says about limits and reading back holds where the clone says nothing") {
  CommittedSettings settings = committed();
  settings.limit = "5MB";
  settings.verify = "readback";
  CHECK(rate_limit(settings, config_of({})).value() == 5'000'000U);
  CHECK(rate_limit(settings, config_of({{"remote.cap.microstage-limit", "7MB"}})).value() == 7'000'000U);
  CHECK(reads_back(settings, config_of({})).value());
  CHECK_FALSE(reads_back(settings, config_of({{"remote.cap.microstage-verify", "copy"}})).value());
  CHECK_FALSE(reads_back(committed(), config_of({})).value());
  settings.limit = "much";
  settings.verify = "twice";
  CHECK(rate_limit(settings, config_of({})).error().message.find("limit= is 'much'") != std::string::npos);
  CHECK(reads_back(settings, config_of({})).error().message.find("verify= is 'twice'") != std::string::npos);
}

TEST_CASE("nothing can be pushed over HTTP") {
  CommittedSettings settings = committed();
  settings.push_url = GENERATE("ria+http://host/store", "ria+https://host/store");
  const auto url = effective_push_url(settings, config_of({}));
  REQUIRE_FALSE(url);
  CHECK(url.error().message.find("nothing can be stored over HTTP") != std::string::npos);
  CHECK(effective_push_url(settings, config_of({{"remote.cap.ora-push-url", "ria+file:///y"}}))->text() ==
        "ria+file:///y");
}

TEST_CASE("datasets of ORA's first releases name a path and a host") {
  FakeConversation fake = conversation();
  fake.answers["GETCONFIG url"] = "";
  fake.answers["GETCONFIG base-path"] = "/old/store";
  fake.answers["GETCONFIG ssh-host"] = "host";
  auto settings = ask_for_settings(fake);
  REQUIRE(settings);
  CHECK(effective_url(*settings, config_of({}))->text() == "ria+ssh://host/old/store");
  const std::string early = "annex.ora-remote.cap.";
  CHECK(effective_url(*settings, config_of({{early + "ssh-host", "0"}}))->text() == "ria+file:///old/store");
  CHECK(
      effective_url(*settings, config_of({{early + "ssh-host", "0"}, {early + "base-path", "/50%"}}))->path ==
      "/50%");
  CHECK(effective_url(*settings, config_of({{"remote.capacity.ora-url", "ria+file:///new"}}))->text() ==
        "ria+file:///new");
  settings->url = "ria+file:///recorded";
  CHECK(effective_url(*settings, config_of({{early + "base-path", "/old"}}))->text() ==
        "ria+file:///recorded");
}
