// Every filter, alone and with others, against going through all events one by one.

#include "lib/ledger/query.h"

#include <map>

#include "lib/ledger/projections.h"
#include "tests/support/ledger_fixture.h"
#include "tests/support/ledger_random.h"

using namespace microstage;
using namespace microstage::ledger;
using testing::RandomEvents;
using testing::require_good;
using testing::take;

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool contains(std::string text, std::string part) {
  std::transform(text.begin(), text.end(), text.begin(), lower);
  std::transform(part.begin(), part.end(), part.begin(), lower);
  return text.find(part) != std::string::npos;
}

bool has_text(const Event& event, const std::string& part) {
  for (const FieldSpec& spec : fields())
    if (spec.text != nullptr && spec.present(event) && contains(event.*spec.text, part)) return true;
  return false;
}

bool is_of(const Event& event, const std::string& id) {
  const bool pin = event.type == EventType::pin_made || event.type == EventType::pin_ended;
  return event.request == id || event.job == id || (pin && event.pin == id);
}

bool has_key(const Event& event, const std::vector<std::string>& keys) {
  return !event.key.empty() && std::find(keys.begin(), keys.end(), event.key) != keys.end();
}

bool has_result(const Event& event, const std::string& result) {
  if (result == "ok") return event.result.empty();
  return result == "failed" ? !event.result.empty() : event.result == result;
}

bool fits(std::uint64_t seq, const Event& event, const Query& query) {
  const std::string_view type = name(event.type);
  return (query.dataset.empty() || event.dataset == query.dataset || (query.keys && event.dataset.empty())) &&
         (!query.keys || has_key(event, *query.keys)) && (query.id.empty() || is_of(event, query.id)) &&
         (query.actor.empty() || event.actor == query.actor) &&
         (query.host.empty() || event.host == query.host) &&
         (query.tier.empty() || event.from == query.tier || event.to == query.tier) &&
         (query.result.empty() || has_result(event, query.result)) &&
         (query.type.empty() || type == query.type || type.starts_with(query.type + ".")) &&
         (query.text.empty() || has_text(event, query.text)) &&
         (!query.since || event.time >= *query.since) && (!query.until || event.time < *query.until) &&
         (!query.before || seq < *query.before);
}

class Bench {
 public:
  Bench() {
    Ledger ledger = take(Ledger::open(path));
    for (int i = 0; i < 3000; ++i)
      events.push_back(random.next());
    require_good(ledger.append(events).map([](const Head&) {}));
  }

  Reader reader() { return take(Reader::open(path)); }

  std::vector<std::uint64_t> expected(const Query& query) const {
    std::vector<std::uint64_t> numbers;
    for (std::size_t i = events.size(); i > 0; --i)
      if (fits(i, events[i - 1], query)) numbers.push_back(i);
    return numbers;
  }

  std::int64_t some_time() { return events[random.below(events.size())].time; }

  // One filter, of which some events fit and others do not (mostly).
  void add_filter(Query& query, std::uint64_t which) {
    const Event& like = events[random.below(events.size())];
    switch (which) {
      case 0:
        query.dataset = like.dataset;
        break;
      case 1:
        query.keys = {like.key, "key1", "never"};
        break;
      case 2:
        query.id = random.below(2) == 0 ? like.request : random.below(2) == 0 ? like.job : like.pin;
        break;
      case 3:
        query.actor = like.actor;
        break;
      case 4:
        query.host = like.host;
        break;
      case 5:
        query.tier = random.below(2) == 0 ? like.from : like.to;
        break;
      case 6:
        query.result = random.below(2) == 0 ? "ok" : random.below(2) == 0 ? "failed" : "integrity";
        break;
      case 7:
        query.type = std::string{name(like.type)};
        if (random.below(2) == 0) query.type.resize(query.type.find('.'));
        break;
      case 8:
        query.text = random.below(2) == 0 ? "ERROR1" : random.below(2) == 0 ? "st3" : "/SCRATCH/";
        break;
      case 9:
        query.since = some_time();
        break;
      case 10:
        query.until = some_time();
        break;
      default:
        query.before = random.below(events.size() + 2);
    }
  }

