#pragma once
// Chance from a seed: the same on every machine, unlike the distributions of the standard library.
//
// Threads: one at a time.

#include <cstdint>

namespace microstage::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // splitmix64
    std::uint64_t value = state_ += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
  }
  // Of 0 … end - 1.
  template <class Number>
  Number below(Number end) {
    return end == 0 ? Number{0} : static_cast<Number>(next() % static_cast<std::uint64_t>(end));
  }
  // Of first … last.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool of_thousand(unsigned chance) { return below(1000U) < chance; }

 private:
  std::uint64_t state_;
};

}  // namespace microstage::sim
