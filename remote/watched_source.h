#pragma once
// A source that remembers where it first could not be read. Threads: as its source.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "lib/transfer/source.h"

namespace microstage::remote {

class WatchedSource final : public transfer::Source {
 public:
  struct Failure {
    Error error;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  explicit WatchedSource(std::unique_ptr<transfer::Source> source) : source_(std::move(source)) {}

  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

  [[nodiscard]] const std::string& name() const override { return source_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return source_->size(); }
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    auto count = source_->read_at(buffer, offset);
    if (!count && !failure_)
      failure_ = Failure{count.error(), offset, std::min<std::uint64_t>(buffer.size(), size() - offset)};
    return count;
  }
  [[nodiscard]] const fs::File* whole_file() const override { return source_->whole_file(); }
  [[nodiscard]] bool has_holes() const override { return source_->has_holes(); }
  void stop_with(const std::stop_token& stop) override { source_->stop_with(stop); }
  void drop_cache(std::uint64_t offset, std::uint64_t length) override {
    source_->drop_cache(offset, length);
  }

 private:
  std::unique_ptr<transfer::Source> source_;
  std::optional<Failure> failure_;
};

}  // namespace microstage::remote