  testing::Scratch scratch;
  std::string path = scratch / "ledger.db";
  RandomEvents random{20};
  std::vector<Event> events;
};

std::vector<std::uint64_t> found(Reader& reader, const Query& query, std::size_t limit = 1'000'000) {
  std::vector<std::uint64_t> numbers;
  require_good(for_each_event(reader, query, limit, [&](const Found& one) -> Status {
    numbers.push_back(one.record.seq);
    return {};
  }));
  return numbers;
}

std::vector<TotalsRow> expected_totals(const std::vector<Event>& events, const Query& query) {
  std::map<std::pair<std::string, std::string>, TotalsRow> sums;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    const Count count = find_type(event.type)->count;
    Query asked = query;
    asked.tier.clear();
    asked.before.reset();
    if (count == Count::none || !fits(i + 1, event, asked)) continue;
    const std::string& tier = count == Count::removed ? event.from : event.to;
    if (!query.tier.empty() && tier != query.tier) continue;
    TotalsRow& row = sums[{event.actor, tier}];
    row.actor = event.actor;
    row.tier = tier;
    row.failures += count == Count::failed ? 1 : 0;
    row.files += count == Count::moved ? 1 : 0;
    row.bytes += count == Count::moved ? event.bytes.value_or(0) : 0;
    row.removed_files += count == Count::removed ? 1 : 0;
    row.removed_bytes += count == Count::removed ? event.bytes.value_or(0) : 0;
  }
  std::vector<TotalsRow> rows;
  for (const auto& [who, row] : sums)
    rows.push_back(row);
  return rows;
}

}  // namespace

TEST_CASE("each filter finds what going through all events finds, newest first") {
  Bench bench;
  Reader reader = bench.reader();
  CHECK(found(reader, {}).size() == bench.events.size());
  std::size_t some = 0;
  for (std::uint64_t which = 0; which < 12; ++which) {
    for (int i = 0; i < 15; ++i) {
      Query query;
      bench.add_filter(query, which);
      CAPTURE(which, i, query.text, query.type, query.id);
      const auto numbers = found(reader, query);
      CHECK(numbers == bench.expected(query));
      some += numbers.empty() ? 0 : 1;
    }
  }
  CHECK(some > 120);
}

TEST_CASE("filters together find what fits all of them") {
  Bench bench;
  Reader reader = bench.reader();
  std::size_t some = 0;
  for (int i = 0; i < 250; ++i) {
    Query query;
    for (std::uint64_t filters = 2 + bench.random.below(3); filters > 0; --filters)
      bench.add_filter(query, bench.random.below(12));
    CAPTURE(i, query.dataset, query.id, query.actor, query.tier, query.result, query.type, query.text);
    const auto numbers = found(reader, query);
    CHECK(numbers == bench.expected(query));
    some += numbers.empty() ? 0 : 1;
  }
  CHECK(some > 50);
}

TEST_CASE("pages follow each other without a gap, also while events are added") {
  Bench bench;
  Reader reader = bench.reader();
  Query query;
  query.actor = "actor1";
  const auto all = bench.expected(query);
  std::vector<std::uint64_t> paged;
  Ledger ledger = take(Ledger::open(bench.path));
  for (;;) {
    const auto page = found(reader, query, 7);
    if (page.empty()) break;
    CHECK(page.size() <= 7);
    paged.insert(paged.end(), page.begin(), page.end());
    query.before = page.back();
    const std::vector<Event> more{bench.events[all.front() - 1]};
    require_good(ledger.append(more).map([](const Head&) {}));
  }
  CHECK(paged == all);
}

TEST_CASE("an event comes with its hash and the one before, which a head can be compared with") {
  Bench bench;
  Reader reader = bench.reader();
  const Head head = take(reader.head());
  Hash next{};
  require_good(for_each_event(reader, {}, 10, [&](const Found& one) -> Status {
    if (one.record.seq == head.seq) CHECK(one.record.hash == head.hash);
    if (one.record.seq != head.seq) CHECK(one.record.hash == next);
    next = one.previous;
    CHECK(one.record.event == bench.events[one.record.seq - 1]);
    return {};
  }));
}

