// What repositories can be made to do to a reader: each is an error for that repository, in bounded time.

#include <sys/stat.h>

#include <filesystem>
#include <random>

#include "lib/repo/repository_reader.h"
#include "tests/support/catch.h"
#include "tests/support/git_fixture.h"

using namespace microstage;
using repo::ObjectId;
using testing::GitFixture;
using testing::link_to;
using testing::Scratch;
using testing::sha256_key;
using testing::tree_entry;
using testing::write_file;

namespace {

Result<repo::SectionPlan> plan(const GitFixture& repository, const repo::Limits& limits = {}) {
  const auto reader = repo::RepositoryReader::open(fs::posix_file_ops(), repository.path(), limits);
  if (!reader) return fail(reader.error());
  return reader->plan();
}

std::string kind_of(const Result<repo::SectionPlan>& plan) {
  if (!plan) CHECK(plan.error().message.find('\n') == std::string::npos);
  return plan ? "planned" : std::string{name(plan.error().kind)};
}

void replace(const std::string& path, std::string_view bytes) {
  std::filesystem::remove_all(path);
  write_file(path, bytes);
}

void replace_by_pipe(const std::string& path) {
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
}

struct Bench {
  Scratch scratch;
  GitFixture repository{scratch / "repository"};
  annex::Key key = sha256_key("content");

  void set_tree(const ObjectId& tree) const {
    repository.set_reference("refs/heads/main", repository.add_commit(tree));
  }
  void fill() const {
    repository.set_reference("refs/heads/main",
                             repository.add_files({{"a/b", link_to(key)}, {"c", "plain"}}));
    repository.set_reference(
        "refs/heads/git-annex",
        repository.add_files({{testing::log_path(key), "1s 1 here\n"}, {"uuid.log", "here x\n"}}));
  }
};

}  // namespace

TEST_CASE("trees without end are an error, and so are trees of trees that multiply") {
  const Bench bench;
  ObjectId tree = bench.repository.add("tree", "");
  for (int i = 0; i < 150; ++i)
    tree = bench.repository.add("tree", tree_entry("40000", "d", tree));
  bench.set_tree(tree);
  CHECK(kind_of(plan(bench.repository)) == "invalid");

  ObjectId wide = bench.repository.add("tree", tree_entry("100644", "f", bench.repository.add("blob", "x")));
  for (int level = 0; level < 12; ++level) {
    std::string bytes;
    for (char name = 'a'; name <= 'j'; ++name)
      bytes += tree_entry("40000", std::string(1, name), wide);
    wide = bench.repository.add("tree", bytes);
  }
  bench.set_tree(wide);
  repo::Limits limits;
  limits.files = 10'000;
  CHECK(kind_of(plan(bench.repository, limits)) == "invalid");

  ObjectId named = bench.repository.add("tree", "");
  for (int i = 0; i < 50; ++i)
    named = bench.repository.add("tree", tree_entry("40000", std::string(200, 'n'), named));
  bench.set_tree(named);
  CHECK(kind_of(plan(bench.repository)) == "invalid");
}

TEST_CASE("objects of the wrong type, and missing ones, are damage") {
  const Bench bench;
  const GitFixture& repository = bench.repository;
  const ObjectId blob = repository.add("blob", "x");
  const ObjectId empty = repository.add("tree", "");
  const ObjectId missing = *ObjectId::parse(std::string(40, '1'));
  for (const ObjectId& wrong : {blob, missing}) {
    bench.set_tree(wrong);
    CHECK(kind_of(plan(repository)) == "integrity");
    bench.set_tree(repository.add("tree", tree_entry("40000", "d", wrong)));
    CHECK(kind_of(plan(repository)) == "integrity");
    bench.set_tree(repository.add("tree", tree_entry("40000", ".datalad", wrong)));
    CHECK(kind_of(plan(repository)) == "integrity");
  }
  for (const ObjectId& wrong : {empty, missing}) {
    bench.set_tree(repository.add("tree", tree_entry("120000", "link", wrong)));
    CHECK(kind_of(plan(repository)) == "integrity");
    bench.set_tree(repository.add("tree", tree_entry("100644", ".gitmodules", wrong)));
    CHECK(kind_of(plan(repository)) == "integrity");
  }
  repository.set_reference("refs/heads/main", missing);
  CHECK(kind_of(plan(repository)) == "integrity");
  repository.set_reference("refs/heads/main", blob);
  CHECK(kind_of(plan(repository)) == "not-found");
  bench.fill();
  repository.set_reference("refs/heads/git-annex", blob);
  CHECK(kind_of(plan(repository)) == "integrity");
  repository.set_reference("refs/heads/git-annex", repository.add("commit", "no tree\n"));
  CHECK(kind_of(plan(repository)) == "integrity");
  // A commit of another dataset in place of a subdataset is never looked for.
  bench.set_tree(repository.add("tree", tree_entry("160000", "sub", missing)));
  std::filesystem::remove(repository / "refs/heads/git-annex");
  CHECK(kind_of(plan(repository)) == "planned");
}

