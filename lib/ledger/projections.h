#pragma once
// What queries would otherwise have to add up from all events: totals, where each key is, what is open, how
// far spools were taken in. Written in the transaction of the events, and a function of them alone: folding
// all events again gives the same rows.
//
// Threads: as the Database, which must outlive it.

#include <map>
#include <tuple>

#include "lib/ledger/rows.h"

namespace microstage::ledger {

class Projections {
 public:
  [[nodiscard]] static Result<Projections> open(Database& database);

  // Within a transaction, for each event in order.
  [[nodiscard]] Status fold(std::uint64_t seq, const Event& event, const Ids& ids);
  // Writes what fold() has only added up in memory; at the end of the transaction.
  [[nodiscard]] Status finish(const Head& head);
  // Forgets it, when the transaction is rolled back.
  void forget() { pending_.clear(); }

  // Empties the tables.
  [[nodiscard]] static Status clear(Database& database);

 private:
  struct Totals {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t removed_files = 0;
    std::uint64_t removed_bytes = 0;
    std::uint64_t failures = 0;
  };
  struct Statements {
    Statement arrive;
    Statement disprove;
    Statement leave;
    Statement said_to_leave;
    Statement open;
    Statement change;
    Statement close;
    Statement spool;
    Statement totals;
    Statement head;
  };

  explicit Projections(Statements statements) : sql_(std::move(statements)) {}
  void count(const TypeSpec& type, const Event& event, const Ids& ids);
  [[nodiscard]] Status fold_copy(std::uint64_t seq, const TypeSpec& type, const Event& event, const Ids& ids);
  [[nodiscard]] Status fold_open(std::uint64_t seq, const TypeSpec& type, const Event& event);

  Statements sql_;
  std::map<std::tuple<std::int64_t, TextId, TextId>, Totals> pending_;  // day, actor, tier
};

// The name under which the table `open` has what an event opens, changes or closes.
[[nodiscard]] std::string open_name(OpenKind kind, const Event& event);

// Whether the event shows that the bytes at its place are right, by our own reading of them.
[[nodiscard]] bool proves(const Event& event);

inline constexpr std::int64_t kNanosecondsPerDay = 86'400'000'000'000;

// The largest number that a ledger holds. Sums end there: anybody may claim to have moved as much at once,
// and that must neither stop the next event nor a query.
inline constexpr std::uint64_t kMostBytes = 0x7fff'ffff'ffff'ffff;

[[nodiscard]] constexpr std::uint64_t added(std::uint64_t a, std::uint64_t b) {
  return a > kMostBytes - b ? kMostBytes : a + b;
}

}  // namespace microstage::ledger
