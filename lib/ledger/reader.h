#pragma once
// A ledger as readers see it: with or without a running daemon, never writing and never checkpointing.
// Queries prepare their own statements on database() and turn rows into Records with rows().
//
// Threads: one at a time; each thread opens its own.

#include <memory>
#include <string>

#include "lib/ledger/rows.h"

namespace microstage::ledger {

class Reader {
 public:
  // Fails with `not_found` when there is no ledger, `permission` when it is somebody else's, `unsupported`
  // when a newer program wrote it.
  [[nodiscard]] static Result<Reader> open(const std::string& path, const std::string& vfs = {});

  // The same on a connection that is open already: what it sees, uncommitted changes included, is read.
  [[nodiscard]] static Result<Reader> over(Database database);

  [[nodiscard]] Database& database() { return *database_; }
  [[nodiscard]] RowReader& rows() { return rows_; }
  [[nodiscard]] Texts& texts() { return rows_.texts(); }

  // The last event's number and hash. Fails with `integrity` when the ledger's end was tampered with.
  [[nodiscard]] Result<Head> head();
  // Fails with `not_found` for a number that is not there.
  [[nodiscard]] Result<Record> event(std::uint64_t seq);

 private:
  Reader(std::unique_ptr<Database> database, RowReader rows)
      : database_(std::move(database)), rows_(std::move(rows)) {}

  std::unique_ptr<Database> database_;
  RowReader rows_;
};

// The end of the table `event`, which must be what the last transaction said it is.
[[nodiscard]] Result<Head> read_head(Database& database);

}  // namespace microstage::ledger
