#include "lib/ledger/texts.h"

#include <optional>

namespace microstage::ledger {

namespace {

constexpr std::size_t kSlots = 1U << 16U;
constexpr std::size_t kYoungest = 1U << 12U;

}  // namespace

std::int64_t lookup_hash(ChainHasher& hasher, std::string_view text) {
  const Hash hash = hasher.plain(text);
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8U | hash.at(i);
  return static_cast<std::int32_t>(value);
}

Result<Texts> Texts::open(Database& database) {
  auto by_id = database.prepare("SELECT value FROM text WHERE id = ?");
  if (!by_id) return fail(by_id.error());
  auto by_hash = database.prepare(
      "SELECT text.id, text.value FROM text_lookup JOIN text USING (id) WHERE text_lookup.hash = ?");
  if (!by_hash) return fail(by_hash.error());
  return Texts(std::move(*by_id), std::move(*by_hash));
}

Result<std::string_view> Texts::text(TextId id) {
  if (id == 0) return std::string_view{};
  if (slots_.empty()) slots_.resize(kSlots);
  Slot& slot = slots_[static_cast<std::size_t>(id) % kSlots];
  if (slot.id == id) return std::string_view{slot.text};
  const auto row = by_id_.bind(1, id).step();
  if (!row) return fail(row.error());
  if (*row) {
    slot.id = id;
    slot.text = by_id_.bytes(0);
  }
  by_id_.reset();
  if (!*row) return fail(ErrorKind::integrity, "text " + std::to_string(id) + " is not there");
  return std::string_view{slot.text};
}

Result<TextId> Texts::search(std::int64_t hash, std::string_view text) {
  by_hash_.bind(1, hash);
  for (;;) {
    const auto row = by_hash_.step();
    if (!row) return fail(row.error());
    const bool same = *row && by_hash_.bytes(1) == text;
    const TextId id = same ? by_hash_.integer(0) : 0;
    if (same || !*row) {
      by_hash_.reset();
      return id;
    }
  }
}

Result<TextId> Texts::find(std::string_view text) {
  if (text.empty()) return TextId{0};
  return search(lookup_hash(hasher_, text), text);
}

Result<TextWriter> TextWriter::open(Database& database) {
  auto texts = Texts::open(database);
  if (!texts) return fail(texts.error());
  auto add = database.prepare("INSERT INTO text (id, value) VALUES (?, ?)");
  if (!add) return fail(add.error());
  auto add_lookup = database.prepare("INSERT INTO text_lookup (hash, id) VALUES (?, ?)");
  if (!add_lookup) return fail(add_lookup.error());
  TextWriter writer(database, std::move(*texts), std::move(*add), std::move(*add_lookup));
  if (auto ready = writer.forget(); !ready) return fail(ready.error());
  return writer;
}

Status TextWriter::forget() {
  young_.clear();
  old_.clear();
  const auto last = database_->number("SELECT coalesce(max(id), 0) FROM text");
  if (!last) return fail(last.error());
  last_ = *last;
  return {};
}

void TextWriter::remember(std::string_view text, TextId id) {
  if (young_.size() >= kYoungest) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_.emplace(text, id);
}

Result<TextId> TextWriter::intern(std::string_view text) {
  if (text.empty()) return TextId{0};
  if (const auto found = young_.find(text); found != young_.end()) return found->second;
  if (const auto found = old_.find(text); found != old_.end()) {
    const TextId id = found->second;
    remember(text, id);
    return id;
  }
  const std::int64_t hash = lookup_hash(texts_.hasher_, text);
  auto id = texts_.search(hash, text);
  if (id && *id == 0) id = add(hash, text);
  if (id) remember(text, *id);
  return id;
}

Result<TextId> TextWriter::add(std::int64_t hash, std::string_view text) {
  const TextId id = last_ + 1;
  if (auto added = add_.bind(1, id).bind_bytes(2, text).run(); !added) return fail(added.error());
  if (auto added = add_lookup_.bind(1, hash).bind(2, id).run(); !added) return fail(added.error());
  last_ = id;
  return id;
}

}  // namespace microstage::ledger
