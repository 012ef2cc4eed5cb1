#include "tests/support/scratch.h"

#include <sys/fsuid.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace microstage::testing {

namespace files = std::filesystem;

Scratch::Scratch(const std::string& parent) {
  const char* wanted = std::getenv("TMPDIR");
  path_ = !parent.empty() ? parent : wanted != nullptr ? wanted : "/tmp";
  path_ += "/microstage-test-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  files::remove_all(path_, ignored);
}

std::vector<std::string> Scratch::tree() const {
  std::vector<std::string> names;
  for (const auto& entry : files::recursive_directory_iterator(path_)) {
    std::string name = entry.path().string().substr(path_.size() + 1);
    if (entry.is_directory() && !entry.is_symlink()) name += '/';
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void write_file(const std::string& path, std::string_view bytes) {
  files::create_directories(files::path(path).parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::error_code unknown;
  const std::uintmax_t size = files::file_size(path, unknown);
  std::string text(unknown ? 0 : size, '\0');  // at once: thousands of tests read megabytes
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  std::ostringstream more;  // of files that do not know their size, or grow
  if (in) more << in.rdbuf();
  return text + more.str();
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return files::exists(files::symlink_status(path, ignored));
}

std::string sample_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word = random();
    for (std::size_t j = i; j < std::min(size, i + 8); ++j, word >>= 8U)
      bytes[j] = static_cast<char>(word & 0xffU);
  }
  return bytes;
}

std::string hex_digest(HashAlgorithm algorithm, std::string_view bytes) {
  const auto hasher = make_hasher(algorithm);
  if (!hasher) throw std::runtime_error("no such algorithm");
  hasher->update(std::as_bytes(std::span(bytes)));
  return hasher->finish();
}

annex::Key sha256_key(std::string_view bytes) {
  return key_of("SHA256-s" + std::to_string(bytes.size()) + "--" +
                hex_digest({HashFamily::sha2, 256}, bytes));
}

annex::Key key_of(std::string_view text) {
  auto key = annex::Key::parse(text);
  if (!key) throw std::runtime_error(key.error().message);
  return std::move(*key);
}

DatasetId sample_dataset_id() {
  return *DatasetId::parse(kDatasetId);
}

std::string make_ria_store(const std::string& root, std::string_view dataset_version) {
  write_file(root + "/ria-layout-version", "1\n");
  std::string dataset = root + "/" + sample_dataset_id().store_path();
  write_file(dataset + "/ria-layout-version", std::string{dataset_version} + "\n");
  return dataset;
}

namespace {

constexpr uid_t kNobody = 65534;

}  // namespace

OrdinaryUser::OrdinaryUser(const Scratch& scratch) {
  if (::geteuid() != 0) return;
  if (::chown(scratch.path().c_str(), kNobody, kNobody) != 0) throw std::runtime_error("cannot chown");
  for (const std::string& name : scratch.tree())
    if (::lchown((scratch / name).c_str(), kNobody, kNobody) != 0) throw std::runtime_error("cannot chown");
  ::setfsuid(kNobody);  // takes the right to override permissions with it
  changed_ = true;
}

OrdinaryUser::~OrdinaryUser() {
  if (changed_) ::setfsuid(0);
}

}  // namespace microstage::testing
