// Delivering an object to git-annex while the file system fails at each operation in turn.

#include "tests/fault/faults.h"
#include "tests/support/deliver_fixture.h"

using namespace microstage;
using testing::Clone;
using testing::Fault;
using testing::FaultyFileOps;
using testing::Trouble;
using transfer::DeliveryMode;

namespace {

struct Case {
  DeliveryMode mode;
  std::size_t size;
  std::size_t resumed;  // bytes of an earlier attempt
};

const std::vector<Case> kCases{
    {DeliveryMode::follow, 4096, 0},
    {DeliveryMode::follow, 3 * testing::kMiB, 0},
    {DeliveryMode::follow, 3 * testing::kMiB, testing::kMiB + 1},
    {DeliveryMode::verify_once, 4096, 0},
    {DeliveryMode::verify_once, 4096, 1000},
    {DeliveryMode::verify_once, 3 * testing::kMiB, 0},
    {DeliveryMode::verify_once, 3 * testing::kMiB, testing::kMiB + 1},
};

void prepare(Clone& clone, const Case& example) {
  clone.delivery.mode = example.mode;
  if (example.resumed > 0) testing::write_file(clone.partial(), clone.bytes.substr(0, example.resumed));
}

bool in_place(const Case& example) {
  return example.mode == DeliveryMode::follow && example.size >= transfer::kSmallObject;
}

}  // namespace

TEST_CASE(
    "whatever fails while an object is retrieved, success is true, only right bytes are seen, and a retry "
    "works") {
  for (const Case& example : kCases) {
    CAPTURE(static_cast<int>(example.mode), example.size, example.resumed);
    const std::string bytes = testing::sample_bytes(example.size);
    for (const Trouble& trouble : testing::every_trouble()) {
      testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
        Clone clone(bytes, testing::fast_parent());
        prepare(clone, example);
        const auto delivered = clone.deliver(ops);
        INFO("at " << testing::failed_operation(ops) << ": "
                   << (delivered ? "delivered" : delivered.error().message));
        const std::string now = testing::read_file(clone.path);
        CHECK((now == bytes.substr(0, now.size())));
        if (delivered) CHECK((now == bytes));
        if (!delivered && !in_place(example)) CHECK((now.empty() || now == bytes));
        if (trouble.fault == Fault::short_count) CHECK(delivered);

        ops.recover();
        const auto again = clone.deliver(ops);
        INFO("then: " << (again ? "delivered" : again.error().message));
        REQUIRE(again);
        CHECK(clone.right());
        CHECK(clone.files() == std::vector<std::string>{"git/annex/tmp/KEY"});
      });
    }
  }
}

TEST_CASE(
    "whatever fails, a damaged object is never delivered, and a good copy is by the second attempt at "
    "latest") {
  for (const Case& example : kCases) {
    CAPTURE(static_cast<int>(example.mode), example.size, example.resumed);
    const std::string bytes = testing::sample_bytes(example.size);
    for (const Trouble& trouble : testing::every_trouble()) {
      if (trouble.fault == Fault::error && trouble.code != EIO) continue;
      testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
        Clone clone(bytes, testing::fast_parent());
        prepare(clone, example);
        const auto delivered =
            Clone::deliver_from(clone.damaged_source(example.size - 1), clone.delivery, ops);
        INFO("at " << testing::failed_operation(ops));
        CHECK_FALSE(delivered);
        if (!in_place(example)) CHECK_FALSE(testing::exists(clone.path));
        ops.recover();
        auto again = clone.deliver(ops);
        if (!again) again = clone.deliver(ops);
        REQUIRE(again);
        CHECK(clone.right());
        CHECK(clone.files() == std::vector<std::string>{"git/annex/tmp/KEY"});
      });
    }
  }
}
