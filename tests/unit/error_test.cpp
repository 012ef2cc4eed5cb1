#include "lib/core/error.h"

#include <cerrno>
#include <set>
#include <vector>

#include "tests/support/catch.h"

using namespace microstage;

namespace {

struct Row {
  ErrorKind kind;
  const char* name;
  bool retryable;
  ErrorScope scope;
};

const std::vector<Row> kTaxonomy{
    {ErrorKind::transient, "transient", true, ErrorScope::item},
    {ErrorKind::mount_sick, "mount-sick", true, ErrorScope::tier},
    {ErrorKind::space_bytes, "space-bytes", true, ErrorScope::tier},
    {ErrorKind::space_inodes, "space-inodes", true, ErrorScope::tier},
    {ErrorKind::space_quota, "space-quota", true, ErrorScope::tier},
    {ErrorKind::permission, "permission", false, ErrorScope::item},
    {ErrorKind::source_changed, "source-changed", true, ErrorScope::item},
    {ErrorKind::integrity, "integrity", false, ErrorScope::item},
    {ErrorKind::durability, "durability", true, ErrorScope::item},
    {ErrorKind::stale_lease, "stale-lease", false, ErrorScope::request},
    {ErrorKind::not_found, "not-found", false, ErrorScope::item},
    {ErrorKind::invalid, "invalid", false, ErrorScope::item},
    {ErrorKind::unsupported, "unsupported", false, ErrorScope::item},
    {ErrorKind::cancelled, "cancelled", false, ErrorScope::request},
    {ErrorKind::bug, "bug", false, ErrorScope::item},
};

}  // namespace

TEST_CASE(
    "each kind of error has a name of its own, and says how far it reaches and whether a retry can help") {
  std::set<std::string_view> names;
  for (const Row& row : kTaxonomy) {
    CAPTURE(row.name);
    CHECK(name(row.kind) == row.name);
    CHECK(retryable(row.kind) == row.retryable);
    CHECK(scope(row.kind) == row.scope);
    names.insert(name(row.kind));
  }
  CHECK(names.size() == kTaxonomy.size());
}

TEST_CASE("a failed system call becomes the kind of error that a scheduler can act on") {
  const auto kind = [](int code) { return system_error(code, "x").kind; };
  for (const int code : {EINTR, EAGAIN, EBUSY, ETIMEDOUT, ENOMEM, EMFILE, ENFILE, ENOLCK}) {
    CAPTURE(code);
    CHECK(kind(code) == ErrorKind::transient);
  }
  for (const int code : {ESTALE, ENOTCONN, ENODEV, EIO})
    CHECK(kind(code) == ErrorKind::mount_sick);
  for (const int code : {EACCES, EPERM, EROFS})
    CHECK(kind(code) == ErrorKind::permission);
  for (const int code : {EINVAL, ELOOP, EXDEV, ENAMETOOLONG, EISDIR, EFBIG})
    CHECK(kind(code) == ErrorKind::invalid);
  for (const int code : {ENOENT, ENOTDIR})
    CHECK(kind(code) == ErrorKind::not_found);
  for (const int code : {EBADF, EFAULT})
    CHECK(kind(code) == ErrorKind::bug);
  CHECK(kind(ENOSPC) == ErrorKind::space_bytes);
  CHECK(kind(EDQUOT) == ErrorKind::space_quota);
}

TEST_CASE("the text of an error says what was being done, and the code is kept") {
  const Error error = system_error(ENOSPC, "write /data/store/x");
  CHECK(error.message == "write /data/store/x: No space left on device");
  CHECK(error.code == ENOSPC);
}
