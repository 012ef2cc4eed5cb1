// Storing an object while the file system fails at each operation in turn.

#include "tests/fault/faults.h"
#include "tests/support/store_fixture.h"

using namespace microstage;
using store::Presence;
using testing::Fault;
using testing::FaultyFileOps;
using testing::Op;
using testing::StoreFixture;
using testing::Trouble;

namespace {

// Read and hashed by the storing thread itself, or by threads of their own.
std::size_t either_size() {
  return GENERATE(as<std::size_t>{}, 4096, std::size_t{5} << 20U);
}

// An interrupted call that may simply be made again must be.
bool only_some_calls_may_stop_at(const Trouble& trouble, const FaultyFileOps& ops) {
  if (trouble.fault == Fault::short_count) return false;
  if (trouble.code != EINTR) return true;
  for (const testing::Operation& operation : ops.operations()) {
    if (operation.result == -EINTR) {
      return operation.op != Op::open && operation.op != Op::read && operation.op != Op::write &&
             operation.op != Op::change_mode;
    }
  }
  return false;
}

void check_store(const std::string& bytes, const Trouble& trouble, const std::string& before,
                 const store::TransferControl& control = {}) {
  testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
    const StoreFixture fixture(bytes, "2", testing::fast_parent());
    if (!before.empty()) fixture.put(before);
    const auto stored = fixture.store(ops, control);
    INFO("at " << testing::failed_operation(ops) << ": " << (stored ? "stored" : stored.error().message));
    const std::string now = testing::read_file(fixture.object());
    const bool whole = now == bytes;
    CHECK((whole || now == before));
    if (stored) CHECK(whole);
    if (stored) CHECK(ops.not_durable(fixture.object()).empty());
    if (!stored) CHECK(only_some_calls_may_stop_at(trouble, ops));
    if (!stored) CHECK(stored.error().message.find('\n') == std::string::npos);
    CHECK(ops.synced_again_after_failure().empty());

    ops.recover();
    const auto again = fixture.store(ops);
    INFO("then: " << (again ? "stored" : again.error().message));
    REQUIRE(again);
    CHECK((testing::read_file(fixture.object()) == bytes));
    CHECK(ops.not_durable(fixture.object()).empty());
    if (!again->already_there || !stored) CHECK(fixture.tree() == fixture.tree_with_object_only());
  });
}

}  // namespace

TEST_CASE(
    "whatever fails while an object is stored, success is true, nothing partial is seen, and a retry works") {
  const std::string bytes = testing::sample_bytes(either_size());
  for (const Trouble& trouble : testing::every_trouble())
    check_store(bytes, trouble, {});
}

TEST_CASE(
    "whatever fails while an object is stored and read back, success is true and nothing partial is seen") {
  const std::string bytes = testing::sample_bytes(4097);
  for (const Trouble& trouble : testing::every_trouble())
    check_store(bytes, trouble, {}, {.read_back = true});
}

TEST_CASE("whatever fails while an object of the wrong size is replaced, the old or the new is seen whole") {
  const std::string bytes = testing::sample_bytes(4096);
  for (const Trouble& trouble : testing::every_trouble())
    check_store(bytes, trouble, "short");
}

TEST_CASE("whatever fails, a damaged source never becomes an object") {
  const std::string bytes = testing::sample_bytes(either_size());
  std::string wrong = bytes;
  wrong[bytes.size() / 2] ^= 1;
  for (const Trouble& trouble : testing::every_trouble()) {
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      const StoreFixture fixture(bytes, "2", testing::fast_parent());
      testing::write_file(fixture.source, wrong);
      CHECK_FALSE(fixture.store(ops));
      CHECK(fixture.find() == Presence::absent);
    });
  }
}

TEST_CASE(
    "whatever fails, an object is stored for good also when somebody else made its directories and stopped "
    "there") {
  const std::string bytes = testing::sample_bytes(4096);
  const Trouble trouble = testing::every_trouble().front();
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(n);
    const StoreFixture fixture(bytes, "2", testing::fast_parent());
    FaultyFileOps ops;  // one disk, and two programs: what the first left undone, the second must do
    ops.fail_at(n, Fault::crash, trouble.code);
    CHECK((fixture.store(ops) || ops.fault_was_met()));
    const bool met = ops.fault_was_met();
    ops.recover();
    REQUIRE(fixture.store(ops));
    CHECK(ops.not_durable(fixture.object()).empty());
    if (!met) break;
  }
}
