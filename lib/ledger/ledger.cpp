#include "lib/ledger/ledger.h"

#include <utility>

#include "lib/fs/file.h"
#include "lib/ledger/canonical.h"
#include "lib/ledger/projections.h"
#include "lib/ledger/reader.h"
#include "lib/ledger/reserve.h"
#include "lib/ledger/rows.h"
#include "lib/ledger/schema.h"

namespace microstage::ledger {

namespace {

// EXTRA: a commit is on the medium when it returns, and so is the removal of the rollback journal that
// switching to a write-ahead log makes: coming back after a power cut, it would undo all that was logged
// since. 64 MiB of cache hold the pages that inserts touch.
constexpr const char* kSettings =
    "PRAGMA synchronous = EXTRA; PRAGMA cache_size = -65536;"
    "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF";

// Takes the lock of the one writer.
Result<fs::File> lock(fs::FileOps& ops, const std::string& path) {
  auto file = fs::File::open(ops, path + "-lock", O_RDWR | O_CREAT, 0666);
  if (!file) return file;
  const auto locked = file->try_lock();
  if (!locked) return fail(locked.error());
  if (*locked) return file;
  return fail(ErrorKind::transient,
              "the ledger " + path +
                  " is written by another process; is the daemon running? Send it there, "
                  "or stop the daemon first");
}

Result<std::unique_ptr<Database>> open_database(const std::string& path, const LedgerOptions& options) {
  auto opened = Database::open(path, Access::write, options.vfs);
  if (!opened) return fail(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  const std::string checkpoints = "; PRAGMA wal_autocheckpoint = " + std::to_string(options.checkpoint_pages);
  if (auto set = database->execute(kSettings + checkpoints); !set) return fail(set.error());
  auto mode = database->prepare("PRAGMA journal_mode = WAL");
  if (!mode) return fail(mode.error());
  const auto row = mode->step();
  if (!row) return fail(row.error());
  if (!*row || mode->bytes(0) != "wal") {
    return fail(ErrorKind::unsupported,
                "the file system of the ledger " + path + " cannot hold it; put it on a local disk");
  }
  mode->reset();
  if (auto migrated = migrate(*database); !migrated) return fail(migrated.error());
  return database;
}

bool is_space(ErrorKind kind) {
  return kind == ErrorKind::space_bytes || kind == ErrorKind::space_inodes || kind == ErrorKind::space_quota;
}

}  // namespace

struct Ledger::State {
  fs::File lock;
  std::unique_ptr<Database> database;
  TextWriter texts;
  RowWriter rows;
  Projections projections;
  Reserve reserve;
  ChainHasher hasher{};
  Head head{};
  bool lost = false;  // an fsync failed: only opening anew tells what is there
  std::string canonical{};

