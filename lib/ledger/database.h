#pragma once
// SQLite as the ledger uses it: owned handles, Results instead of codes, values as bytes. Nothing here knows
// what is stored.
//
// Threads: a Database and its Statements belong to one thread at a time. Statements end before their
// Database; views that they return hold until the next step, reset or destruction.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace microstage::ledger {

class Database;

class Statement {
 public:
  Statement() = default;  // of no database; only to be assigned to

  // Parameters count from 1. A failure (out of memory) shows at the next step.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::uint64_t value) {
    return bind(parameter, static_cast<std::int64_t>(value));
  }
  Statement& bind_bytes(int parameter, std::string_view bytes);  // must outlive the next reset
  Statement& bind_null(int parameter);

  // True: a row is there. False: done.
  [[nodiscard]] Result<bool> step();
  // A statement without rows, ready to run again afterwards.
  [[nodiscard]] Status run();
  // Ready for other parameters and the first row again.
  void reset();

  // Columns count from 0.
  [[nodiscard]] int columns() const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access {
  write,  // makes the file when it is not there
  read,   // never writes to the database and never checkpoints
};

class Database {
 public:
  // `vfs`: the name of a registered SQLite VFS; empty for the default one.
  [[nodiscard]] static Result<Database> open(const std::string& path, Access access,
                                             const std::string& vfs = {});

  [[nodiscard]] Status execute(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // The one number that a query gives.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql);

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// The error of the last call on this connection: ErrorKind by SQLite's code and errno, the message by its
// text.
[[nodiscard]] Error database_error(sqlite3* handle, std::string_view doing);

// Begins with BEGIN IMMEDIATE; rolls back unless it was committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace microstage::ledger