TEST_CASE("totals are what adding up all events gives, by days or not") {
  Bench bench;
  Reader reader = bench.reader();
  CHECK(totals(reader, {}).value() == expected_totals(bench.events, {}));
  for (int i = 0; i < 200; ++i) {
    Query query;
    for (const std::uint64_t which : {3U, 5U, 9U, 10U})
      if (bench.random.below(2) == 0) bench.add_filter(query, which);
    if (i % 4 == 0) bench.add_filter(query, bench.random.below(12));
    if (i % 5 == 0)
      query.since = query.since.value_or(bench.some_time()) / kNanosecondsPerDay * kNanosecondsPerDay;
    CAPTURE(i, query.actor, query.tier, query.since.value_or(0), query.until.value_or(0), query.text);
    CHECK(take(totals(reader, query)) == expected_totals(bench.events, query));
  }
}

TEST_CASE("copies are found by dataset, key and place, with the times of their events") {
  Bench bench;
  Reader reader = bench.reader();
  const auto copies = [&](const Query& query) {
    std::vector<Copy> list;
    require_good(for_each_copy(reader, query, [&](const Copy& copy) -> Status {
      list.push_back(copy);
      return {};
    }));
    return list;
  };
  const auto all = copies({});
  REQUIRE(all.size() > 20);
  for (const Copy& copy : all) {
    CHECK(copy.since.time == bench.events[copy.since.seq - 1].time);
    CHECK(copy.seen.time == bench.events[copy.seen.seq - 1].time);
    CHECK(bench.events[copy.seen.seq - 1].key == copy.key);
    if (copy.proven) CHECK(proves(bench.events[copy.proven->seq - 1]));
    if (copy.gone) CHECK(copy.gone->time == bench.events[copy.gone->seq - 1].time);
  }
  const auto count = [&](const auto& wanted) { return std::count_if(all.begin(), all.end(), wanted); };
  Query query;
  query.dataset = "dataset2";
  CHECK(static_cast<long>(copies(query).size()) ==
        count([](const Copy& one) { return one.dataset == "dataset2"; }));
  query.keys = {"key3", "key4", "never"};
  const auto of_keys = [](const Copy& one) { return one.key == "key3" || one.key == "key4"; };
  CHECK(static_cast<long>(copies(query).size()) == count([&](const Copy& one) {
          return of_keys(one) && (one.dataset == "dataset2" || one.dataset.empty());
        }));
  query.dataset.clear();
  CHECK(static_cast<long>(copies(query).size()) == count(of_keys));
  query.tier = "fast";
  CHECK(static_cast<long>(copies(query).size()) ==
        count([&](const Copy& one) { return of_keys(one) && one.place == "fast"; }));
  query.keys.emplace();
  CHECK(copies(query).empty());
}

TEST_CASE("what no event ever named is not known, and finds nothing") {
  Bench bench;
  Reader reader = bench.reader();
  CHECK(take(knows_id(reader, "request1")));
  CHECK(take(knows_id(reader, "job5")));
  CHECK(take(knows_id(reader, "pin2")));
  CHECK(take(knows_dataset(reader, "dataset0")));
  CHECK(take(knows_key(reader, "key0")));
  for (const std::string& name :
       {std::string("request9"), std::string(), std::string("key0"), std::string("\0", 1)})
    CHECK_FALSE(take(knows_id(reader, name)));
  CHECK_FALSE(take(knows_key(reader, "dataset0")));
  CHECK_FALSE(take(knows_dataset(reader, "x")));
  Query query;
  query.host = "nowhere";
  CHECK(found(reader, query).empty());
  CHECK(take(totals(reader, query)).empty());
}

TEST_CASE("a type or result that does not exist is refused, with those that do") {
  Bench bench;
  Reader reader = bench.reader();
  for (const auto& [type, result] : {std::pair{"transfers", ""}, {"transfer.", ""}, {"", "good"}}) {
    Query query;
    query.type = type;
    query.result = result;
    const auto status = for_each_event(reader, query, 1, [](const Found&) -> Status { return {}; });
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::invalid);
  }
}
