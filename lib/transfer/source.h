#pragma once
// Where the bytes of one object come from: a file, a range of one (a member of an archive), or a server.
//
// Threads: one reader per source.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lib/core/result.h"
#include "lib/fs/file.h"

namespace microstage::transfer {

class Source {
 public:
  virtual ~Source() = default;
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] virtual const std::string& name() const = 0;  // how errors call it
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  // Fills the buffer from `offset`; fewer bytes only at the end. Readers go forward, so a server may stream.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) = 0;

  // All of it will be read, in order.
  virtual void read_ahead() {}
  // These bytes will not be read again soon: a shared machine's cache has better uses.
  virtual void drop_cache(std::uint64_t offset, std::uint64_t length) {
    static_cast<void>(offset);
    static_cast<void>(length);
  }
};

// `size` bytes of a file, from `start`.
class FileSource final : public Source {
 public:
  FileSource(std::shared_ptr<const fs::File> file, std::uint64_t start, std::uint64_t size)
      : file_(std::move(file)), start_(start), size_(size) {}

  [[nodiscard]] const std::string& name() const override { return file_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override;
  void read_ahead() override;
  void drop_cache(std::uint64_t offset, std::uint64_t length) override;

 private:
  std::shared_ptr<const fs::File> file_;
  std::uint64_t start_;
  std::uint64_t size_;
};

}  // namespace microstage::transfer
