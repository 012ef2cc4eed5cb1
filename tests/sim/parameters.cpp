#include "tests/sim/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace microstage::sim {
namespace {

constexpr std::array<std::string_view, kTroubles> kNames{
    "crash",  "die",       "hang",       "lose",       "delay",   "repeat", "transient", "sick",
    "space",  "integrity", "durability", "permission", "source",  "plan",   "lost",      "slow",
    "cancel", "pin",       "plain",      "release",    "archive", "verify", "wide",      "limit"};

std::optional<Trouble> trouble_named(std::string_view word) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), word);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Trouble>(found - kNames.begin());
}

// Calls `each` with every part between commas; false as soon as it returns false.
template <class Each>
bool parts(std::string_view words, Each each) {
  while (!words.empty()) {
    const std::size_t comma = std::min(words.find(','), words.size());
    if (!each(words.substr(0, comma))) return false;
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return true;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view name(Trouble trouble) {
  return kNames.at(static_cast<std::size_t>(trouble));
}

Troubles Troubles::all() {
  Troubles every;
  every.bits_ = (1U << kTroubles) - 1;
  return every;
}

void Troubles::set(Trouble one, bool on) {
  const std::uint32_t bit = 1U << static_cast<unsigned>(one);
  bits_ = on ? bits_ | bit : bits_ & ~bit;
}

std::optional<Troubles> Troubles::parse(std::string_view words) {
  Troubles result;
  const bool good = parts(words, [&](std::string_view word) {
    if (word == "all") {
      result = all();
      return true;
    }
    const bool take_away = word.starts_with('-');
    const auto one = trouble_named(take_away ? word.substr(1) : word);
    if (one) result.set(*one, !take_away);
    return one.has_value() || word == "none";
  });
  return good ? std::optional(result) : std::nullopt;
}

std::string Troubles::text() const {
  if (*this == all()) return "all";
  std::string words;
  for (unsigned i = 0; i < kTroubles; ++i)
    if (has(static_cast<Trouble>(i))) words += (words.empty() ? "" : ",") + std::string{kNames.at(i)};
  return words.empty() ? "none" : words;
}

std::string Parameters::command() const {
  std::string line = "simulate --seed " + std::to_string(seed) + " --operations " +
                     std::to_string(operations) + " --sections " + std::to_string(sections) + " --keys " +
                     std::to_string(keys) + " --users " + std::to_string(users) + " --movers " +
                     std::to_string(movers) + " --faults " + troubles.text();
  if (!without.empty()) line += " --without " + numbers_text(without);
  return line;
}

std::optional<std::vector<std::uint32_t>> parse_numbers(std::string_view words) {
  std::vector<std::uint32_t> result;
  const bool good = parts(words, [&](std::string_view word) {
    const std::size_t dash = word.find('-');
    const auto first = number(word.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(word.substr(dash + 1));
    if (!first || !last || *last < *first) return false;
    for (std::uint32_t i = *first; i <= *last; ++i)
      result.push_back(i);
    return true;
  });
  return good ? std::optional(std::move(result)) : std::nullopt;
}

std::string numbers_text(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
      ++last;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (last > i) text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text;
}

}  // namespace microstage::sim
