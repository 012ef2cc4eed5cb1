#pragma once
// A Query as the WHERE clause of SQL, with its values. Names become ids of `text` first: one that no event
// ever used means that nothing can be found.
//
// Threads: as the Reader.

#include <string>
#include <variant>
#include <vector>

#include "lib/ledger/query.h"

namespace microstage::ledger {

// Which events of a Query: with an index each for those from a tier and those to it, two sets are found
// sooner than one.
enum class Part { all, to_tier, only_from_tier };

class Conditions {
 public:
  [[nodiscard]] static Result<Conditions> of(Reader& reader, const Query& query, Part part = Part::all);

  [[nodiscard]] bool nothing() const { return nothing_; }
  // Whether one of the conditions has an index.
  [[nodiscard]] bool indexed() const { return indexed_; }
  // What stands before SELECT, and what stands behind WHERE.
  [[nodiscard]] const std::string& with() const { return with_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  // The values, from parameter 1 on. They must outlive the statement's use.
  void bind(Statement& statement) const;

  // One more; its parameters are question marks.
  void add(std::string_view condition, std::vector<std::int64_t> values = {});

 private:
  explicit Conditions(Reader& reader) : reader_(&reader) {}
  [[nodiscard]] Status add_all(const Query& query, Part part);
  [[nodiscard]] Status add_name(std::string_view column, const std::string& name);
  [[nodiscard]] Status add_keys(const std::vector<std::string>& keys);
  [[nodiscard]] Status add_dataset(const Query& query);
  [[nodiscard]] Status add_id(const std::string& id);
  [[nodiscard]] Status add_tier(const std::string& tier, Part part);
  [[nodiscard]] Status add_result(const std::string& result);
  [[nodiscard]] Status add_type(const std::string& type);
  [[nodiscard]] Status add_times(const Query& query);
  [[nodiscard]] Status add_text(const std::string& text);
  [[nodiscard]] std::string index();

  Reader* reader_;
  bool nothing_ = false;
  bool indexed_ = false;
  std::string with_;
  std::string where_ = "1";
  std::vector<std::variant<std::int64_t, std::string>> with_values_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

// The results that are kinds of errors.
[[nodiscard]] std::vector<std::string> failures();

// The ids of names that events use, as a JSON list for json_each.
[[nodiscard]] Result<std::string> id_list(Reader& reader, const std::vector<std::string>& names);

// SQL functions of ours, on the reader's connection: contains(bytes, part), mentions(detail, part),
// pin_of(detail), and the aggregate sum_up(number), which ends at the largest number.
[[nodiscard]] Status add_query_functions(Database& database);

}  // namespace microstage::ledger
