#pragma once
// Where the bytes of one object come from: a file, a range of one (a member of an archive), or a server.
//
// Threads: one reader per source.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
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

  // Fills the buffer from `offset`; fewer bytes only at the end. Readers go forward, so a server may stream;
  // but a second look begins again at 0.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) = 0;

  // The file whose whole content this is, if any.
  [[nodiscard]] virtual const fs::File* whole_file() const { return nullptr; }
  // Whether the medium stores fewer bytes than the size says, so that zeros need not be written.
  [[nodiscard]] virtual bool has_holes() const { return false; }

  // Reads that wait for somebody else (a server) end with `cancelled` soon after this is requested.
  virtual void stop_with(const std::stop_token& stop) { static_cast<void>(stop); }
  // These bytes will not be read again soon: a shared machine's cache has better uses.
  virtual void drop_cache(std::uint64_t offset, std::uint64_t length) {
    static_cast<void>(offset);
    static_cast<void>(length);
  }
};

// `size` bytes of a file, from `start`. Has the kernel read well ahead of us, so that the disk that is read
// from does not wait while we write; its own read-ahead is a few hundred KiB.
class FileSource final : public Source {
 public:
  // `name` is how errors call it, where the file's own would not do.
  FileSource(std::shared_ptr<const fs::File> file, std::uint64_t start, std::uint64_t size,
             std::string name = {})
      : file_(std::move(file)), start_(start), size_(size), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const override { return name_.empty() ? file_->name() : name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override;
  void drop_cache(std::uint64_t offset, std::uint64_t length) override;
  [[nodiscard]] const fs::File* whole_file() const override;
  [[nodiscard]] bool has_holes() const override;

 private:
  void read_ahead_of(std::uint64_t offset);

  std::shared_ptr<const fs::File> file_;
  std::uint64_t start_;
  std::uint64_t size_;
  std::uint64_t asked_for_ = 0;  // bytes up to here are in the cache or on their way
  std::string name_;
};

}  // namespace microstage::transfer
