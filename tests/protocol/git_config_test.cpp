// git's configuration as `git config --null --list` prints it, and what it says about verification.

#include "remote/git_config.h"

#include <cstdlib>
#include <string>

#include "tests/support/catch.h"

using namespace microstage::remote;
using namespace std::string_literals;

TEST_CASE("a listing is taken apart") {
  const auto config = GitConfig::parse(
      "user.name\nA B\0core.bare\0remote.a.url\n/x\0remote.a.url\n/y\0empty.value\n\0multi.line\none\ntwo\n\0"
      "bytes.x\n\xff=\t \0remote.with.dots and blanks.url\n/z\0"s);
  CHECK(config.value("user.name") == "A B");
  CHECK(config.value("core.bare") == "true");  // a bare name is true
  CHECK(config.value("empty.value") == "");
  CHECK(config.value("multi.line") == "one\ntwo\n");
  CHECK(config.value("bytes.x") == "\xff=\t ");
  CHECK(config.value("remote.a.url") == "/y");  // the last one counts
  CHECK(config.values("remote.a.url") == std::vector<std::string>{"/x", "/y"});
  CHECK(config.values("nothing").empty());
  CHECK_FALSE(config.value("nothing").has_value());
  CHECK_FALSE(config.value("remote.a.ur").has_value());
  CHECK_FALSE(config.value("a").has_value());
  CHECK(config.remotes() == std::vector<std::string>{"a", "with.dots and blanks"});
}

TEST_CASE("a listing may be empty or cut off") {
  CHECK(GitConfig::parse("").remotes().empty());
  CHECK_FALSE(GitConfig::parse("").value("").has_value());
  CHECK(GitConfig::parse("a.b\nc").value("a.b") == "c");
  CHECK(GitConfig::parse("a.b").value("a.b") == "true");
  CHECK(GitConfig::parse("\0\0a.b\nc\0"s).value("a.b") == "c");
  CHECK(GitConfig::parse("remote.pushdefault\nx\0"s).remotes().empty());
}

TEST_CASE("insteadOf rules are found") {
  const auto config = GitConfig::parse(
      "url.ria+file:///mnt/B.d/store.insteadof\nria+file:///data/store\0url.x.pushinsteadof\ny\0"s);
  const auto rules = config.instead_of();
  REQUIRE(rules.size() == 1);
  CHECK(rules[0].first == "ria+file:///mnt/B.d/store");
  CHECK(rules[0].second == "ria+file:///data/store");
}

// ---- will git-annex verify?
// -----------------------------------------------------------------------------------

namespace {

const std::string kUnset = "-";

std::string entry(const std::string& name, const std::string& value) {
  return value == kUnset ? std::string{} : name + "\n" + value + std::string(1, '\0');
}

}  // namespace

// tests/e2e/remote_verification_test.py compares the same combinations with git-annex itself.
TEST_CASE("git-annex verifies unless unverified downloads are allowed and verification is off") {
  const std::string allow_remote = GENERATE("-"s, "ACKTHPPT"s, "yes"s);
  const std::string allow_all = GENERATE("-"s, "ACKTHPPT"s);
  const std::string verify_remote = GENERATE("-"s, "true"s, "false"s);
  const std::string verify_all = GENERATE("-"s, "true"s, "false"s);
  const auto config =
      GitConfig::parse(entry("remote.cap.annex-security-allow-unverified-downloads", allow_remote) +
                       entry("annex.security-allow-unverified-downloads", allow_all) +
                       entry("remote.cap.annex-verify", verify_remote) + entry("annex.verify", verify_all));
  CAPTURE(allow_remote, allow_all, verify_remote, verify_all);
  const bool allowed = allow_remote == "ACKTHPPT" || allow_all == "ACKTHPPT";
  const bool off = verify_remote == "false" || verify_all == "false";
  CHECK(git_annex_verifies(config, "cap") == !(allowed && off));
  CHECK(git_annex_verifies(config, std::nullopt) == !(allowed && off));
  // Another remote's settings are not ours, but those for all are.
  CHECK(git_annex_verifies(config, "other") == !(allow_all == "ACKTHPPT" && verify_all == "false"));
}

TEST_CASE("anything but a clear yes counts as no verification") {
  const std::string value = GENERATE("0"s, "no"s, "off"s, "False"s, ""s, "nonsense"s, "tru"s);
  CAPTURE(value);
  const auto allow = entry("remote.cap.annex-security-allow-unverified-downloads", "ACKTHPPT");
  CHECK_FALSE(git_annex_verifies(GitConfig::parse(allow + entry("annex.verify", value)), "cap"));
  CHECK_FALSE(git_annex_verifies(GitConfig::parse(allow + entry("remote.cap.annex-verify", value)), "cap"));
}

TEST_CASE("git's ways to say yes") {
  const std::string value = GENERATE("1"s, "yes"s, "ON"s, "True"s);
  const auto allow = entry("remote.cap.annex-security-allow-unverified-downloads", "ACKTHPPT");
  CHECK(git_annex_verifies(GitConfig::parse(allow + entry("annex.verify", value)), "cap"));
  CHECK(git_annex_verifies(GitConfig::parse(allow + "annex.verify\0"s), "cap"));
}

TEST_CASE("one permission among several values is enough") {
  const auto config = GitConfig::parse(
      entry("remote.cap.annex-security-allow-unverified-downloads", "ACKTHPPT") +
      entry("remote.cap.annex-security-allow-unverified-downloads", "no") + entry("annex.verify", "false"));
  CHECK_FALSE(git_annex_verifies(config, "cap"));
}

TEST_CASE("booleans are git's") {
  for (const char* yes : {"true", "TRUE", "yes", "On", "1"})
    CHECK(parse_boolean(yes) == true);
  for (const char* no : {"false", "No", "off", "0", ""})
    CHECK(parse_boolean(no) == false);
  for (const char* other : {"perhaps", "2", "-1", "tru", " true"})
    CHECK_FALSE(parse_boolean(other));
}

TEST_CASE("overrides that only DataLad sees are refused where they concern the remote") {
  struct Row {
    std::string json;
    bool refused;
  };
  const auto row = GENERATE(Row{R"({"datalad.log.level": "flora-x"})", false}, Row{"", false},
                            Row{R"({"remote.cap.ora-url": "ria+file:///other"})", true},
                            Row{R"({"annex.ORA-remote.cap.force-write": true})", true},
                            Row{R"({"url.ria+file:///x.insteadOf": "ria+file:///y"})", true});
  ::setenv("DATALAD_CONFIG_OVERRIDES_JSON", row.json.c_str(), 1);
  const auto config = load_git_config();
  ::unsetenv("DATALAD_CONFIG_OVERRIDES_JSON");
  REQUIRE(config.has_value() == !row.refused);
  if (!config) CHECK(config.error().message.find("DATALAD_CONFIG_OVERRIDES_JSON sets '") == 0);
}
