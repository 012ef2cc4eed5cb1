#pragma once
// What the tests of the remote's answers share: a clone-like directory, a store, and requests served from
// them without protocol or git-annex.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/fs/file_ops.h"
#include "remote/special_remote.h"
#include "tests/support/catch.h"
#include "tests/support/fake_conversation.h"
#include "tests/support/scratch.h"

namespace microstage::testing {

inline const std::string kUuid = "11111111-2222-4333-8444-555555555555";
inline const std::string kLarge = sample_bytes(3'000'000);  // followed in place
inline const std::string kSmall = sample_bytes(1'000);      // always renamed

// A clone-like directory as working directory, a store, git's configuration from nowhere but `configure`.
class RemoteBench {
 public:
  explicit RemoteBench(const std::string& layout = "2") : back_(std::filesystem::current_path()) {
    dataset = make_ria_store(scratch / "store", layout);
    std::filesystem::create_directories(scratch / "clone/.git/annex/tmp");
    std::filesystem::current_path(scratch / "clone");
    ::setenv("HOME", scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    ::setenv("GIT_CEILING_DIRECTORIES", scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_COUNT", "0", 1);
    ::setenv("MICROSTAGE_SPOOL", "no", 1);
    conversation.answers = {{"GETCONFIG url", "ria+file://" + scratch.path() + "/store"},
                            {"GETCONFIG push-url", ""},
                            {"GETCONFIG archive-id", std::string{kDatasetId}},
                            {"GETCONFIG name", "cap"},
                            {"GETUUID", kUuid},
                            {"GETGITDIR", ".git"},
                            {"GETGITREMOTENAME", "cap"}};
    session();
  }
  ~RemoteBench() {
    served.reset();
    std::filesystem::current_path(back_);
  }

  // A process of its own: what the last one remembered is forgotten.
  void session(fs::FileOps& ops = fs::posix_file_ops()) {
    served.reset();
    served = std::make_unique<remote::SpecialRemote>(ops);
  }
  void prepare() { CHECK(ask(remote::RequestType::prepare) == "PREPARE-SUCCESS"); }

  void verify_once() {
    ::setenv("GIT_CONFIG_COUNT", "2", 1);
    ::setenv("GIT_CONFIG_KEY_0", "remote.cap.annex-security-allow-unverified-downloads", 1);
    ::setenv("GIT_CONFIG_VALUE_0", "ACKTHPPT", 1);
    ::setenv("GIT_CONFIG_KEY_1", "annex.verify", 1);
    ::setenv("GIT_CONFIG_VALUE_1", "false", 1);
  }

  std::string ask(remote::RequestType type, const std::string& key = {}, const std::string& file = {}) {
    const auto lines = served->serve({type, key, file}, conversation);
    REQUIRE_FALSE(lines.empty());
    return lines.front();
  }
  std::string store(const std::string& key, const std::string& bytes) {
    write_file("./source", bytes);
    return ask(remote::RequestType::store, key, "source");
  }
  std::string retrieve(const std::string& key) { return ask(remote::RequestType::retrieve, key, target); }
  std::string remove(const std::string& key) { return ask(remote::RequestType::remove, key); }
  std::string check(const std::string& key) { return ask(remote::RequestType::check_present, key); }

  // Where the store keeps (or would keep) the key.
  std::string object(const std::string& key) const {
    const auto parsed = key_of(key);
    const bool mixed = read_file(dataset + "/ria-layout-version").starts_with("2");
    return dataset + "/annex/objects/" +
           (mixed ? parsed.hash_directories_mixed() : parsed.hash_directories_lower()) + "/" +
           parsed.file_name() + "/" + parsed.file_name();
  }
  void put(const std::string& key, const std::string& bytes) const {
    std::filesystem::remove(object(key));
    write_file(object(key), bytes);
  }
  [[nodiscard]] std::vector<std::string> quarantined() const {
    std::vector<std::string> found;
    const std::string root = dataset + "/.microstage/quarantine";
    if (exists(root)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) found.push_back(entry.path());
      }
    }
    return found;
  }

  Scratch scratch;
  std::string dataset;
  std::string target = ".git/annex/tmp/KEY";
  FakeConversation conversation;
  std::unique_ptr<remote::SpecialRemote> served;

 private:
  std::filesystem::path back_;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline bool said(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return has(line, part); });
}

inline std::string flipped(std::string bytes) {
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  return bytes;
}

inline std::string key_for(const std::string& bytes) {
  return sha256_key(bytes).text();
}

}  // namespace microstage::testing
