#pragma once
// A temporary directory of a test's own, removed at its end, and what tests put there.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/annex/key.h"
#include "lib/core/ids.h"

namespace microstage::testing {

class Scratch {
 public:
  // Below $TMPDIR or /tmp; or below `parent`, for a test that needs another file system.
  explicit Scratch(const std::string& parent = {});
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ + "/" + std::string{name}; }

  // Every path below, relative to it, sorted; directories end in a slash.
  [[nodiscard]] std::vector<std::string> tree() const;

 private:
  std::string path_;
};

// Whole files. write_file makes missing directories; read_file gives "" for what cannot be read.
void write_file(const std::string& path, std::string_view bytes);
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);  // a dangling symbolic link does

// Bytes that no compression or block boundary favours, always the same for the same size and seed.
[[nodiscard]] std::string sample_bytes(std::size_t size, unsigned seed = 1);
// The key that git-annex would give `bytes`: SHA256-sN--digest.
[[nodiscard]] annex::Key sha256_key(std::string_view bytes);
[[nodiscard]] annex::Key key_of(std::string_view text);
[[nodiscard]] std::string hex_digest(HashAlgorithm algorithm, std::string_view bytes);

inline constexpr std::string_view kDatasetId = "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01";
[[nodiscard]] DatasetId sample_dataset_id();
// A RIA store at `root` with the one dataset kDatasetId of the given layout version ("1" or "2"), without git
// in it. Returns the dataset's path.
std::string make_ria_store(const std::string& root, std::string_view dataset_version = "2");

// While it lives, this thread opens files as an ordinary user does, also where the tests run as root.
class OrdinaryUser {
 public:
  explicit OrdinaryUser(const Scratch& scratch);  // who becomes the owner of everything there
  ~OrdinaryUser();
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  bool changed_ = false;
};

}  // namespace microstage::testing
