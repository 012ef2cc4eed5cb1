#include "lib/ledger/verify.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "lib/ledger/canonical.h"
#include "lib/ledger/compare.h"

namespace microstage::ledger {

namespace {

// Rows a statement: a reader that stays in one snapshot keeps the writer from reusing its log.
constexpr std::int64_t kRows = 100'000;

class Verifier {
 public:
  Verifier(Reader& reader, const VerifyOptions& options)
      : reader_(reader), options_(options), heads_(options.heads.begin(), options.heads.end()) {
    std::sort(heads_.begin(), heads_.end(), [](const Head& a, const Head& b) { return a.seq < b.seq; });
  }

  Status run();
  [[nodiscard]] Verification& outcome() { return outcome_; }

 private:
  Status start();
  Status check_chain();
  Result<std::int64_t> check_rows(Statement& rows);
  Status check_row(const Statement& row);
  Status check_record(const Record& record);
  void check_texts(const Record& record);
  void check_heads();
  Status check_end();
  Status hash_texts();
  Status check_lookup();
  Status check_twins(std::int64_t hash, TextId id);
  Status check_projections();

  void bad(std::uint64_t seq, std::string what) {
    if (!outcome_.first_bad) outcome_.first_bad = Finding{seq, std::move(what)};
  }
  // Damage is a finding, anything else an error.
  Status bad_or(std::uint64_t seq, const Error& error) {
    if (error.kind != ErrorKind::integrity) return fail(error);
    bad(seq, error.message);
    return {};
  }
  [[nodiscard]] bool found() const { return outcome_.first_bad.has_value(); }

