#include "lib/store/ria_url.h"

#include "lib/fs/process.h"
#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using store::RiaUrl;
using Scheme = store::RiaUrl::Scheme;

TEST_CASE("the URL of a RIA store has a scheme, a host and a path") {
  struct Row {
    std::string text;
    Scheme scheme;
    std::string host;
    std::string path;
  };
  const std::vector<Row> rows{
      {"ria+file:///data/store", Scheme::file, "", "/data/store"},
      {"ria+file:///data/store//", Scheme::file, "", "/data/store"},
      {"ria+file:///", Scheme::file, "", "/"},
      {"ria+file://localhost/data", Scheme::file, "", "/data"},
      {"ria+file:///with space:and:colon", Scheme::file, "", "/with space:and:colon"},
      {"ria+file:///sch\xf6n", Scheme::file, "", "/sch\xf6n"},
      {"ria+file:///my%20store", Scheme::file, "", "/my store"},
      {"ria+file:///100%25%23%3f%3F", Scheme::file, "", "/100%#??"},
      {"ria+file:///50%/%zz%4%00%c3%B6", Scheme::file, "", "/50%/%zz%4%00\xc3\xb6"},
      {"ria+http://host/my%20store", Scheme::http, "host", "/my%20store"},
      {"ria+ssh://me@host:22/data", Scheme::ssh, "me@host:22", "/data"},
      {"ria+http://host/data/", Scheme::http, "host", "/data"},
      {"ria+https://host", Scheme::https, "host", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto url = RiaUrl::parse(row.text);
    REQUIRE(url);
    CHECK(url->scheme == row.scheme);
    CHECK(url->host == row.host);
    CHECK(url->path == row.path);
    CHECK(url->is_local() == (row.scheme == Scheme::file));
    const auto again = RiaUrl::parse(url->text());
    REQUIRE(again);
    CHECK(again->path == row.path);
    CHECK(again->text() == url->text());
  }
}

TEST_CASE("what is no URL of a RIA store is refused with an example of one") {
  for (const std::string bad :
       {"", "/data/store", "file:///data/store", "ria+file:/data", "ria+file://", "ria+file",
        "ria+file://otherhost/data", "ria+ssh:///data", "ria+http://", "ria+ftp://host/x",
        "ria+file:///data?x=1", "ria+file:///data#~alias", "RIA+FILE:///data"}) {
    CAPTURE(bad);
    const auto url = RiaUrl::parse(bad);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::invalid);
    CHECK(url.error().message.find("ria+file:///data/store") != std::string::npos);
  }
}

TEST_CASE("url.BASE.insteadOf rewrites as git itself does") {
  const std::vector<std::pair<std::string, std::string>> rules{
      {"ria+file:///gpfs/store", "ria+file:///data/store"},
      {"ria+file:///gpfs/special", "ria+file:///data/store/special"},
      {"ria+file:///first", "same:"},
      {"ria+file:///second", "same:"},
      {"https://example.org/", "ex:"},
      {"", "drop:"},
  };
  std::vector<std::string> argv{"git"};
  for (const auto& [base, prefix] : rules) {
    argv.emplace_back("-c");
    argv.push_back("url." + base + ".insteadOf=" + prefix);
  }
  for (const std::string url :
       {"ria+file:///data/store", "ria+file:///data/store/", "ria+file:///data/stores",
        "ria+file:///data/store/special", "ria+file:///data/stor", "ex:a/b", "Ex:a/b", "same:x", "drop:/x",
        "/plain/path", "ria+file:///gpfs/store"}) {
    CAPTURE(url);
    auto command = argv;
    for (const char* word : {"ls-remote", "--get-url"})
      command.emplace_back(word);
    command.push_back(url);
    const auto git =
        fs::run_process(command, {{"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"}});
    REQUIRE(git);
    REQUIRE(git->exit_status == 0);
    CHECK(store::rewrite_url(url, rules) + "\n" == git->output);
  }
}

TEST_CASE("the local path of a git remote is found in each way of writing it") {
  CHECK(store::local_path_of("/data/x") == "/data/x");
  CHECK(store::local_path_of("../x") == "../x");
  CHECK(store::local_path_of("./a:b") == "./a:b");
  CHECK(store::local_path_of("file:///data/x") == "/data/x");
  CHECK(store::local_path_of("ria+file:///data#b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01") ==
        "/data/b24/c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
  CHECK(store::local_path_of("ria+file:///data#b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01@v1") ==
        "/data/b24/c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
  CHECK(store::local_path_of("ria+file:///data#~B20_0197@v1") == "/data/alias/B20_0197");
  CHECK(store::local_path_of("ria+file:///data") == "/data");
  CHECK(store::local_path_of("ria+file:///my%20data#~B20%5f") == "/my data/alias/B20%5f");
  CHECK(store::local_path_of("file:///my%20data") == "/my data");
  CHECK(store::local_path_of("/my%20data") == "/my%20data");
  for (const std::string elsewhere : {"https://host/x", "ssh://host/x", "host:x", "me@host:/x", "annex::uuid",
                                      "ria+ssh://host/x#~a", "git://host/x"}) {
    CAPTURE(elsewhere);
    CHECK(store::local_path_of(elsewhere).empty());
  }
}
