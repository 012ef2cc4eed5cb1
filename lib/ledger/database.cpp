#include "lib/ledger/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

namespace microstage::ledger {

namespace {

constexpr int kBusyMilliseconds = 10000;

ErrorKind kind_of_io(int extended, int code) {
  if (code == ENOSPC || code == EDQUOT || code == EACCES || code == EROFS) return system_error(code, "").kind;
  if (extended == SQLITE_IOERR_SHMSIZE) return ErrorKind::space_bytes;
  const bool durable = extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC ||
                       extended == SQLITE_IOERR_CLOSE || extended == SQLITE_IOERR_TRUNCATE;
  return durable ? ErrorKind::durability : ErrorKind::mount_sick;
}

ErrorKind kind_of(int extended, int code) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return code == EDQUOT ? ErrorKind::space_quota : ErrorKind::space_bytes;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_NOMEM:
      return ErrorKind::transient;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::integrity;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorKind::permission;
    case SQLITE_CANTOPEN:
      return code == 0 ? ErrorKind::not_found : system_error(code, "").kind;
    case SQLITE_IOERR:
      return kind_of_io(extended, code);
    default:
      return ErrorKind::bug;
  }
}

}  // namespace

Error database_error(sqlite3* handle, std::string_view doing) {
  if (handle == nullptr) return {ErrorKind::transient, std::string{doing} + ": out of memory", ENOMEM};
  const int extended = sqlite3_extended_errcode(handle);
  const int code = sqlite3_system_errno(handle);
  std::string message{doing};
  message += ": ";
  message += sqlite3_errmsg(handle);
  if (code != 0) {
    message += ": ";
    message += std::strerror(code);  // NOLINT: glibc's strerror is thread safe
  }
  const ErrorKind kind = kind_of(extended, code);
  return {kind, std::move(message), code};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind_bytes(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), parameter, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  sqlite3_bind_null(statement_.get(), parameter);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* handle = sqlite3_db_handle(statement_.get());
  const char* file = sqlite3_db_filename(handle, "main");
  Error error = database_error(handle, "ledger " + std::string{file == nullptr ? "" : file});
  reset();
  return fail(std::move(error));
}

Status Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return fail(stepped.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string_view{} : std::string_view(data, static_cast<std::size_t>(size));
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

Result<Database> Database::open(const std::string& path, Access access, const std::string& vfs) {
  Database database(path);
  sqlite3* handle = nullptr;
  const int flags =
      access == Access::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                   vfs.empty() ? nullptr : vfs.c_str());
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return fail(database_error(handle, "open the ledger " + path));
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  if (access == Access::read) {
    // Checkpoints are the writer's alone: the WAL-reset bug needs two connections that write or checkpoint.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    if (auto quiet = database.execute(
            "PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = 1; PRAGMA cache_size = -32768");
        !quiet)
      return fail(quiet.error());
  }
  return database;
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(database_error(handle(), "ledger " + path_));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(database_error(handle(), "ledger " + path_));
  return Statement(statement);
}

Result<std::int64_t> Database::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorKind::bug, "ledger " + path_ + ": no answer to " + std::string{sql});
  return statement->integer(0);
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // Some errors have rolled back already.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->handle()) == 0)
    ignore_error(database_->execute("ROLLBACK"), "nothing was committed; the next BEGIN tells if it hangs");
}

Status Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace microstage::ledger