  Reader& reader_;
  std::optional<RowReader> rows_;  // with a cache of its own: what counts is in the file
  const VerifyOptions& options_;
  std::vector<Head> heads_;
  std::size_t next_head_ = 0;
  Verification outcome_;
  ChainHasher hasher_;
  Record record_;
  std::string canonical_;
  TextId texts_ = 0;                  // events up to now use the texts 1 to this
  std::vector<std::int32_t> hashes_;  // of the texts, by id - 1
  std::int64_t same_hash_ = 0;
  std::vector<TextId> same_hash_ids_;
  std::optional<Comparison> comparison_;
};

// Texts are numbered in order of first use, so a row of `text` that was added or taken away shows.
void Verifier::check_texts(const Record& record) {
  for (const FieldSpec& spec : fields()) {
    if (spec.kind != FieldKind::name) continue;
    const TextId id = record.ids[spec.field];
    if (id > texts_ + 1) bad(record.seq, "its " + std::string{spec.name} + " is a text that was not next");
    texts_ = std::max(texts_, id);
  }
}

void Verifier::check_heads() {
  for (; next_head_ < heads_.size() && heads_[next_head_].seq <= outcome_.head.seq; ++next_head_) {
    const Head& head = heads_[next_head_];
    if (head.seq == outcome_.head.seq && head.hash != outcome_.head.hash) {
      bad(head.seq,
          "its hash is not that of the earlier head " + to_text(head) + ": the chain was rewritten");
    }
  }
}

Status Verifier::check_record(const Record& record) {
  const std::uint64_t expected = outcome_.head.seq + 1;
  if (record.seq != expected) {
    bad(expected,
        "it is missing; the next one is event " + std::to_string(static_cast<std::int64_t>(record.seq)));
    return {};
  }
  canonical_.clear();
  append_canonical(canonical_, record.seq, record.event);
  const Hash hash = hasher_.next(outcome_.head.hash, canonical_);
  if (hash != record.hash) {
    bad(record.seq, "it is not what was recorded: its hash does not match");
    return {};
  }
  check_texts(record);
  if (found()) return {};
  outcome_.head = {record.seq, hash};
  check_heads();
  if (!comparison_) return {};
  return comparison_->fold(record);
}

Status Verifier::check_row(const Statement& row) {
  if (const auto read = rows_->read(row, record_); !read) return bad_or(outcome_.head.seq + 1, read.error());
  return check_record(record_);
}

// How many rows there were, up to the first bad one.
Result<std::int64_t> Verifier::check_rows(Statement& rows) {
  std::int64_t count = 0;
  for (;; ++count) {
    const auto row = rows.step();
    if (!row) {
      if (auto told = bad_or(outcome_.head.seq + 1, row.error()); !told) return fail(told.error());
      return count;
    }
    if (!*row) break;
    if (auto checked = check_row(rows); !checked) return fail(checked.error());
    if (found()) break;
  }
  rows.reset();
  return count;
}

Status Verifier::check_chain() {
  auto rows = reader_.database().prepare("SELECT " + event_columns() +
                                         " FROM event WHERE seq > ? ORDER BY seq LIMIT ?");
  if (!rows) return fail(rows.error());
  std::int64_t after = std::numeric_limits<std::int64_t>::min();
  while (!found()) {
    rows->bind(1, after).bind(2, kRows);
    const auto count = check_rows(*rows);
    if (!count) return fail(count.error());
    if (found() || *count == 0) break;
    after = static_cast<std::int64_t>(outcome_.head.seq);
  }
  return {};
}

// What must hold once the events are good: nothing was cut off, no text is left over, and nothing was
// appended since the last row was looked at (else the caller goes on).
Status Verifier::check_end() {
  const auto head = reader_.head();
  if (!head) return bad_or(outcome_.head.seq, head.error());
  if (next_head_ < heads_.size()) {
    bad(outcome_.head.seq, "it is the last one, but the earlier head " + to_text(heads_[next_head_]) +
                               " came after it: the end was cut off");
  }
  const auto texts = reader_.database().number(
      "SELECT iif((SELECT max(seq) FROM event) IS " + std::to_string(outcome_.head.seq) +
      ", (SELECT max(id) FROM text), " + std::to_string(texts_) + ")");
  if (!texts) return bad_or(0, texts.error());
  if (*texts > texts_) bad(0, "text " + std::to_string(texts_ + 1) + " belongs to no event");
  const auto odd = reader_.database().number("SELECT count(*) FROM text WHERE id < 1");
  if (!odd) return bad_or(0, odd.error());
  if (*odd != 0) bad(0, "a text is numbered below 1");
  return {};
}

// The hash that each text should be filed under, by its id, in the order of the file: looking each up would
// read all over it.
Status Verifier::hash_texts() {
  auto texts = reader_.database().prepare("SELECT id, value FROM text WHERE id BETWEEN 1 AND ? ORDER BY id");
  if (!texts) return fail(texts.error());
  texts->bind(1, texts_);
  for (;;) {
    const auto row = texts->step();
    if (!row) return bad_or(0, row.error());
    if (!*row) break;
    hashes_.push_back(static_cast<std::int32_t>(lookup_hash(hasher_, texts->bytes(1))));
  }
  if (hashes_.size() != static_cast<std::size_t>(texts_)) bad(0, "a text of an event is gone");
  return {};
}

// Each text is filed once, where queries look for it.
Status Verifier::check_lookup() {
  if (auto hashed = hash_texts(); !hashed || found()) return hashed;
  auto filed = reader_.database().prepare("SELECT hash, id FROM text_lookup ORDER BY hash, id");
  if (!filed) return fail(filed.error());
  TextId count = 0;
  for (;;) {
    const auto row = filed->step();
    if (!row) return bad_or(0, row.error());
    if (!*row) break;
    const TextId id = filed->integer(1);
    if (id > texts_) continue;  // of an event that came meanwhile
    ++count;
    if (id < 1 || hashes_.at(static_cast<std::size_t>(id - 1)) != filed->integer(0)) {
      bad(0, "text " + std::to_string(id) + " is filed in a wrong place: queries would not find it");
      return {};
    }
    if (auto alone = check_twins(filed->integer(0), id); !alone || found()) return alone;
  }
  if (count != texts_) bad(0, "a text is not filed: queries would not find it");
  return {};
}

// No text is there twice: queries would find the events of one of them only. Called in order of hashes.
Status Verifier::check_twins(std::int64_t hash, TextId id) {
  if (hash != same_hash_) same_hash_ids_.clear();
  same_hash_ = hash;
  for (const TextId other : same_hash_ids_) {
    const auto text = rows_->texts().text(other);
    if (!text) return bad_or(0, text.error());
    const std::string first{*text};
    const auto second = rows_->texts().text(id);
    if (!second) return bad_or(0, second.error());
    if (first == *second) bad(0, "text " + std::to_string(id) + " is there twice");
  }
  same_hash_ids_.push_back(id);
  return {};
}

Status Verifier::check_projections() {
  const auto differs = comparison_->difference(reader_.database(), outcome_.head);
  if (!differs) return bad_or(0, differs.error());
  if (!differs->empty()) bad(0, "the table " + *differs + " is not what the events give; rebuild it");
  return {};
}

Status Verifier::start() {
  auto rows = RowReader::open(reader_.database());
  if (!rows) return fail(rows.error());
  rows_ = std::move(*rows);
  if (!options_.projections) return {};
  auto comparison = Comparison::begin();
  if (!comparison) return fail(comparison.error());
  comparison_ = std::move(*comparison);
  return reader_.database().execute("BEGIN");
}

Status Verifier::run() {
  if (auto started = start(); !started) return started;
  if (auto checked = check_chain(); !checked || found()) return checked;
  if (auto checked = check_end(); !checked || found()) return checked;
  if (auto checked = check_lookup(); !checked || found()) return checked;
  return comparison_ ? check_projections() : Status{};
}

}  // namespace

Result<Verification> verify(Reader& reader, const VerifyOptions& options) {
  Verifier verifier(reader, options);
  auto ran = verifier.run();
  if (options.projections)
    ignore_error(reader.database().execute("ROLLBACK"), "the snapshot may never have begun");
  if (!ran) return fail(ran.error());
  return std::move(verifier.outcome());
}

}  // namespace microstage::ledger
