#include "lib/transfer/copy.h"

#include <algorithm>
#include <cerrno>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

using namespace microstage;
using fs::File;
using testing::Fault;
using testing::FaultyFileOps;
using testing::Op;
using testing::read_file;
using testing::sample_bytes;
using testing::Scratch;
using testing::write_file;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr HashAlgorithm kSha256{HashFamily::sha2, 256};

// A source with `bytes` and a destination with `prefix`, ready to be copied.
struct Pair {
  Pair(const Scratch& scratch, fs::FileOps& ops, std::string_view bytes, std::string_view prefix = {})
      : source_path(scratch / "source"), path(scratch / "destination") {
    write_file(source_path, bytes);
    write_file(path, prefix);
    source = std::make_shared<File>(std::move(*File::open(ops, source_path, O_RDONLY)));
    destination.emplace(std::move(*File::open(ops, path, O_RDWR)));
    options.size = bytes.size();
    options.offset = prefix.size();
  }
  transfer::FileSource& from() {
    whole = std::make_unique<transfer::FileSource>(source, 0, options.size);
    return *whole;
  }
  Status copy() { return transfer::copy_bytes(from(), *destination, options); }

  std::string source_path;
  std::string path;
  std::shared_ptr<const File> source;
  std::unique_ptr<transfer::FileSource> whole;
  std::optional<File> destination;
  transfer::CopyOptions options;
};

std::vector<std::size_t> lengths_around_blocks() {
  std::vector<std::size_t> lengths{0, 1, 2, 4095, 4096, 4097};
  for (const std::size_t blocks : {1U, 2U, 4U, 5U, 9U}) {
    for (const std::size_t length : {blocks * kMiB - 1, blocks * kMiB, blocks * kMiB + 1}) {
      lengths.push_back(length);
    }
  }
  return lengths;
}

}  // namespace

TEST_CASE("a copy has every byte and the right digest, for lengths around each block's edge") {
  const std::string all = sample_bytes(9 * kMiB + 1);
  for (const std::size_t length : lengths_around_blocks()) {
    for (const bool keep_cached : {false, true}) {
      CAPTURE(length, keep_cached);
      const Scratch scratch;
      const std::string bytes = all.substr(0, length);
      Pair pair(scratch, fs::posix_file_ops(), bytes);
      const auto hasher = make_hasher(kSha256);
      pair.options.hasher = hasher.get();
      pair.options.keep_cached = keep_cached;
      REQUIRE(pair.copy());
      CHECK((read_file(pair.path) == bytes));
      CHECK(hasher->finish() == testing::hex_digest(kSha256, bytes));
    }
  }
}

TEST_CASE("a small copy goes on from every offset") {
  const std::string bytes = sample_bytes(300);
  const std::string digest = testing::hex_digest(kSha256, bytes);
  const Scratch scratch;
  for (std::size_t offset = 0; offset <= bytes.size(); ++offset) {
    CAPTURE(offset);
    Pair pair(scratch, fs::posix_file_ops(), bytes, bytes.substr(0, offset));
    const auto hasher = make_hasher(kSha256);
    pair.options.hasher = hasher.get();
    REQUIRE(pair.copy());
    REQUIRE(read_file(pair.path) == bytes);
    REQUIRE(hasher->finish() == digest);
  }
}

TEST_CASE("a large copy goes on from offsets around its blocks' edges, and writes nothing before them") {
  const std::string bytes = sample_bytes(5 * kMiB + 7);
  const std::string digest = testing::hex_digest(kSha256, bytes);
  for (const std::size_t offset : lengths_around_blocks()) {
    if (offset > bytes.size()) continue;
    CAPTURE(offset);
    const Scratch scratch;
    std::string prefix = bytes.substr(0, offset);
    const bool damaged = offset == 2 * kMiB;
    if (damaged) prefix[5] ^= 1;
    Pair pair(scratch, fs::posix_file_ops(), bytes, prefix);
    const auto hasher = make_hasher(kSha256);
    pair.options.hasher = hasher.get();
    REQUIRE(pair.copy());
    CHECK((read_file(pair.path) == prefix + bytes.substr(offset)));
    CHECK((hasher->finish() == digest) == !damaged);  // the bytes that are there are what is hashed
  }
}

TEST_CASE("without a hasher the bytes are copied all the same, and a prefix is not read") {
  const std::string bytes = sample_bytes(3 * kMiB);
  const Scratch scratch;
  FaultyFileOps ops;
  Pair pair(scratch, ops, bytes, bytes.substr(0, 2 * kMiB));
  ops.reset();
  REQUIRE(pair.copy());
  CHECK((read_file(pair.path) == bytes));
  CHECK(ops.count_of(Op::read) == 1);
}

TEST_CASE("progress only grows, and ends at the size") {
  const std::string bytes = sample_bytes(5 * kMiB + 1);
  const Scratch scratch;
  Pair pair(scratch, fs::posix_file_ops(), bytes, bytes.substr(0, 10));
  std::vector<std::uint64_t> seen;
  pair.options.progress = [&](std::uint64_t at) { seen.push_back(at); };
  REQUIRE(pair.copy());
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(seen.front() > 10);
  CHECK(seen.back() == bytes.size());
}

