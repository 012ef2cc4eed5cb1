#pragma once
// The ledger as its one writer sees it: events in, durable when append returns. Reading is reader.h's.
//
// Beside FILE lie FILE-wal and FILE-shm (SQLite's), FILE-lock (held by the one writer: SQLite before 3.51.3
// can lose commits when two connections write or checkpoint), FILE-reserve and FILE-heads (anchor.h). They
// must be on a local file system.
//
// Threads: one at a time.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/core/result.h"
#include "lib/fs/file_ops.h"
#include "lib/ledger/chain.h"
#include "lib/ledger/event.h"

namespace microstage::ledger {

struct LedgerOptions {
  fs::FileOps* ops = &fs::posix_file_ops();  // for the files that are not SQLite's
  std::string vfs;                           // SQLite's; empty for the default
  std::uint64_t reserve_bytes = 4U << 20U;
  unsigned checkpoint_pages = 4096;  // of log, after which it is moved into the database: 16 MiB
};

class Ledger {
 public:
  // Opens the ledger, makes or updates its tables. Fails with `transient` while another process has it open
  // for writing, with `unsupported` for a newer program's, with `integrity` where its end does not match what
  // was last written there.
  [[nodiscard]] static Result<Ledger> open(const std::string& path, const LedgerOptions& options = {});

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // Records the events in this order, all of them or none, and returns the new head when they are durable.
  // Errors: `invalid` for an event that the catalogue does not allow; space_… when the file system is full,
  // after which appending may be tried again when there is room; `durability` when it is not known whether
  // the events are there: then every later append fails too, and opening the ledger again tells.
  [[nodiscard]] Result<Head> append(std::span<const Event> events);

  // For the one event that tells that work has stopped for want of space: gives up the reserve, then appends.
  [[nodiscard]] Result<Head> append_from_reserve(const Event& event);
  // Takes the reserve again, when there is room. open() tries it too.
  [[nodiscard]] Status restore_reserve();

  [[nodiscard]] const Head& head() const;

  // Up to where a spool was taken in, 0 for one that never was. The next spool.imported event moves it.
  [[nodiscard]] Result<std::uint64_t> spool_position(std::string_view spool);

  // Writes the projections anew from the events. Fails with `integrity` at an event that cannot be read.
  [[nodiscard]] Status rebuild();

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace microstage::ledger
