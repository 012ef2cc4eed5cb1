#include "lib/repo/repository_reader.h"

#include <filesystem>

#include "lib/repo/plan_cache.h"
#include "tests/support/catch.h"
#include "tests/support/git_fixture.h"

using namespace microstage;
using repo::RepositoryReader;
using testing::GitFixture;
using testing::key_of;
using testing::link_to;
using testing::log_path;
using testing::Scratch;
using testing::sha256_key;
using testing::write_file;

namespace {

const std::string kHere = "11111111-1111-4111-8111-111111111111";
const std::string kThere = "22222222-2222-4222-8222-222222222222";

// Two planes, one of them twice, one here and one there.
class Section {
 public:
  Section() {
    const auto commit = repository.add_files(
        {{"planes/z00.tif", link_to(first)},
         {"planes/z01.tif", link_to(second)},
         {"copy", "/annex/objects/" + first.file_name() + "\n"},
         {"README", "in git"},
         {".datalad/config", "[datalad \"dataset\"]\n\tid = " + std::string{testing::kDatasetId} + "\n"}});
    repository.set_reference("refs/heads/main", commit);
    set_log("refs/heads/git-annex", "1s 1 " + kHere + "\n", "1s 1 " + kThere + "\n");
  }

  void set_log(const std::string& reference, const std::string& of_first, const std::string& of_second) {
    repository.set_reference(
        reference, repository.add_files({{log_path(first), of_first}, {log_path(second), of_second}}));
  }

  Scratch scratch;
  GitFixture repository{scratch / "section"};
  annex::Key first = sha256_key("first");
  annex::Key second = key_of("URL--http://example.org/second");
};

repo::SectionPlan plan_of(const std::string& path, std::string_view revision = {},
                          std::string_view below = {}) {
  const auto reader = RepositoryReader::open(fs::posix_file_ops(), path);
  REQUIRE(reader);
  auto plan = reader->plan(revision, below);
  if (!plan) FAIL(plan.error().message);
  return std::move(*plan);
}

Error error_of(const std::string& path, std::string_view revision = {}, std::string_view below = {}) {
  const auto reader = RepositoryReader::open(fs::posix_file_ops(), path);
  if (!reader) return reader.error();
  const auto plan = reader->plan(revision, below);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message.find(path) != std::string::npos);
  CHECK(plan.error().message.find('\n') == std::string::npos);
  return plan.error();
}

}  // namespace

TEST_CASE("a plan has each key once, its files, its size and where it is") {
  Section section;
  const auto plan = plan_of(section.repository.path());
  REQUIRE(plan.dataset);
  CHECK(plan.dataset->text() == testing::kDatasetId);
  REQUIRE(plan.keys.size() == 2);
  REQUIRE(plan.files.size() == 3);
  CHECK(plan.files[0].path == "copy");
  CHECK(plan.files[0].unlocked);
  CHECK(plan.files[1].path == "planes/z00.tif");
  CHECK_FALSE(plan.files[1].unlocked);
  CHECK(plan.files[0].key == plan.files[1].key);
  CHECK(plan.is_at(plan.keys[0], kHere));
  CHECK_FALSE(plan.is_at(plan.keys[0], kThere));
  CHECK_FALSE(plan.is_at(plan.keys[0], "elsewhere"));
  // Two hash directories, the key's own and the object: those inodes a key takes in a store of its own.
  CHECK(plan.present_at(kHere) == repo::Amount{1, 5, 0, 4});
  CHECK(plan.missing_at(kHere) == repo::Amount{1, 0, 1, 4});
  CHECK(plan.total() == repo::Amount{2, 5, 1, 8});
}

