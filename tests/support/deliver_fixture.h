#pragma once
// What the tests of deliver share: a source, a path as git-annex names it, and a private directory.

#include "lib/transfer/deliver.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

inline constexpr std::size_t kMiB = std::size_t{1} << 20U;

struct Clone {
  explicit Clone(std::string_view content, const std::string& parent = {}) : scratch(parent), bytes(content) {
    write_file(source_path, bytes);
    write_file(scratch / "git/annex/tmp/keep", "");
    delivery.path = path;
    delivery.private_directory = scratch / "git/microstage/private";
    delivery.private_name = "KEY";
    delivery.digest = Digest{{HashFamily::sha2, 256}, hex_digest({HashFamily::sha2, 256}, bytes)};
  }

  [[nodiscard]] Status deliver(fs::FileOps& ops = fs::posix_file_ops()) const {
    return deliver_from(source_path, delivery, ops);
  }
  [[nodiscard]] static Status deliver_from(const std::string& source, const transfer::Delivery& wanted,
                                           fs::FileOps& ops = fs::posix_file_ops()) {
    auto file = fs::File::open(ops, source, O_RDONLY);
    if (!file) return fail(file.error());
    const auto status = file->status();
    if (!status) return fail(status.error());
    transfer::FileSource whole(std::make_shared<fs::File>(std::move(*file)), 0, status->size);
    return transfer::deliver(ops, whole, wanted);
  }
  // The same source with one byte wrong.
  [[nodiscard]] std::string damaged_source(std::size_t at) const {
    std::string wrong = bytes;
    wrong.at(at) ^= 1;
    write_file(scratch / "damaged", wrong);
    return scratch / "damaged";
  }
  // Where bytes of an unfinished attempt are.
  [[nodiscard]] std::string partial() const {
    const bool in_place =
        delivery.mode == transfer::DeliveryMode::follow && bytes.size() >= transfer::kSmallObject;
    return in_place ? path : delivery.private_directory + "/" + delivery.private_name;
  }
  [[nodiscard]] bool right() const { return read_file(path) == bytes; }
  // Files, without the directories that may stay.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const std::string& name : scratch.tree())
      if (name.back() != '/' && name.starts_with("git/") && !name.ends_with("/keep")) names.push_back(name);
    return names;
  }

  Scratch scratch;
  std::string bytes;
  std::string source_path = scratch / "source";
  std::string path = scratch / "git/annex/tmp/KEY";
  transfer::Delivery delivery;
};

}  // namespace microstage::testing
