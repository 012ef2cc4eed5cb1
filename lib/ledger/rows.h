#pragma once
// Rows of the table `event`, to Events and back. The list of columns follows from catalogue.h.
//
// Threads: as the Database, which must outlive what is made for it.

#include <array>
#include <string>

#include "lib/ledger/catalogue.h"
#include "lib/ledger/texts.h"

namespace microstage::ledger {

// The ids of an event's names, by the number of their field; 0 where the field is absent.
class Ids {
 public:
  [[nodiscard]] TextId operator[](Field field) const { return ids_.at(static_cast<std::size_t>(field)); }
  [[nodiscard]] TextId& operator[](Field field) { return ids_.at(static_cast<std::size_t>(field)); }

 private:
  std::array<TextId, static_cast<std::size_t>(Field::result) + 1> ids_{};
};

// A row, resolved.
struct Record {
  std::uint64_t seq = 0;
  Event event;
  Ids ids;
  Hash hash{};
};

// "event.seq, event.time, …": what RowReader::record expects, in its order; kEventColumns of them.
[[nodiscard]] const std::string& event_columns();
inline constexpr int kEventColumns = 19;

class RowReader {
 public:
  [[nodiscard]] static Result<RowReader> open(Database& database);

  // The row that `statement` stands on, whose columns from `first` on are event_columns(). A row that no
  // ledger of ours can have written fails with `integrity`.
  [[nodiscard]] Result<Record> record(const Statement& statement, int first = 0);
  // The same into a record that is used again and again, which saves making its texts anew. After an error it
  // holds anything.
  [[nodiscard]] Status read(const Statement& statement, Record& record, int first = 0);
  [[nodiscard]] Texts& texts() { return texts_; }

 private:
  explicit RowReader(Texts texts) : texts_(std::move(texts)) {}
  [[nodiscard]] Status read_field(const Statement& statement, int column, const FieldSpec& spec,
                                  Record& record);

  Texts texts_;
};

class RowWriter {
 public:
  [[nodiscard]] static Result<RowWriter> open(Database& database);
  [[nodiscard]] Status insert(std::uint64_t seq, const Event& event, const Ids& ids, const Hash& hash);

 private:
  explicit RowWriter(Statement insert) : insert_(std::move(insert)) {}
  Statement insert_;
  std::string detail_;
};

}  // namespace microstage::ledger
