#pragma once
// A load as a brain makes it: sections of 29 keys are archived, much later released, staged again and
// verified, 20 jobs interleaved. Deterministic, of any length, in constant memory.

#include <array>
#include <cstdint>
#include <string>

#include "lib/ledger/event.h"

namespace microstage::testing {

class LedgerLoad {
 public:
  // Sections between archiving one and releasing, staging, verifying it.
  explicit LedgerLoad(std::uint64_t distance = 1000);

  ledger::Event next();

  static constexpr unsigned kKeys = 29;
  static constexpr std::size_t kInterleaved = 20;

  [[nodiscard]] static std::string dataset(std::uint64_t section);
  [[nodiscard]] static std::string key(std::uint64_t section, unsigned plane);

 private:
  enum class Work { archive, release, stage, verify };
  struct Job {
    std::uint64_t number = 0;
    std::uint64_t section = 0;
    Work work = Work::archive;
    unsigned step = 0;
  };
  [[nodiscard]] Job next_job();
  [[nodiscard]] ledger::Event event_of(const Job& job) const;
  [[nodiscard]] ledger::Event frame(const Job& job) const;
  [[nodiscard]] ledger::Event object(const Job& job, unsigned plane) const;

  std::uint64_t distance_;
  std::uint64_t jobs_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t count_ = 0;
  std::array<Job, kInterleaved> running_{};
};

}  // namespace microstage::testing