TEST_CASE("a cancelled copy stops at the next block and leaves a valid prefix") {
  const std::string bytes = sample_bytes(6 * kMiB);
  for (const std::size_t after : {0U, 1U, 3U}) {
    CAPTURE(after);
    const Scratch scratch;
    Pair pair(scratch, fs::posix_file_ops(), bytes);
    const auto hasher = make_hasher(kSha256);
    pair.options.hasher = hasher.get();
    std::stop_source stop;
    pair.options.stop = stop.get_token();
    pair.options.progress = [&](std::uint64_t at) {
      if (at >= after * kMiB) stop.request_stop();
    };
    if (after == 0) stop.request_stop();
    const auto copied = pair.copy();
    REQUIRE_FALSE(copied);
    CHECK(copied.error().kind == ErrorKind::cancelled);
    CHECK((read_file(pair.path) == bytes.substr(0, after * kMiB)));
  }
}

TEST_CASE("hashing an earlier prefix can be cancelled too") {
  const std::string bytes = sample_bytes(6 * kMiB);
  const Scratch scratch;
  Pair pair(scratch, fs::posix_file_ops(), bytes, bytes.substr(0, 5 * kMiB));
  const auto hasher = make_hasher(kSha256);
  pair.options.hasher = hasher.get();
  std::stop_source stop;
  stop.request_stop();
  pair.options.stop = stop.get_token();
  CHECK(pair.copy().error().kind == ErrorKind::cancelled);
  const auto other = make_hasher(kSha256);
  CHECK(transfer::hash_bytes(pair.from(), *other, stop.get_token()).error().kind == ErrorKind::cancelled);
}

TEST_CASE("a source that shrinks while it is copied is a changed source, and nothing is made up") {
  const std::string bytes = sample_bytes(6 * kMiB);
  const std::size_t cut = GENERATE(as<std::size_t>{}, 0, 1, kMiB, 3 * kMiB + 5, 6 * kMiB - 1);
  CAPTURE(cut);
  const Scratch scratch;
  FaultyFileOps ops;
  Pair pair(scratch, ops, bytes);
  ops.before(Op::read, 1, [&] { std::filesystem::resize_file(pair.source_path, cut); });
  const auto copied = pair.copy();
  REQUIRE_FALSE(copied);
  CHECK(copied.error().kind == ErrorKind::source_changed);
  CHECK((read_file(pair.path) == bytes.substr(0, cut / kMiB * kMiB)));
  const auto hasher = make_hasher(kSha256);
  CHECK(transfer::hash_bytes(pair.from(), *hasher, {}).error().kind == ErrorKind::source_changed);
}

TEST_CASE("a refusal before a write ends the copy before that write") {
  const std::string bytes = sample_bytes(3 * kMiB);
  const Scratch scratch;
  Pair pair(scratch, fs::posix_file_ops(), bytes);
  std::vector<std::uint64_t> asked;
  pair.options.before_write = [&](std::uint64_t offset) -> Status {
    asked.push_back(offset);
    if (offset == 2 * kMiB) return fail(ErrorKind::transient, "replaced");
    return {};
  };
  const auto copied = pair.copy();
  REQUIRE_FALSE(copied);
  CHECK(copied.error().message == "replaced");
  CHECK((read_file(pair.path) == bytes.substr(0, 2 * kMiB)));
  CHECK(asked == std::vector<std::uint64_t>{0, kMiB, 2 * kMiB});
}

namespace {

// What only asks whether there are holes may fail.
bool stat_failed(const FaultyFileOps& ops) {
  const auto done = ops.operations();
  return std::any_of(done.begin(), done.end(), [](const testing::Operation& operation) {
    return operation.op == Op::stat && operation.result < 0;
  });
}

}  // namespace

TEST_CASE("whichever read or write fails, the destination holds a valid prefix") {
  const std::string bytes = sample_bytes(5 * kMiB + 3);
  const Fault fault = GENERATE(Fault::error, Fault::short_count);
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(n);
    const Scratch scratch;
    FaultyFileOps ops;
    Pair pair(scratch, ops, bytes, bytes.substr(0, kMiB + 1));
    const auto hasher = make_hasher(kSha256);
    pair.options.hasher = hasher.get();
    ops.fail_at(n, fault, ENOSPC);
    const auto copied = pair.copy();
    const std::string now = read_file(pair.path);
    CHECK((now == bytes.substr(0, now.size())));
    CHECK(copied.has_value() == (now == bytes));
    const bool harmless = fault == Fault::short_count || !ops.fault_met() || stat_failed(ops);
    CHECK(copied.has_value() == harmless);
    if (!ops.fault_met()) break;
  }
}

TEST_CASE("bytes that did not reach the medium end the copy, for no later fsync tells of them") {
  const std::string bytes = sample_bytes(20 * kMiB);
  for (const int code : {EIO, ENOSPC, EDQUOT}) {
    CAPTURE(code);
    const Scratch scratch;
    FaultyFileOps ops;
    Pair pair(scratch, ops, bytes);
    ops.fail_all(Op::writeback, code);
    const auto copied = pair.copy();
    REQUIRE_FALSE(copied);
    CHECK(copied.error().kind == ErrorKind::durability);
    CHECK(copied.error().message.starts_with("write back " + pair.path));
  }
}

TEST_CASE("where parts of a file cannot be written back by themselves a copy does without") {
  const std::string bytes = sample_bytes(20 * kMiB);
  for (const int code : {EINVAL, ENOSYS, EOPNOTSUPP, ESPIPE}) {
    const Scratch scratch;
    FaultyFileOps ops;
    Pair pair(scratch, ops, bytes);
    ops.fail_all(Op::writeback, code);
    REQUIRE(pair.copy());
    CHECK((read_file(pair.path) == bytes));
  }
}