TEST_CASE("revisions are commits, branches, tags, and the beginnings of commits") {
  Section section;
  const GitFixture& repository = section.repository;
  const auto old = repository.add_files({{"old", link_to(section.second)}});
  const auto tag =
      repository.add("tag", "object " + old.hex() + "\ntype commit\ntag v1\ntagger x <x> 1 +0000\n\nx\n");
  repository.set_reference("refs/tags/v1", tag);
  repository.set_reference("refs/heads/old", old);
  repository.set_reference("refs/remotes/origin/old", old);
  for (const std::string& revision : {std::string("v1"), std::string("old"), std::string("origin/old"),
                                      std::string("refs/tags/v1"), old.hex(), old.hex().substr(0, 10)}) {
    CAPTURE(revision);
    const auto plan = plan_of(repository.path(), revision);
    REQUIRE(plan.files.size() == 1);
    CHECK(plan.files[0].path == "old");
    CHECK(plan.commit == old);
  }
  for (const char* revision : {"none", "HEAD~1", "../../../etc/passwd", "/etc/passwd", "abc", "0000000000",
                               "refs/heads/..", "refs", "refs/heads", "refs/", "@{u}", "a b", "\xff\n"}) {
    CAPTURE(revision);
    CHECK(error_of(repository.path(), revision).kind == ErrorKind::not_found);
  }
  CHECK(error_of(repository.path(), std::string_view("v1\0", 3)).kind == ErrorKind::not_found);
}

TEST_CASE("a path is a file or a directory of the commit") {
  Section section;
  const std::string& path = section.repository.path();
  CHECK(plan_of(path, {}, "planes").files.size() == 2);
  CHECK(plan_of(path, {}, "planes/").files.size() == 2);
  const auto plan = plan_of(path, "main", "planes/z01.tif");
  REQUIRE(plan.files.size() == 1);
  CHECK(plan.files[0].path == "planes/z01.tif");
  CHECK(plan.keys[0].key == section.second.text());
  CHECK(plan.is_at(plan.keys[0], kThere));
  CHECK(plan_of(path, {}, "README").files.empty());
  for (const char* absent :
       {"plane", "planes/z02.tif", "planes/z01.tif/x", "README/x", "..", "/planes", "planes//z01.tif"})
    CHECK(error_of(path, {}, absent).kind == ErrorKind::not_found);
}

TEST_CASE("branches that nobody merged count, the newest line first, wherever it is") {
  Section section;
  section.set_log("refs/remotes/origin/git-annex", "2s 0 " + kHere + "\n",
                  "0.5s 0 " + kThere + "\n1s 1 " + kHere + "\n");
  section.set_log("refs/heads/synced/git-annex", "1s 1 " + kThere + "\n", "");
  section.set_log("refs/remotes/origin/git-annex-not", "9s 1 x\n", "9s 1 x\n");
  const auto plan = plan_of(section.repository.path());
  REQUIRE(plan.repositories.size() == 2);
  CHECK(plan.present_at(kHere) == repo::Amount{1, 0, 1, 4});
  CHECK(plan.present_at(kThere) == repo::Amount{2, 5, 1, 8});
}

TEST_CASE("a file of the journal stands in place of the branch's, beside what remotes have") {
  Section section;
  section.set_log("refs/remotes/origin/git-annex", "1s 1 " + kThere + "\n", "");
  const std::string directories = section.first.branch_directories();
  const std::string name =
      directories.substr(0, 3) + "_" + directories.substr(4) + "_" + section.first.text() + ".log";
  write_file(section.repository / ("annex/journal/" + name),
             "1s 1 33333333-3333-4333-8333-333333333333\n9s 1 torn");
  write_file(section.repository / ("annex/journal-private/" + name), "1s 1 private\n");
  const auto plan = plan_of(section.repository.path());
  std::vector<std::string> uuids;
  for (const std::uint32_t place : plan.keys[0].repositories)
    uuids.push_back(plan.repositories[place].uuid);
  CHECK(uuids == std::vector<std::string>{kThere, "33333333-3333-4333-8333-333333333333", "private"});
}

