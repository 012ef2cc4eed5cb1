// The files beside the ledger while the file system fails at each operation in turn: its lock, its reserve,
// its anchors, its backups. SQLite's own files: ledger_power_test.

#include <filesystem>

#include "lib/ledger/anchor.h"
#include "lib/ledger/backup.h"
#include "lib/ledger/reserve.h"
#include "tests/fault/faults.h"
#include "tests/support/ledger_fixture.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::FaultyFileOps;
using testing::require_good;
using testing::take;
using testing::transfer_event;
using testing::Trouble;

TEST_CASE("Whatever fails as a ledger is opened, it opens or says why, and opens the next time") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const testing::Scratch scratch(testing::fast_parent());
      const Event event = transfer_event(1);
      LedgerOptions options;
      options.ops = &ops;
      options.reserve_bytes = 8192;
      {
        auto ledger = Ledger::open(scratch / "ledger.db", options);
        if (ledger) take(ledger->append({&event, 1}));
        if (!ledger) CHECK_FALSE(ledger.error().message.empty());
      }
      ops.recover();
      Ledger again = take(Ledger::open(scratch / "ledger.db", options));
      take(again.append({&event, 1}));
      CHECK(std::filesystem::file_size(scratch / "ledger.db-reserve") == 8192);
    });
  }
}

TEST_CASE("A reserve is whole or not there, and can always be given up") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const testing::Scratch scratch(testing::fast_parent());
      Reserve reserve(ops, scratch / "reserve", 3U << 20U);
      const auto restored = reserve.restore();
      ops.recover();
      if (restored) CHECK(std::filesystem::file_size(scratch / "reserve") == 3U << 20U);
      require_good(reserve.restore());
      CHECK(std::filesystem::file_size(scratch / "reserve") == 3U << 20U);
      require_good(reserve.release());
      CHECK_FALSE(testing::exists(scratch / "reserve"));
      require_good(reserve.release());
    });
  }
}

TEST_CASE("Whatever fails while an anchor is appended, those before it stay, and the next one is whole") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const testing::Scratch scratch(testing::fast_parent());
      const std::string path = scratch / "heads";
      require_good(append_anchor(fs::posix_file_ops(), path, {1, {}}, 5, "0.1.0"));
      const auto appended = append_anchor(ops, path, {2, {}}, 6, "0.1.0");
      ops.recover();
      const auto heads = take(read_anchors(ops, path));
      REQUIRE_FALSE(heads.empty());
      CHECK(heads.front().seq == 1);
      if (appended) CHECK(ops.not_durable(path).empty());
      if (appended) CHECK(heads.back().seq == 2);
      require_good(append_anchor(ops, path, {3, {}}, 7, "0.1.0"));
      CHECK(take(read_anchors(ops, path)).back().seq == 3);
    });
  }
}

TEST_CASE("Whatever fails while anchors are read, none is left out silently") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const testing::Scratch scratch(testing::fast_parent());
      const std::string path = scratch / "heads";
      for (std::uint64_t seq = 1; seq <= 3; ++seq)
        require_good(append_anchor(fs::posix_file_ops(), path, {seq, {}}, 5, "0.1.0"));
      const auto heads = read_anchors(ops, path);
      if (heads && !(trouble.code == ENOENT)) CHECK(heads->size() == 3);
    });
  }
}

TEST_CASE("Whatever fails while a ledger is backed up, the copy before it stays or the new one is whole") {
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const testing::Scratch scratch(testing::fast_parent());
      const std::string path = scratch / "ledger.db";
      const std::string copy = scratch / "copy.db";
      const std::vector<Event> events{transfer_event(1), transfer_event(2)};
      LedgerOptions options;
      options.reserve_bytes = 0;
      Ledger ledger = take(Ledger::open(path, options));
      take(ledger.append(std::span(events).first(1)));
      take(backup(fs::posix_file_ops(), path, copy));
      take(ledger.append(std::span(events).last(1)));
      const auto made = backup(ops, path, copy);
      ops.recover();
      const Head found = take(take(Reader::open(copy)).head());
      CHECK((found.seq == 2 || (!made && found.seq == 1)));
      if (made) CHECK(*made == ledger.head());
      CHECK_FALSE(testing::exists(copy + "-journal"));
    });
  }
}
