#pragma once
// Every way in which one operation can go wrong, for tests that try each at every operation.

#include <cerrno>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/faulty_file_ops.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

struct Trouble {
  std::string name;
  Fault fault = Fault::error;
  int code = 0;
};

inline const std::vector<Trouble>& every_trouble() {
  static const std::vector<Trouble> troubles{
      {"EIO", Fault::error, EIO},
      {"ENOSPC", Fault::error, ENOSPC},
      {"EDQUOT", Fault::error, EDQUOT},
      {"EINTR", Fault::error, EINTR},
      {"EACCES", Fault::error, EACCES},
      {"ENOENT", Fault::error, ENOENT},
      {"an answer that was lost", Fault::done_but_error, EIO},
      {"a short read or write", Fault::short_count, 0},
      {"a crash", Fault::crash, EIO},
  };
  return troubles;
}

// Thousands of attempts: in memory where there is a file system for that.
inline std::string fast_parent() {
  return exists("/dev/shm") ? "/dev/shm" : "";
}

// Calls `attempt(ops)` with the trouble at the first operation, at the second, and so on until it is not met
// any more; `attempt` makes its own world each time and checks it.
template <class Attempt>
void at_every_operation(const Trouble& trouble, const Attempt& attempt) {
  for (std::uint64_t n = 1;; ++n) {
    CAPTURE(trouble.name, n);
    FaultyFileOps ops;
    ops.fail_at(n, trouble.fault, trouble.code);
    attempt(ops);
    if (n == 1) REQUIRE(ops.fault_was_met());
    if (!ops.fault_was_met()) return;
  }
}

// What the operation was that met its trouble, for a message.
inline std::string failed_operation(const FaultyFileOps& ops) {
  for (const Operation& operation : ops.operations())
    if (operation.result < 0 && operation.result != -ENOENT) return name(operation.op) + " " + operation.path;
  return "nothing";
}

}  // namespace microstage::testing
