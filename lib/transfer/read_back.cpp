#include "lib/transfer/read_back.h"

#include <cerrno>
#include <utility>

#include "lib/transfer/copy.h"

namespace microstage::transfer {

namespace {

// What direct I/O may be asked for at least: whole blocks of the medium.
constexpr std::size_t kBlockOfMedium = 4096;

class Medium final : public Source {
 public:
  Medium(const fs::File& file, std::uint64_t size) : file_(file), size_(size) {
    file_.ops().drop_cache(file_.descriptor(), 0, size_);
    direct_ = file_.ops().set_direct(file_.descriptor(), true) == 0;
  }
  ~Medium() override { leave_direct(); }

  [[nodiscard]] const std::string& name() const override { return file_.name(); }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    if (buffer.size() % kBlockOfMedium != 0) leave_direct();  // the last one
    auto count = file_.read_at(buffer, offset);
    if (count || count.error().code != EINVAL || !direct_) return count;
    leave_direct();  // this medium's blocks are larger
    return file_.read_at(buffer, offset);
  }

 private:
  void leave_direct() {
    if (std::exchange(direct_, false)) file_.ops().set_direct(file_.descriptor(), false);
  }

  const fs::File& file_;
  std::uint64_t size_;
  bool direct_ = false;
};

}  // namespace

Status hash_from_medium(const fs::File& file, std::uint64_t size, Hasher& hasher,
                        const std::stop_token& stop) {
  Medium medium(file, size);
  return hash_bytes(medium, hasher, stop);
}

}  // namespace microstage::transfer