TEST_CASE("names that would lead out of a tree are damage") {
  const Bench bench;
  const ObjectId blob = bench.repository.add("blob", "x");
  for (const char* name : {"..", ".", "", "a/b", "/etc"}) {
    bench.set_tree(bench.repository.add("tree", tree_entry("100644", name, blob)));
    CHECK(kind_of(plan(bench.repository)) == "integrity");
  }
}

TEST_CASE("what is too long is left alone where it can be, and an error where it is needed") {
  const Bench bench;
  const GitFixture& repository = bench.repository;
  const std::string pointer = "/annex/objects/" + bench.key.file_name() + "\n";
  const std::string much(3U << 20U, '\n');
  const ObjectId big = repository.add("blob", pointer + much);
  bench.set_tree(
      repository.add("tree", tree_entry("120000", "link", big) + tree_entry("100644", "pointer", big)));
  const auto left = plan(repository);
  REQUIRE(left);
  CHECK(left->files.empty());
  bench.set_tree(repository.add("tree", tree_entry("100644", ".gitmodules", big)));
  CHECK(kind_of(plan(repository)) == "invalid");
  bench.fill();
  repository.set_reference("refs/heads/git-annex",
                           repository.add_files({{testing::log_path(bench.key), much}}));
  CHECK(kind_of(plan(repository)) == "invalid");
  repository.set_reference("refs/heads/git-annex", repository.add("commit", much));
  CHECK(kind_of(plan(repository)) == "invalid");
}