TEST_CASE("references are found packed, loose before packed, while they are being packed") {
  Section section;
  const GitFixture& repository = section.repository;
  const std::string main = testing::read_file(repository / "refs/heads/main");
  const std::string other(40, 'f');
  write_file(repository / "packed-refs",
             "# pack-refs with: peeled fully-peeled sorted \n" + other + " refs/heads/main\n^" + other +
                 "\n" + testing::read_file(repository / "refs/heads/git-annex").substr(0, 40) +
                 " refs/heads/git-annex\n");
  std::filesystem::remove(repository / "refs/heads/git-annex");
  CHECK(plan_of(repository.path()).keys[0].repositories.size() == 1);
  const auto reader = RepositoryReader::open(fs::posix_file_ops(), repository.path());
  REQUIRE(reader);
  REQUIRE(reader->state());
  // git pack-refs: packed first, then the loose one is removed.
  write_file(repository / "packed-refs.lock", main.substr(0, 40) + " refs/heads/main\n");
  std::filesystem::rename(repository / "packed-refs.lock", repository / "packed-refs");
  std::filesystem::remove(repository / "refs/heads/main");
  REQUIRE(reader->state());
  CHECK(reader->state()->head.hex() + "\n" == main);
}

TEST_CASE("a plan is kept until HEAD, a branch or the journal changes") {
  Section section;
  const GitFixture& repository = section.repository;
  repo::PlanCache cache(fs::posix_file_ops());
  const auto plan = [&] {
    auto made = cache.plan(repository.path());
    REQUIRE(made);
    return *made;
  };
  const auto first = plan();
  CHECK(plan() == first);
  section.set_log("refs/remotes/origin/git-annex", "2s 0 " + kHere + "\n", "");
  const auto second = plan();
  CHECK(second != first);
  CHECK(second->present_at(kHere).keys == 0);
  CHECK(plan() == second);
  write_file(repository / "annex/journal/uuid.log", kHere + " name timestamp=1s\n");
  const auto third = plan();
  REQUIRE(third != second);
  CHECK(third->repositories[0].description == "name");
  repository.set_reference("refs/heads/main", repository.add_files({{"one", link_to(section.first)}}));
  CHECK(plan()->files.size() == 1);
  const auto last = plan();
  cache.forget(repository.path());
  CHECK(plan() != last);
}

TEST_CASE("plans of other commits are kept, too, as long as nothing changes") {
  Section section;
  const GitFixture& repository = section.repository;
  const auto other = repository.add_files({{"other", link_to(section.second)}, {"plain", "x"}});
  repo::PlanCache cache(fs::posix_file_ops());
  const auto head = cache.plan(repository.path());
  const auto first = cache.plan(repository.path(), other);
  REQUIRE(head);
  REQUIRE(first);
  CHECK((*first)->commit == other);
  CHECK((*first)->files.size() == 1);
  CHECK((*first)->tree_entries == 2);
  CHECK((*head)->tree_entries == 7);  // with .datalad and planes
  CHECK((*first)->is_at((*first)->keys[0], kThere));
  CHECK(*cache.plan(repository.path()) == *head);
  CHECK(*cache.plan(repository.path(), other) == *first);
  CHECK(*cache.plan(repository.path(), (*head)->commit) == *head);
  section.set_log("refs/heads/git-annex", "1s 1 " + kHere + "\n", "2s 0 " + kThere + "\n");
  const auto second = cache.plan(repository.path(), other);
  REQUIRE(second);
  CHECK(*second != *first);
  CHECK_FALSE((*second)->is_at((*second)->keys[0], kThere));
  const auto none = cache.plan(repository.path(), *repo::ObjectId::parse(std::string(40, '1')));
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::integrity);
}

TEST_CASE("a repository knows its own uuid, if git-annex was set up in it") {
  Section section;
  const auto uuid = [&] {
    const auto reader = RepositoryReader::open(fs::posix_file_ops(), section.repository.path());
    REQUIRE(reader);
    return reader->annex_uuid();
  };
  CHECK(uuid() == std::string{});
  write_file(section.repository / "config", "[annex]\n\tuuid = " + kHere + "\n\tversion = 10\n");
  CHECK(uuid() == kHere);
  std::filesystem::remove(section.repository / "config");
  CHECK(uuid() == std::string{});
  write_file(section.repository / "config", "[annex\nuuid");
  const auto damaged = uuid();
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().message.find(section.repository.path()) != std::string::npos);
}
