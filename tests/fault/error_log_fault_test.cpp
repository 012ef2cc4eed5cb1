// Writing to the store's error log while the file system fails at each operation in turn.

#include "lib/store/error_log.h"
#include "tests/fault/faults.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using testing::FaultyFileOps;
using testing::StoreFixture;
using testing::Trouble;

TEST_CASE("whatever fails while an error is logged, what was logged before stays, and nothing else changes") {
  const auto client = *DatasetId::parse("99999999-2222-4333-8444-555555555555");
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const StoreFixture fixture("x", "2", testing::fast_parent());
      const std::string store = fixture.scratch / "store";
      const std::string log =
          store + "/error_logs/" + std::string{testing::kDatasetId} + "." + client.text() + ".log";
      testing::write_file(store + "/ria-layout-version", "1|l\n");
      testing::write_file(log, "earlier\n");
      const auto logged = store::log_error(ops, store, testing::sample_dataset_id(), client, "it\nfailed");
      const std::string text = testing::read_file(log);
      CHECK(text.starts_with("earlier\n"));
      if (logged) CHECK(text.ends_with(": it failed\n"));
      CHECK(fixture.tree().empty());
    });
  }
}