TEST_CASE("references that lead in circles, out of the repository, or nowhere") {
  const Bench bench;
  bench.fill();
  const auto head = [&](const std::string& text) {
    replace(bench.repository / "HEAD", text);
    return kind_of(plan(bench.repository));
  };
  CHECK(head("ref: refs/heads/main\n") == "planned");
  CHECK(head("ref: refs/heads/none\n") == "not-found");
  CHECK(head("ref: ../../../../etc/passwd\n") == "integrity");
  CHECK(head("ref: refs/../../../../../../../etc/passwd\n") == "invalid");
  CHECK(head("ref: refs/heads\n") == "not-found");
  CHECK(head("ref: \n") == "integrity");
  CHECK(head("") == "integrity");
  CHECK(head(std::string(10'000, 'a')) == "invalid");
  CHECK(head(std::string(64, 'a')) == "unsupported");
  CHECK(head("ref: refs/heads/.invalid\n") == "unsupported");
  write_file(bench.repository / "refs/heads/circle", "ref: refs/heads/circle\n");
  CHECK(head("ref: refs/heads/circle\n") == "integrity");
  CHECK(head(std::string("ref: refs/heads/\0x\n", 19)) == "not-found");
  head("ref: refs/heads/main\n");
  write_file(bench.repository / "secret", std::string(40, '1') + "\n");
  std::filesystem::remove(bench.repository / "refs/heads/main");
  std::filesystem::create_symlink("../../secret", bench.repository / "refs/heads/main");
  CHECK(kind_of(plan(bench.repository)) == "invalid");
}

TEST_CASE("pipes in place of files are refused, not waited for") {
  const char* places[] = {"HEAD",
                          "packed-refs",
                          "refs/heads/main",
                          "refs/heads/git-annex",
                          "commondir",
                          "objects/info/alternates",
                          "objects/pack/pack-x.idx",
                          "objects/pack/multi-pack-index"};
  for (const char* place : places) {
    CAPTURE(place);
    const Bench bench;
    bench.fill();
    replace_by_pipe(bench.repository / place);
    CHECK(kind_of(plan(bench.repository)) != "planned");
  }
  const Bench bench;
  bench.fill();
  const auto commit = ObjectId::parse(testing::read_file(bench.repository / "refs/heads/main").substr(0, 40));
  replace_by_pipe(bench.repository.object_path(*commit));
  CHECK(kind_of(plan(bench.repository)) == "invalid");
}

TEST_CASE("a pipe in the journal is no file of it") {
  const Bench bench;
  bench.fill();
  replace_by_pipe(bench.repository / "annex/journal/uuid.log");
  CHECK(kind_of(plan(bench.repository)) == "planned");
}

TEST_CASE("alternates that lead to themselves end, others are followed") {
  const Bench bench;
  bench.fill();
  const GitFixture other(bench.scratch / "other");
  for (const char* reference : {"refs/heads/main", "refs/heads/git-annex"})
    write_file(other / reference, testing::read_file(bench.repository / reference));
  CHECK(kind_of(plan(other)) == "integrity");
  write_file(other / "objects/info/alternates", "# of the other\n../../repository/objects\n");
  CHECK(kind_of(plan(other)) == "planned");
  write_file(bench.repository / "objects/info/alternates", bench.repository / "objects\n");
  CHECK(kind_of(plan(bench.repository)) == "invalid");
  write_file(other / "objects/info/alternates", "/nowhere\n");
  CHECK(kind_of(plan(other)) == "not-found");
}

TEST_CASE("an object cut off anywhere, or with a byte changed, never becomes another plan") {
  const Bench bench;
  bench.fill();
  const auto right = plan(bench.repository);
  REQUIRE(right);
  std::vector<std::string> objects;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bench.repository / "objects"))
    if (entry.is_regular_file()) objects.push_back(entry.path().string());
  REQUIRE(objects.size() > 6);
  std::mt19937 random(7);
  for (const std::string& object : objects) {
    const std::string bytes = testing::read_file(object);
    for (int i = 0; i < 40; ++i) {
      std::string damaged = bytes.substr(0, i % 2 == 0 ? random() % bytes.size() : bytes.size());
      if (i % 2 == 1) damaged[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
      CAPTURE(object, i);
      replace(object, damaged);
      const auto again = plan(bench.repository);
      if (again) CHECK(again->present_at("here") == right->present_at("here"));
    }
    replace(object, bytes);
  }
  CHECK(kind_of(plan(bench.repository)) == "planned");
}

TEST_CASE("a pack that is cut off or has a byte changed gives an error, or the same plan") {
  const Bench bench;
  bench.fill();
  const auto right = plan(bench.repository);
  REQUIRE(right);
  const std::string pack = bench.repository.pack();
  REQUIRE(kind_of(plan(bench.repository)) == "planned");
  std::mt19937 random(11);
  for (const char* extension : {".pack", ".idx"}) {
    const std::string bytes = testing::read_file(pack + extension);
    for (int i = 0; i < 150; ++i) {
      std::string damaged = bytes.substr(0, i % 3 == 0 ? random() % bytes.size() : bytes.size());
      if (i % 3 != 0) damaged[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
      CAPTURE(extension, i);
      replace(pack + extension, damaged);
      const auto again = plan(bench.repository);
      if (again) CHECK(again->present_at("here") == right->present_at("here"));
    }
    replace(pack + extension, bytes);
  }
  CHECK(kind_of(plan(bench.repository)) == "planned");
}

TEST_CASE("a pack whose deltas lead to themselves is refused, and one with a base behind its delta is read") {
  const auto pack_of = [](const Bench& bench, const std::string& objects, std::size_t second) {
    const std::string a(20, '\x11');
    const std::string b(20, '\x22');
    std::string index("\377tOc\0\0\0\2", 8);
    const auto number = [&](std::size_t value) {
      for (const unsigned shift : {24U, 16U, 8U, 0U})
        index += static_cast<char>(value >> shift & 0xffU);
    };
    for (int first = 0; first < 256; ++first)
      number((first >= 0x11 ? 1U : 0U) + (first >= 0x22 ? 1U : 0U));
    index += a + b + std::string(8, '\0');
    number(12);
    number(second);
    write_file(bench.repository / "objects/pack/pack-x.idx", index + std::string(40, 'x'));
    write_file(bench.repository / "objects/pack/pack-x.pack",
               std::string("PACK\0\0\0\2\0\0\0\2", 12) + objects + std::string(20, 'x'));
  };
  const std::string to_a = "\x74" + std::string(20, '\x11') + "delta";
  const std::string to_b = "\x74" + std::string(20, '\x22') + "delta";
  const std::string to_before = std::string("\x64") + static_cast<char>(to_b.size()) + "delta";
  const std::string whole =
      "\x34"
      "blob";
  const auto refused = [&](const std::string& first, const std::string& second) {
    const Bench bench;
    bench.fill();
    pack_of(bench, first + second, 12 + first.size());
    const auto made = plan(bench.repository);
    return !made && made.error().message.find("lead to themselves") != std::string::npos;
  };
  CHECK(refused(to_b, to_a));
  CHECK(refused(to_b, to_before));
  CHECK(refused(to_a, whole));
  CHECK_FALSE(refused(to_b, whole));
  CHECK_FALSE(refused(whole, to_a));
  CHECK_FALSE(refused(whole, whole));
}
