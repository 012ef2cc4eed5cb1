// What the remote means by its answers about exported files, and what INITREMOTE accepts.

#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "remote/special_remote.h"
#include "tests/support/catch.h"
#include "tests/support/fake_conversation.h"
#include "tests/support/tree_fixture.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// A clone-like directory as working directory, a tree, git's configuration from nowhere.
struct Bench {
  Bench() : back(std::filesystem::current_path()) {
    std::filesystem::create_directories(tree.scratch / "clone/.git/annex/tmp");
    std::filesystem::current_path(tree.scratch / "clone");
    ::setenv("HOME", tree.scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::setenv("MICROSTAGE_SPOOL", "no", 1);
    ::setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    ::setenv("GIT_CEILING_DIRECTORIES", tree.scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_COUNT", "0", 1);
    conversation.answers = {{"GETCONFIG url", "file://" + tree.root},
                            {"GETCONFIG push-url", ""},
                            {"GETCONFIG archive-id", ""},
                            {"GETCONFIG exporttree", "yes"},
                            {"GETCONFIG importtree", ""},
                            {"GETCONFIG name", "tree"},
                            {"GETUUID", "11111111-2222-4333-8444-555555555555"},
                            {"GETGITDIR", ".git"},
                            {"GETGITREMOTENAME", "tree"}};
  }
  ~Bench() {
    remote.reset();
    std::filesystem::current_path(back);
  }

  std::string ask(const Request& request) { return remote->serve(request, conversation).front(); }
  std::string ask(RequestType type) { return ask(Request{type, "", ""}); }
  // About the fixture's key at a name.
  std::string ask(RequestType type, const std::string& name, const std::string& file = "../source") {
    return ask(Request{type, tree.key.text(), file, name, ""});
  }

  TreeFixture tree{sample_bytes(3'000'000)};
  FakeConversation conversation;
  std::unique_ptr<SpecialRemote> remote = std::make_unique<SpecialRemote>(fs::posix_file_ops());
  std::filesystem::path back;
};

}  // namespace

TEST_CASE("INITREMOTE wants file:// exactly with exporttree=yes, and nothing that only a store has") {
  struct Row {
    std::string query;
    std::string answer;
    std::string complaint;  // empty: accepted
  };
  const auto row =
      GENERATE(Row{"GETCONFIG name", "tree", ""}, Row{"GETCONFIG url", "file:///not/mounted", ""},
               Row{"GETCONFIG url", "ria+file:///data/store", "needs its directory"},
               Row{"GETCONFIG url", "ria+http://host/store", "needs its directory"},
               Row{"GETCONFIG url", "", "needs its directory"},
               Row{"GETCONFIG url", "/data/tree", "needs its directory"},
               Row{"GETCONFIG url", "file://", "names no directory"},
               Row{"GETCONFIG url", "file://host/tree", "names no directory"},
               Row{"GETCONFIG exporttree", "", "needs exporttree=yes"},
               Row{"GETCONFIG exporttree", "no", "needs exporttree=yes"},
               Row{"GETCONFIG archive-id", std::string{kDatasetId}, "archive-id="},
               Row{"GETCONFIG push-url", "file:///data/tree", "push-url="},
               Row{"GETCONFIG importtree", "yes", "importtree=yes"});
  CAPTURE(row.query, row.answer);
  Bench bench;
  bench.conversation.answers[row.query] = row.answer;
  const std::string reply = bench.ask(RequestType::init_remote);
  if (row.complaint.empty()) CHECK(reply == "INITREMOTE-SUCCESS");
  if (!row.complaint.empty()) CHECK_THAT(reply, StartsWith("INITREMOTE-FAILURE ") && Contains(row.complaint));
  CHECK(bench.tree.tree().empty());
  CHECK(bench.conversation.configs.empty());
}

TEST_CASE("exports are supported where a tree is wanted, and a mixture is left to INITREMOTE to refuse") {
  Bench bench;
  CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-SUCCESS");
  bench.conversation.answers["GETCONFIG exporttree"] = "";
  CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-SUCCESS");
  bench.conversation.answers["GETCONFIG url"] = "ria+file:///data/store";
  CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-FAILURE");
  bench.conversation.answers["GETCONFIG exporttree"] = "yes";
  CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-SUCCESS");
  bench.conversation.answers.clear();
  CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-FAILURE");
}

TEST_CASE("nothing about exported files is answered before PREPARE") {
  Bench bench;
  CHECK_THAT(bench.ask(RequestType::store, "x"), StartsWith("TRANSFER-FAILURE STORE "));
  CHECK_THAT(bench.ask(RequestType::check_present, "x"), StartsWith("CHECKPRESENT-UNKNOWN "));
  CHECK(bench.tree.tree().empty());
}

TEST_CASE("a retrieved file that was changed in the tree is refused, and no longer counts as present") {
  Bench bench;
  const std::string target = ".git/annex/tmp/K";
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  CHECK_THAT(bench.ask(RequestType::store, "d/x"), StartsWith("TRANSFER-SUCCESS"));
  CHECK_THAT(bench.ask(RequestType::retrieve, "d/x", target), StartsWith("TRANSFER-SUCCESS"));
  CHECK((read_file(target) == bench.tree.bytes));
  std::filesystem::remove(target);
  std::string changed = bench.tree.bytes;
  changed[1'500'000] ^= 1;
  bench.tree.put("d/x", changed);
  CHECK_THAT(bench.ask(RequestType::retrieve, "d/x", target), Contains("is not the file that was exported"));
  CHECK_FALSE(exists(target));
  CHECK_THAT(bench.ask(RequestType::check_present, "d/x"), StartsWith("CHECKPRESENT-FAILURE"));
  CHECK((read_file(bench.tree.at("d/x")) == changed));
  CHECK_THAT(bench.ask(RequestType::store, "d/x"), StartsWith("TRANSFER-SUCCESS"));
  CHECK_THAT(bench.ask(RequestType::check_present, "d/x"), StartsWith("CHECKPRESENT-SUCCESS"));
}

TEST_CASE("a removal right after a store is git-annex's rollback of a proven file and is refused once") {
  Bench bench;
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  CHECK_THAT(bench.ask(RequestType::store, "x"), StartsWith("TRANSFER-SUCCESS"));
  CHECK_THAT(bench.ask(RequestType::remove, "y"), StartsWith("REMOVE-SUCCESS"));
  CHECK_THAT(bench.ask(RequestType::remove, "x"), StartsWith("REMOVE-FAILURE"));
  CHECK(exists(bench.tree.at("x")));
  CHECK_THAT(bench.ask(RequestType::remove, "x"), StartsWith("REMOVE-SUCCESS"));
  CHECK_FALSE(exists(bench.tree.at("x")));
}

TEST_CASE("a tree that is not mounted is unavailable, and nothing is said to be absent") {
  Bench bench;
  bench.conversation.answers["GETCONFIG url"] = "file://" + bench.tree.scratch.path() + "/elsewhere";
  bench.conversation.extensions.insert(Extension::unavailable_response);
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  CHECK_THAT(bench.ask(RequestType::check_present, "x"), StartsWith("CHECKPRESENT-UNKNOWN"));
  CHECK_THAT(bench.ask(RequestType::remove, "x"), StartsWith("REMOVE-FAILURE"));
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY UNAVAILABLE");
  CHECK(bench.ask(RequestType::get_cost) == "COST 100");
  std::filesystem::create_directory(bench.tree.scratch / "elsewhere");
  CHECK_THAT(bench.ask(RequestType::check_present, "x"), StartsWith("CHECKPRESENT-FAILURE"));
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY LOCAL");
}

TEST_CASE("this machine's path to the tree comes from git's configuration") {
  Bench bench;
  std::filesystem::create_directory(bench.tree.scratch / "here");
  const std::string variable = GENERATE("remote.tree.ora-url", "url.file:///mnt.insteadOf");
  const bool rewritten = variable.starts_with("url");
  bench.conversation.answers["GETCONFIG url"] = "file:///data/tree";
  const std::string here = "file://" + bench.tree.scratch.path() + "/here";
  ::setenv("GIT_CONFIG_COUNT", "1", 1);
  ::setenv("GIT_CONFIG_KEY_0", rewritten ? ("url." + here + ".insteadOf").c_str() : variable.c_str(), 1);
  ::setenv("GIT_CONFIG_VALUE_0", rewritten ? "file:///data/tree" : here.c_str(), 1);
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  CHECK_THAT(bench.ask(RequestType::store, "x"), StartsWith("TRANSFER-SUCCESS"));
  CHECK((read_file(bench.tree.scratch / "here/x") == bench.tree.bytes));
}

TEST_CASE(
    "after a change that did not happen another content of the same size is not taken for the new file") {
  Bench bench;
  bench.tree.put("x", std::string(bench.tree.bytes.size(), '?'));
  const std::string present = "CHECKPRESENT-SUCCESS " + bench.tree.key.text();
  const std::string absent = "CHECKPRESENT-FAILURE " + bench.tree.key.text();
  SECTION(
      "in a process that takes the place of one that died, which git-annex does not ask for its support") {
    REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
    CHECK(bench.ask(RequestType::check_present, "x") == absent);
  }
  SECTION("after a failure of ours") {
    CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-SUCCESS");
    REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
    CHECK(bench.ask(RequestType::check_present, "x") == present);  // looking inside takes time
    if (GENERATE(false, true)) {
      CHECK_THAT(bench.ask(Request{RequestType::rename_export, bench.tree.key.text(), "", "x", "y"}),
                 StartsWith("RENAMEEXPORT-FAILURE"));
    } else {
      std::filesystem::create_symlink("nowhere", bench.tree.at("way"));
      CHECK_THAT(bench.ask(RequestType::remove, "way/x"), StartsWith("REMOVE-FAILURE"));
    }
    CHECK(bench.ask(RequestType::check_present, "x") == absent);
  }
  CHECK(bench.ask(RequestType::store, "x") == "TRANSFER-SUCCESS STORE " + bench.tree.key.text());
  CHECK(bench.ask(RequestType::check_present, "x") == present);
}

TEST_CASE("a removal by the name that another file has by now leaves that file, and says so") {
  Bench bench;
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  bench.tree.put("x", std::string(bench.tree.bytes.size(), '?'));
  CHECK(bench.ask(RequestType::remove, "x") == "REMOVE-SUCCESS " + bench.tree.key.text());
  CHECK(bench.tree.tree() == std::vector<std::string>{"x"});
  REQUIRE(bench.conversation.informed.size() == 1);
  CHECK_THAT(bench.conversation.informed[0], Contains("/tree/x stays: it holds something else"));
}

TEST_CASE("what a process that died had renamed for git-annex does not stay under the temporary name") {
  Bench bench;
  const std::string temporary = ".git-annex-tmp-content-" + bench.tree.key.text();
  bench.tree.put(temporary, bench.tree.bytes);
  const bool first = GENERATE(false, true);
  if (first) CHECK(bench.ask(RequestType::export_supported) == "EXPORTSUPPORTED-SUCCESS");
  REQUIRE(bench.ask(RequestType::prepare) == "PREPARE-SUCCESS");
  CHECK(bench.ask(RequestType::remove, "old") == "REMOVE-SUCCESS " + bench.tree.key.text());
  CHECK(exists(bench.tree.at(temporary)) == first);  // may be on its way to a new name
}
