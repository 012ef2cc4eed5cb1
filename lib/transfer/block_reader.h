#pragma once
// Reads a source in blocks, ahead of whoever uses them: a large one on a thread of its own, so that the
// medium that is read and the medium that is written work at the same time.
//
// Threads: one thread uses the reader; a source that stops (Source::stop_with) ends its reading thread.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "lib/core/result.h"
#include "lib/transfer/source.h"

namespace microstage::transfer {

inline constexpr std::size_t kBlock = std::size_t{1} << 20U;
inline constexpr std::size_t kBlocksAhead = 8;  // a copy's memory: 8 MiB

class BlockReader {
 public:
  // Reads bytes `offset` to `end` of `source`. Without `ahead` each block is read when it is asked for.
  BlockReader(Source& source, std::uint64_t offset, std::uint64_t end, bool ahead);
  ~BlockReader();  // waits for a read that has begun
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // The next block; whole, but for the last one. Errors: those of the source, and source_changed where it
  // ends early. Not to be called at the end, nor after an error.
  [[nodiscard]] Result<std::span<const std::byte>> next();
  // The first `count` blocks since the beginning are not needed any more. Without `ahead` a block lasts until
  // the next one is asked for.
  void release(std::uint64_t count);

 private:
  struct FreeAligned {
    void operator()(std::byte* bytes) const;
  };
  using Buffer = std::unique_ptr<std::byte, FreeAligned>;

  [[nodiscard]] Result<std::span<const std::byte>> read();
  void read_on();

  Source& source_;
  std::uint64_t at_;
  const std::uint64_t end_;
  std::vector<Buffer> buffers_;
  std::uint64_t read_ = 0;  // blocks begun; the reading thread's own

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Result<std::span<const std::byte>>> ready_;  // by number, modulo the buffers
  std::uint64_t given_ = 0;
  std::uint64_t filled_ = 0;
  std::uint64_t released_ = 0;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace microstage::transfer
