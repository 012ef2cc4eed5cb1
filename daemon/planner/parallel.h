#pragma once
// The same work for many things, on as many threads as there are cores to use.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace microstage::planner {

// Cores that this process may use (taskset, a batch job's share), at least one.
[[nodiscard]] inline unsigned usable_cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

// Calls work(i) once for each i below `count`, on at most `threads` threads, this one among them. Returns
// when all is done. `work` must not throw.
template <class Work>
void in_parallel(std::size_t count, unsigned threads, const Work& work) {
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++)
      work(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min<std::size_t>(threads, count); ++i)
    others.emplace_back(loop);
  loop();
}

}  // namespace microstage::planner
