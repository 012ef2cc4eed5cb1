#include "daemon/core/plan/target.h"

#include <algorithm>
#include <functional>

#include "daemon/core/plan/glob.h"
#include "lib/core/ids.h"
#include "lib/core/text.h"

namespace microstage::core {

namespace {

constexpr std::size_t kLongestTarget = 4095;
constexpr std::string_view kDigits = "0123456789";

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool is_range(std::string_view text) {
  return text.find("..") != std::string_view::npos;
}

// A name that ends in a number.
struct Numbered {
  std::string_view prefix;
  std::string_view number;

  static Numbered of(std::string_view name) {
    const std::size_t last = name.find_last_not_of(kDigits);
    const std::size_t start = last == std::string_view::npos ? 0 : last + 1;
    return {name.substr(0, start), name.substr(start)};
  }
};

// Of numbers that are padded alike.
bool is_before(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool is_padded(std::string_view number) {
  return number.size() > 1 && number.front() == '0';
}

struct Range {
  Numbered first;
  Numbered last;

  [[nodiscard]] bool has(std::string_view name) const {
    const Numbered one = Numbered::of(name);
    const bool alike = first.number.size() == last.number.size() ? one.number.size() == first.number.size()
                                                                 : !is_padded(one.number);
    return !one.number.empty() && alike && one.prefix == first.prefix &&
           !is_before(one.number, first.number) && !is_before(last.number, one.number);
  }
};

Error no_range(std::string_view text, const std::string& why) {
  return {ErrorKind::invalid,
          "'" + one_line(text) + "' is no range: " + why + "; write it like B20_0100..B20_0199", 0};
}

// One pair of dots with something on both sides.
Result<Range> parse_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  const std::string_view left = text.substr(0, dots);
  const std::string_view right = text.substr(dots + 2);
  if (left.empty() || right.empty()) return fail(no_range(text, "an end is missing"));
  if (right.front() == '.' || is_range(right)) return fail(no_range(text, "it has too many dots"));
  const Range range{Numbered::of(left), Numbered::of(right)};
  if (range.first.number.empty() || range.last.number.empty())
    return fail(no_range(text, "both ends must end in a number"));
  if (range.first.prefix != range.last.prefix)
    return fail(no_range(text, "the ends differ in what is before the number"));
  const bool same_length = range.first.number.size() == range.last.number.size();
  if (!same_length && (is_padded(range.first.number) || is_padded(range.last.number)))
    return fail(no_range(text, "the ends are padded with zeros to different lengths"));
  if (is_before(range.last.number, range.first.number))
    return fail(no_range(text, "it ends before it begins"));
  return range;
}

std::vector<std::size_t> places_where(const std::vector<std::string_view>& names,
                                      const std::function<bool(std::string_view)>& wanted) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (wanted(names[i])) places.push_back(i);
  return places;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::invalid, "the name of a dataset is empty");
  if (text.size() > kLongestTarget || text.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::invalid, "'" + one_line(text.substr(0, 40)) +
                                        "…' can be no dataset's name: it is too long, or has a zero byte");
  }
  if (text.front() == '.' || text.find('/') != std::string_view::npos)
    return Target{TargetKind::path, std::string{text}};
  if (auto id = lower_case(text); DatasetId::parse(id)) return Target{TargetKind::id, std::move(id)};
  const bool several = is_range(text) || has_glob(text);
  return Target{several ? TargetKind::aliases : TargetKind::name, std::string{text}};
}

Result<std::vector<std::size_t>> select_aliases(std::string_view text,
                                                const std::vector<std::string_view>& aliases) {
  const auto exact = std::find(aliases.begin(), aliases.end(), text);
  if (exact != aliases.end())
    return std::vector<std::size_t>{static_cast<std::size_t>(exact - aliases.begin())};
  std::vector<std::size_t> places;
  if (has_glob(text)) {
    places = places_where(aliases, [&](std::string_view name) { return glob_matches(text, name); });
  } else if (is_range(text)) {
    const auto range = parse_range(text);
    if (!range) return fail(range.error());
    places = places_where(aliases, [&](std::string_view name) { return range->has(name); });
  }
  if (places.empty()) return fail(ErrorKind::not_found, "no alias of the store is '" + one_line(text) + "'");
  return places;
}

}  // namespace microstage::core
