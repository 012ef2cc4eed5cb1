// Changing an export tree while the file system fails at each operation in turn.

#include "tests/fault/faults.h"
#include "tests/support/tree_fixture.h"

using namespace microstage;
using namespace microstage::testing;
using Tree = std::vector<std::string>;

namespace {

bool is_error(const Trouble& trouble) {
  return trouble.fault != Fault::short_count;
}

}  // namespace

TEST_CASE("whatever fails while a file is exported, the old or the new is seen whole, and a retry works") {
  const std::string before = GENERATE("", "old");
  const std::string bytes = sample_bytes(before.empty() ? std::size_t{3} << 20U : 4096);
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture(bytes, fast_parent());
      if (!before.empty()) fixture.put("d/e/x", before);
      const auto stored = fixture.store("d/e/x", ops);
      INFO("at " << failed_operation(ops) << ": " << (stored ? "stored" : stored.error().message));
      const std::string now = read_file(fixture.at("d/e/x"));
      CHECK((now == bytes || now == before));
      if (stored) CHECK((now == bytes));
      if (stored) CHECK(ops.not_durable(fixture.at("d/e/x")).empty());
      if (!stored) CHECK(is_error(trouble));
      if (!stored) CHECK(stored.error().message.find('\n') == std::string::npos);
      CHECK(ops.synced_again_after_failure().empty());
      ops.recover();
      REQUIRE(fixture.store("d/e/x", ops));
      CHECK((read_file(fixture.at("d/e/x")) == bytes));
      CHECK(ops.not_durable(fixture.at("d/e/x")).empty());
      CHECK(fixture.tree() == Tree{"d/", "d/e/", "d/e/x"});
    });
  }
}

TEST_CASE("whatever fails, a damaged source never becomes an exported file") {
  const std::string bytes = sample_bytes(4096);
  std::string wrong = bytes;
  wrong[2000] ^= 1;
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture(bytes, fast_parent());
      write_file(fixture.source, wrong);
      CHECK_FALSE(fixture.store("d/x", ops));
      CHECK_FALSE(exists(fixture.at("d/x")));
    });
  }
}

TEST_CASE("whatever fails while a file is renamed, it has one of the two names, and a retry works") {
  const std::string bytes = sample_bytes(4096);
  const std::string to = GENERATE("n/m/y", "y");
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture(bytes, fast_parent());
      REQUIRE(fixture.store("d/x"));
      const auto renamed = fixture.rename("d/x", to, ops);
      INFO("at " << failed_operation(ops) << ": " << (renamed ? "renamed" : renamed.error().message));
      const bool old_name = read_file(fixture.at("d/x")) == bytes;
      const bool new_name = read_file(fixture.at(to)) == bytes;
      CHECK(old_name != new_name);
      if (renamed) CHECK(new_name);
      if (!renamed) CHECK(is_error(trouble));
      ops.recover();
      REQUIRE(fixture.rename("d/x", to, ops));
      CHECK((read_file(fixture.at(to)) == bytes));
      CHECK_FALSE(exists(fixture.at("d/x")));
    });
  }
}

TEST_CASE("whatever fails, a rename never takes another file nor replaces one") {
  const std::string bytes = sample_bytes(4096);
  const std::string other(4096, '?');
  for (const Trouble& trouble : every_trouble()) {
    if (trouble.code == ENOENT) continue;  // a file system that denies having a file has one replaced
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture(bytes, fast_parent());
      fixture.put("x", bytes);
      fixture.put("y", other);
      CHECK_FALSE(fixture.rename("x", "y", ops));
      CHECK_FALSE(fixture.rename("y", "z", ops));
      CHECK((read_file(fixture.at("x")) == bytes));
      CHECK((read_file(fixture.at("y")) == other));
      CHECK(fixture.tree() == Tree{"x", "y"});
    });
  }
}

TEST_CASE("whatever fails while a file is removed, success is true, and a retry leaves nothing of it") {
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture("content", fast_parent());
      REQUIRE(fixture.store("d/e/x"));
      fixture.put("d/theirs", "");
      const auto removed = fixture.remove("d/e/x", ops);
      INFO("at " << failed_operation(ops) << ": " << (removed ? "removed" : removed.error().message));
      if (removed && trouble.code != ENOENT) CHECK_FALSE(exists(fixture.at("d/e/x")));
      ops.recover();
      REQUIRE(fixture.remove("d/e/x", ops));
      CHECK(fixture.tree() == Tree{"d/", "d/theirs"});
    });
  }
}

TEST_CASE("whatever fails while a file is to be removed that holds something else by now, it stays") {
  for (const Trouble& trouble : every_trouble()) {
    if (trouble.code == ENOENT) continue;  // a file system that denies having a file has one removed
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture("content", fast_parent());
      fixture.put("d/x", "Content");
      INFO("at " << failed_operation(ops));
      CHECK_FALSE(fixture.remove("d/x", ops).value_or(false));
      CHECK(read_file(fixture.at("d/x")) == "Content");
    });
  }
}

TEST_CASE("whatever fails while a directory is removed, what it holds stays, and success is true") {
  for (const Trouble& trouble : every_trouble()) {
    at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const TreeFixture fixture("content", fast_parent());
      std::filesystem::create_directories(fixture.at("d/empty"));
      fixture.put("full/theirs", "");
      const auto removed = fixture.remove_directory("d/empty", ops);
      if (removed && trouble.code != ENOENT) CHECK_FALSE(exists(fixture.at("d/empty")));
      if (trouble.code != ENOENT) CHECK_FALSE(fixture.remove_directory("full", ops).value_or(false));
      CHECK(exists(fixture.at("full/theirs")));
      ops.recover();
      REQUIRE(fixture.remove_directory("d/empty", ops) == true);
      CHECK(fixture.tree() == Tree{"full/", "full/theirs"});
    });
  }
}
