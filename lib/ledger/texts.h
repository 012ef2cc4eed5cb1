#pragma once
// The table `text`: every name that events use, kept once and numbered in order of arrival. Found by a short
// hash; texts that share one are told apart by reading them. The caches are bounded.
//
// Threads: as the Database, which must outlive it.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/ledger/chain.h"
#include "lib/ledger/database.h"

namespace microstage::ledger {

using TextId = std::int64_t;  // from 1; 0: no text

// What text_lookup files the text under: the first four bytes of its SHA-256.
[[nodiscard]] std::int64_t lookup_hash(ChainHasher& hasher, std::string_view text);

class Texts {
 public:
  [[nodiscard]] static Result<Texts> open(Database& database);

  // The text of an id; empty for 0. An id that does not exist fails with `integrity`. The view holds until
  // the next call.
  [[nodiscard]] Result<std::string_view> text(TextId id);
  // 0 when no event ever used the text.
  [[nodiscard]] Result<TextId> find(std::string_view text);

 private:
  friend class TextWriter;
  struct Slot {
    TextId id = 0;
    std::string text;
  };

  Texts(Statement by_id, Statement by_hash) : by_id_(std::move(by_id)), by_hash_(std::move(by_hash)) {}
  [[nodiscard]] Result<TextId> search(std::int64_t hash, std::string_view text);

  Statement by_id_;
  Statement by_hash_;
  ChainHasher hasher_;
  std::vector<Slot> slots_;
};

// The side that adds texts. Within a transaction; when that is rolled back, call forget().
class TextWriter {
 public:
  [[nodiscard]] static Result<TextWriter> open(Database& database);

  // The id of the text, a new one if need be; 0 for the empty text.
  [[nodiscard]] Result<TextId> intern(std::string_view text);
  // Empties the cache and counts from what the table has.
  [[nodiscard]] Status forget();

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Cache = std::unordered_map<std::string, TextId, Hash, std::equal_to<>>;

  TextWriter(Database& database, Texts texts, Statement add, Statement add_lookup)
      : database_(&database),
        texts_(std::move(texts)),
        add_(std::move(add)),
        add_lookup_(std::move(add_lookup)) {}
  [[nodiscard]] Result<TextId> add(std::int64_t hash, std::string_view text);
  void remember(std::string_view text, TextId id);

  Database* database_;
  Texts texts_;
  Statement add_;
  Statement add_lookup_;
  TextId last_ = 0;
  Cache young_;  // found or added since the last turn
  Cache old_;    // of the turn before; dropped at the next
};

}  // namespace microstage::ledger