  Result<Head> write(std::span<const Event> events);
  Status write_one(const Event& event, Head& next);
  Status rebuild();
  Status fold_all();
  void roll_back();
  Error explain(Error error);
};

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

const Head& Ledger::head() const {
  return state_->head;
}

Result<Ledger> Ledger::open(const std::string& path, const LedgerOptions& options) {
  auto locked = lock(*options.ops, path);
  if (!locked) return fail(locked.error());
  auto database = open_database(path, options);
  if (!database) return fail(database.error());
  auto texts = TextWriter::open(**database);
  if (!texts) return fail(texts.error());
  auto rows = RowWriter::open(**database);
  if (!rows) return fail(rows.error());
  auto projections = Projections::open(**database);
  if (!projections) return fail(projections.error());
  const auto head = read_head(**database);
  if (!head) return fail(head.error());
  auto state = std::make_unique<State>(
      State{std::move(*locked), std::move(*database), std::move(*texts), std::move(*rows),
            std::move(*projections), Reserve(*options.ops, path + "-reserve", options.reserve_bytes)});
  state->head = *head;
  ignore_error(state->reserve.restore(), "without room for it now, it is made when there is");
  return Ledger(std::move(state));
}

// Interns the event's names, chains it, and stores it with what follows from it.
Status Ledger::State::write_one(const Event& event, Head& next) {
  Ids ids;
  for (const FieldSpec& spec : fields()) {
    if (spec.kind != FieldKind::name) continue;
    const auto id = texts.intern(event.*spec.text);
    if (!id) return fail(id.error());
    ids[spec.field] = *id;
  }
  ++next.seq;
  canonical.clear();
  append_canonical(canonical, next.seq, event);
  next.hash = hasher.next(next.hash, canonical);
  if (auto inserted = rows.insert(next.seq, event, ids, next.hash); !inserted) return inserted;
  return projections.fold(next.seq, event, ids);
}

Result<Head> Ledger::State::write(std::span<const Event> events) {
  auto transaction = Transaction::begin(*database);
  if (!transaction) return fail(transaction.error());
  Head next = head;
  for (const Event& event : events)
    if (auto written = write_one(event, next); !written) return fail(written.error());
  if (auto finished = projections.finish(next); !finished) return fail(finished.error());
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  return next;
}

Status Ledger::State::fold_all() {
  auto reader = RowReader::open(*database);
  if (!reader) return fail(reader.error());
  auto statement = database->prepare("SELECT " + event_columns() + " FROM event ORDER BY seq");
  if (!statement) return fail(statement.error());
  for (;;) {
    const auto row = statement->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    const auto record = reader->record(*statement);
    if (!record) return fail(record.error());
    if (auto folded = projections.fold(record->seq, record->event, record->ids); !folded) return folded;
  }
}

Status Ledger::State::rebuild() {
  auto transaction = Transaction::begin(*database);
  if (!transaction) return fail(transaction.error());
  if (auto cleared = Projections::clear(*database); !cleared) return cleared;
  if (auto folded = fold_all(); !folded) return folded;
  if (auto finished = projections.finish(head); !finished) return finished;
  return transaction->commit();
}

void Ledger::State::roll_back() {
  projections.forget();
  if (!texts.forget()) lost = true;
}

Error Ledger::State::explain(Error error) {
  if (is_space(error.kind))
    error.message += "; nothing of this was recorded. Make room on its file system, then work goes on";
  if (error.kind == ErrorKind::durability || error.kind == ErrorKind::mount_sick) {
    lost = true;
    error.message += "; whether this was recorded shows when the ledger is opened again";
  }
  return error;
}

Result<Head> Ledger::append(std::span<const Event> events) {
  State& state = *state_;
  if (state.lost) {
    return fail(ErrorKind::durability,
                "the ledger " + state.database->path() + " could not be written before; open it again");
  }
  for (const Event& event : events)
    if (auto good = check(event); !good) return fail(good.error());
  if (events.empty()) return state.head;
  auto written = state.write(events);
  if (!written) {
    state.roll_back();
    return fail(state.explain(std::move(written.error())));
  }
  state.head = *written;
  return written;
}

Result<Head> Ledger::append_from_reserve(const Event& event) {
  if (auto released = state_->reserve.release(); !released) return fail(released.error());
  return append({&event, 1});
}

Status Ledger::restore_reserve() {
  return state_->reserve.restore();
}

Status Ledger::rebuild() {
  State& state = *state_;
  auto rebuilt = state.rebuild();
  if (!rebuilt) state.projections.forget();
  return rebuilt;
}

Result<std::uint64_t> Ledger::spool_position(std::string_view spool) {
  auto statement = state_->database->prepare("SELECT position FROM spools WHERE name = ?");
  if (!statement) return fail(statement.error());
  const auto row = statement->bind_bytes(1, spool).step();
  if (!row) return fail(row.error());
  return *row ? static_cast<std::uint64_t>(statement->integer(0)) : 0;
}

}  // namespace microstage::ledger
