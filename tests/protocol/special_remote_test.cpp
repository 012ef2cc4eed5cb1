// What the remote means by its answers: each request served from a store on disk, without protocol or
// git-annex.

#include "remote/special_remote.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/fs/file_ops.h"
#include "tests/support/catch.h"
#include "tests/support/fake_conversation.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::remote;
using namespace microstage::testing;

namespace {

namespace stdfs = std::filesystem;

const std::string kUuid = "11111111-2222-4333-8444-555555555555";
const std::string kLarge = sample_bytes(3'000'000);  // followed in place
const std::string kSmall = sample_bytes(1'000);      // always renamed

// A clone-like directory as working directory, a store, git's configuration from nowhere but `configure`.
class Bench {
 public:
  explicit Bench(const std::string& layout = "2") : back_(stdfs::current_path()) {
    dataset = make_ria_store(scratch / "store", layout);
    stdfs::create_directories(scratch / "clone/.git/annex/tmp");
    stdfs::current_path(scratch / "clone");
    ::setenv("HOME", scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    ::setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    ::setenv("GIT_CEILING_DIRECTORIES", scratch.path().c_str(), 1);
    ::setenv("GIT_CONFIG_COUNT", "0", 1);
    conversation.answers = {{"GETCONFIG url", "ria+file://" + scratch.path() + "/store"},
                            {"GETCONFIG push-url", ""},
                            {"GETCONFIG archive-id", std::string{kDatasetId}},
                            {"GETCONFIG name", "cap"},
                            {"GETUUID", kUuid},
                            {"GETGITDIR", ".git"},
                            {"GETGITREMOTENAME", "cap"}};
    session();
  }
  ~Bench() {
    remote.reset();
    stdfs::current_path(back_);
  }

  // A process of its own: what the last one remembered is forgotten.
  void session() {
    remote.reset();
    remote = std::make_unique<SpecialRemote>(fs::posix_file_ops());
  }
  void prepare() { CHECK(ask(RequestType::prepare) == "PREPARE-SUCCESS"); }

  void verify_once() {
    ::setenv("GIT_CONFIG_COUNT", "2", 1);
    ::setenv("GIT_CONFIG_KEY_0", "remote.cap.annex-security-allow-unverified-downloads", 1);
    ::setenv("GIT_CONFIG_VALUE_0", "ACKTHPPT", 1);
    ::setenv("GIT_CONFIG_KEY_1", "annex.verify", 1);
    ::setenv("GIT_CONFIG_VALUE_1", "false", 1);
  }

  std::string ask(RequestType type, const std::string& key = {}, const std::string& file = {}) {
    const auto lines = remote->serve({type, key, file}, conversation);
    REQUIRE_FALSE(lines.empty());
    return lines.front();
  }
  std::string store(const std::string& key, const std::string& bytes) {
    write_file("./source", bytes);
    return ask(RequestType::store, key, "source");
  }
  std::string retrieve(const std::string& key) { return ask(RequestType::retrieve, key, target); }
  std::string remove(const std::string& key) { return ask(RequestType::remove, key); }
  std::string check(const std::string& key) { return ask(RequestType::check_present, key); }

  // Where the store keeps (or would keep) the key.
  std::string object(const std::string& key) const {
    const auto parsed = key_of(key);
    const bool mixed = read_file(dataset + "/ria-layout-version").starts_with("2");
    return dataset + "/annex/objects/" +
           (mixed ? parsed.hash_directories_mixed() : parsed.hash_directories_lower()) + "/" +
           parsed.file_name() + "/" + parsed.file_name();
  }
  void put(const std::string& key, const std::string& bytes) const {
    stdfs::remove(object(key));
    write_file(object(key), bytes);
  }
  [[nodiscard]] std::vector<std::string> quarantined() const {
    std::vector<std::string> found;
    const std::string root = dataset + "/.microstage/quarantine";
    if (exists(root)) {
      for (const auto& entry : stdfs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) found.push_back(entry.path());
      }
    }
    return found;
  }

  Scratch scratch;
  std::string dataset;
  std::string target = ".git/annex/tmp/KEY";
  FakeConversation conversation;
  std::unique_ptr<SpecialRemote> remote;

 private:
  stdfs::path back_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool said(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return has(line, part); });
}

std::string flipped(std::string bytes) {
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  return bytes;
}

std::string key_for(const std::string& bytes) {
  return sha256_key(bytes).text();
}

}  // namespace

TEST_CASE("an object goes in and comes out, in both layouts and both ways of verifying") {
  const std::string layout = GENERATE("1", "2");
  const bool once = GENERATE(false, true);
  const bool large = GENERATE(false, true);
  const std::string& bytes = large ? kLarge : kSmall;
  const std::string key = key_for(bytes);
  Bench bench(layout);
  if (once) bench.verify_once();
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "every byte hashed"));
  CHECK((read_file(bench.object(key)) == bytes));
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-SUCCESS " + bench.object(key));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  bench.session();
  CHECK_FALSE(exists(bench.dataset + "/.microstage"));
  CHECK_FALSE(exists(".git/annex/microstage"));
}

TEST_CASE("a source that is not what its key says is not stored") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kLarge);
  const std::string bytes = GENERATE(flipped(kLarge), kLarge.substr(1), kLarge + "x", std::string{});
  CHECK(has(bench.store(key, bytes), "TRANSFER-FAILURE STORE " + key + " "));
  CHECK_FALSE(exists(bench.object(key)));
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.ask(RequestType::store, key, "no such file"), "gone"));
}

TEST_CASE("a source that changes while it is copied is not stored, also where its key has no digest") {
  const std::string size = std::to_string(kLarge.size());
  const std::string key = GENERATE_COPY(key_for(kLarge), "WORM-s" + size + "-m1--plane.tif");
  Bench bench;
  bench.prepare();
  write_file("./source", kLarge);
  stdfs::last_write_time("source", stdfs::file_time_type::clock::now() - std::chrono::hours(1));
  bench.conversation.on_progress = [] { write_file("./source", flipped(kLarge)); };
  CHECK(has(bench.ask(RequestType::store, key, "source"), "TRANSFER-FAILURE STORE " + key));
  CHECK_FALSE(exists(bench.object(key)));
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
}

TEST_CASE("a source that vanishes while it is copied is stored, and the rollback is refused") {
  const std::string key = key_for(kLarge);
  Bench bench;
  bench.prepare();
  write_file("./source", kLarge);
  bench.conversation.on_progress = [] { stdfs::remove("source"); };
  CHECK(bench.ask(RequestType::store, key, "source") == "TRANSFER-SUCCESS STORE " + key);
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK((read_file(bench.object(key)) == kLarge));
}

// ---- the rollback of git-annex
// ---------------------------------------------------------------------------------

TEST_CASE("a removal right after our own store is git-annex's rollback and is refused") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  const std::string refused = bench.remove(key);
  CHECK(has(refused, "REMOVE-FAILURE " + key + " "));
  CHECK(has(refused, "the store keeps its copy"));
  CHECK((read_file(bench.object(key)) == kSmall));
  // Whoever asks again means it.
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK_FALSE(exists(bench.object(key)));
}

TEST_CASE("any other request for the key in between shows that the removal is meant") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  switch (GENERATE(0, 1, 2)) {
    case 0:
      bench.check(key);
      break;
    case 1:
      bench.retrieve(key);
      break;
    default:
      bench.ask(RequestType::where_is, key);
  }
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

TEST_CASE("what was there before a store is not taken away by its rollback") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.put(key, kSmall);
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "already"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK((read_file(bench.object(key)) == kSmall));
}

TEST_CASE("a rollback of what could not be hashed takes it out of sight and keeps it") {
  Bench bench;
  bench.prepare();
  const std::string key = "WORM-s1000-m1--plane.tif";
  bench.store(key, kSmall);
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  REQUIRE(bench.quarantined().size() == 1);
  CHECK((read_file(bench.quarantined()[0]) == kSmall));
}

TEST_CASE("requests for other keys in between show nothing") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  const std::string other = key_for(kLarge);
  bench.store(key, kSmall);
  bench.store(other, kLarge);
  bench.check(other);
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
}

TEST_CASE("a failed store is followed by no rollback of ours") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, flipped(kSmall));
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

TEST_CASE("the next session removes what an earlier one stored") {
  Bench bench;
  bench.prepare();
  const std::string key = key_for(kSmall);
  bench.store(key, kSmall);
  bench.session();
  bench.prepare();
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
}

// ---- keys that are special
// -------------------------------------------------------------------------------------

TEST_CASE("a manifest is always replaced and may always be removed") {
  Bench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  const std::string key = "GITMANIFEST--" + kUuid;
  for (const std::string text : {"one\n", "two\n", "six\n", "a longer manifest\n", ""}) {
    CHECK(bench.store(key, text) == "TRANSFER-SUCCESS STORE " + key);
    CHECK(read_file(bench.object(key)) == text);
    CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
    CHECK(read_file(bench.target) == text);
  }
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  bench.store(key, "last\n");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("a bundle carries its digest") {
  Bench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  const std::string digest = hex_digest({HashFamily::sha2, 256}, kLarge);
  const std::string key = "GITBUNDLE-s" + std::to_string(kLarge.size()) + "--" + kUuid + "-" + digest;
  CHECK(has(bench.store(key, flipped(kLarge)), "TRANSFER-FAILURE"));
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  bench.put(key, flipped(kLarge));
  stdfs::remove(bench.target);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
}

TEST_CASE("a key without a usable digest is checked by its size, and the report says so") {
  const std::string key =
      GENERATE("WORM-s1000-m1234567890--name.tif", "URL-s1000--http&c%%x%y", "XFOO-s1000--abc",
               "SHA256-s1000--tooshort", "SHA256E-s2000-S1000-C1--abc.tif");
  Bench bench;
  bench.prepare();
  CHECK(has(bench.store(key, kSmall + "x"), "TRANSFER-FAILURE STORE " + key));
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(said(bench.conversation.debugged, "checked by its size only"));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  bench.put(key, kSmall.substr(1));
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
}

TEST_CASE("verify-once refuses what it cannot hash") {
  const std::string key =
      GENERATE("WORM-s1000-m1234567890--name.tif", "URL--http&c%%x%y", "XFOO-s1000--abc",
               "SHA256E-s2000-S1000-C1--abc.tif", "GPGHMACSHA1--0123456789abcdef", "SHA256-s1000--tooshort");
  Bench bench;
  bench.verify_once();
  bench.prepare();
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  const std::string refused = bench.retrieve(key);
  CHECK(has(refused, "TRANSFER-FAILURE RETRIEVE " + key + " "));
  CHECK(has(refused, "cannot be verified"));
  CHECK_FALSE(exists(bench.target));
}

TEST_CASE("what is no key is refused, and presence of it is unknown") {
  const std::string key = GENERATE("nonsense", "SHA256E", "-s1--x", "SHA256E-s5--", "SHA256E-s5-S0-C1--x");
  Bench bench;
  bench.prepare();
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE STORE " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
}

// ---- damage
// ----------------------------------------------------------------------------------------------------

TEST_CASE("a damaged object is never delivered, is moved aside, and can be replaced") {
  const bool once = GENERATE(false, true);
  const bool large = GENERATE(false, true);
  const std::string& bytes = large ? kLarge : kSmall;
  const std::string key = key_for(bytes);
  Bench bench;
  if (once) bench.verify_once();
  bench.prepare();
  bench.put(key, flipped(bytes));
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);  // nobody has looked inside yet
  const std::string failed = bench.retrieve(key);
  CHECK(has(failed, "TRANSFER-FAILURE RETRIEVE " + key + " "));
  CHECK(has(failed, "damaged"));
  CHECK_FALSE(exists(bench.target));
  // git-annex asks for no removal after a failed retrieve, so its bytes must stop counting as a copy now.
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  REQUIRE(bench.quarantined().size() == 1);
  CHECK((read_file(bench.quarantined()[0]) == flipped(bytes)));
  CHECK(said(bench.conversation.informed, bench.quarantined()[0]));
  CHECK(bench.store(key, bytes) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == bytes));
}

TEST_CASE("where it cannot be moved aside it is still no copy") {
  const std::string key = key_for(kLarge);
  Bench bench;
  bench.prepare();
  bench.put(key, flipped(kLarge));
  // A file in the place of our directory stops every write below the dataset.
  write_file(bench.dataset + "/.microstage", "in the way");
  CHECK(has(bench.retrieve(key), "could not be moved"));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.store(key, kLarge), "TRANSFER-FAILURE STORE"));  // and not "it is there already"
  CHECK((read_file(bench.object(key)) == flipped(kLarge)));
  stdfs::remove(bench.dataset + "/.microstage");
  CHECK(bench.store(key, kLarge) == "TRANSFER-SUCCESS STORE " + key);
  CHECK((read_file(bench.object(key)) == kLarge));
  CHECK(bench.quarantined().size() == 1);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("a removal of what was found damaged keeps it aside") {
  const std::string key = key_for(kLarge);
  Bench bench;
  bench.prepare();
  bench.put(key, flipped(kLarge));
  write_file(bench.dataset + "/.microstage", "in the way");
  bench.retrieve(key);
  stdfs::remove(bench.dataset + "/.microstage");
  CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
  CHECK(bench.quarantined().size() == 1);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("an object of the wrong size is absent, is moved aside by a removal, and is replaced by a store") {
  const std::string key = key_for(kSmall);
  const std::string bytes = GENERATE(std::string{}, kSmall.substr(0, 999), kSmall + "x");
  Bench bench;
  bench.prepare();
  bench.put(key, bytes);
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  CHECK_FALSE(exists(bench.target));
  CHECK(bench.ask(RequestType::where_is, key) == "WHEREIS-FAILURE");
  if (GENERATE(false, true)) {
    CHECK(bench.remove(key) == "REMOVE-SUCCESS " + key);
    CHECK(bench.quarantined().size() == 1);
  } else {
    CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
    CHECK((read_file(bench.object(key)) == kSmall));
  }
}

TEST_CASE("a partial copy from elsewhere that is wrong does not spoil the good object") {
  const std::string key = key_for(kLarge);
  Bench bench;
  bench.prepare();
  bench.put(key, kLarge);
  write_file(bench.target, flipped(kLarge).substr(0, 2'000'000));
  const std::string first = bench.retrieve(key);
  CHECK(has(first, "TRANSFER-FAILURE"));
  CHECK(bench.quarantined().empty());
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == kLarge));
}

TEST_CASE("a retrieve goes on from every length") {
  const std::string key = key_for(kLarge);
  const std::size_t length =
      GENERATE(as<std::size_t>{}, 0, 1, 1'000'000, 1'048'576, 2'999'999, 3'000'000, 3'000'001, 4'000'000);
  Bench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  bench.put(key, kLarge);
  write_file(bench.target, (kLarge + kLarge).substr(0, length));
  CHECK(bench.retrieve(key) == "TRANSFER-SUCCESS RETRIEVE " + key);
  CHECK((read_file(bench.target) == kLarge));
}

// ---- stores that are not what they should be
// -------------------------------------------------------------------

TEST_CASE("a store that is not there is not an empty store") {
  const std::string key = key_for(kSmall);
  Bench bench;
  bench.prepare();
  stdfs::rename(bench.scratch / "store", bench.scratch / "elsewhere");
  if (GENERATE(false, true))
    stdfs::create_directory(bench.scratch / "store");  // a mount point without its mount
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.check(key), "mounted"));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  // It may be mounted meanwhile, in one session.
  stdfs::remove(bench.scratch / "store");
  stdfs::rename(bench.scratch / "elsewhere", bench.scratch / "store");
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
}

TEST_CASE("a store that vanishes in the middle of a session is not an empty store") {
  const std::string key = key_for(kSmall);
  Bench bench;
  bench.prepare();
  CHECK(bench.check(key) == "CHECKPRESENT-FAILURE " + key);
  stdfs::rename(bench.scratch / "store", bench.scratch / "elsewhere");
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE " + key));
  // Another one in its place: what we held is stale, and the next request finds the new one.
  make_ria_store(bench.scratch / "store");
  bench.put(key, kSmall);
  bench.check(key);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("a dataset that the store does not have is no missing key") {
  const std::string key = key_for(kSmall);
  Bench bench;
  bench.conversation.answers["GETCONFIG archive-id"] = kUuid;
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.store(key, kSmall), "microstage connect"));
}

TEST_CASE("an unknown layout version is neither read nor written") {
  const std::string key = key_for(kSmall);
  Bench bench;
  bench.put(key, kSmall);
  const std::string object = bench.object(key);
  const std::string file = GENERATE("store", "dataset");
  const std::string text = GENERATE("3", "", "2x", "latest");
  write_file((file == "store" ? bench.scratch / "store" : bench.dataset) + "/ria-layout-version",
             text + "\n");
  bench.prepare();
  for (const std::string& answer :
       {bench.check(key), bench.store(key, kSmall), bench.remove(key), bench.retrieve(key)}) {
    CHECK_FALSE(has(answer, "SUCCESS"));
    CHECK(has(answer, "layout version"));
  }
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
  CHECK((read_file(object) == kSmall));
}

TEST_CASE("flags behind the version do not matter") {
  Bench bench;
  write_file(bench.scratch / "store/ria-layout-version", "1|l\n");
  write_file(bench.dataset + "/ria-layout-version", "2|l\n");
  bench.prepare();
  CHECK(bench.check(key_for(kSmall)) == "CHECKPRESENT-FAILURE " + key_for(kSmall));
}

TEST_CASE("a key that may be in an archive is neither absent nor removable") {
  const std::string key = key_for(kSmall);
  Bench bench;
  write_file(bench.dataset + "/archives/archive.7z", "7z");
  bench.prepare();
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
  CHECK(bench.check(key) == "CHECKPRESENT-SUCCESS " + key);
}

TEST_CASE("nothing is reached through a symbolic link, and such a thing is not absent") {
  const std::string key = key_for(kSmall);
  Bench bench;
  bench.prepare();
  const stdfs::path object = bench.object(key);
  write_file(bench.scratch / "outside/" + key + "/" + key, kSmall);
  stdfs::create_directories(object.parent_path().parent_path());
  stdfs::create_directory_symlink(bench.scratch / "outside/" + key, object.parent_path());
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN " + key));
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE"));
  CHECK(has(bench.remove(key), "REMOVE-FAILURE"));
  CHECK((read_file(bench.scratch / "outside/" + key + "/" + key) == kSmall));
}

// ---- the rest
// --------------------------------------------------------------------------------------------------

TEST_CASE("a request before PREPARE fails, and the remote lives on") {
  Bench bench;
  const std::string key = key_for(kSmall);
  CHECK(has(bench.store(key, kSmall), "TRANSFER-FAILURE STORE"));
  CHECK(has(bench.check(key), "CHECKPRESENT-UNKNOWN"));
  CHECK(bench.ask(RequestType::get_cost) == "COST 190");
  bench.prepare();
  CHECK(bench.store(key, kSmall) == "TRANSFER-SUCCESS STORE " + key);
}

TEST_CASE("PREPARE says what is missing") {
  Bench bench;
  bench.conversation.answers.erase("GETCONFIG url");
  CHECK(has(bench.ask(RequestType::prepare), "PREPARE-FAILURE "));
}

TEST_CASE("PREPARE does not need the store") {
  Bench bench;
  stdfs::remove_all(bench.scratch / "store");
  bench.prepare();
}

TEST_CASE("availability is UNAVAILABLE only where that word was agreed on") {
  Bench bench;
  bench.prepare();
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY LOCAL");
  bench.session();
  bench.prepare();
  stdfs::remove_all(bench.scratch / "store");
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY LOCAL");
  bench.conversation.extensions.insert(Extension::unavailable_response);
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY UNAVAILABLE");
}

TEST_CASE("cost and availability go by the kind of URL") {
  Bench bench;
  bench.conversation.answers["GETCONFIG url"] = "ria+http://store.example/x";
  bench.prepare();
  CHECK(bench.ask(RequestType::get_cost) == "COST 190");
  CHECK(bench.ask(RequestType::get_availability) == "AVAILABILITY GLOBAL");
  CHECK(has(bench.check(key_for(kSmall)), "CHECKPRESENT-UNKNOWN"));
  bench.conversation.answers["GETCONFIG url"] = "ria+file:///anywhere";
  bench.session();
  bench.prepare();
  CHECK(bench.ask(RequestType::get_cost) == "COST 90");
}

TEST_CASE("info tells where, which layout, how much and who verifies") {
  Bench bench;
  const bool once = GENERATE(false, true);
  if (once) bench.verify_once();
  bench.prepare();
  bench.store(key_for(kSmall), kSmall);
  const auto lines = bench.remote->serve({RequestType::get_info, {}, {}}, bench.conversation);
  CHECK(lines.back() == "INFOEND");
  CHECK(said(lines, "INFOVALUE ria+file://" + bench.scratch.path() + "/store"));
  CHECK(said(lines, "INFOVALUE " + std::string{kDatasetId}));
  CHECK(said(lines, "INFOVALUE 2 (mixed hash directories)"));
  CHECK(said(lines, "INFOVALUE 1 (1.0 kB)"));
  CHECK(said(lines, once ? "verify-once" : "follows"));
}

TEST_CASE("a stopped transfer leaves nothing in the store and a prefix, or nothing, in the clone") {
  const std::string key = key_for(kLarge);
  Bench bench;
  if (GENERATE(false, true)) bench.verify_once();
  bench.prepare();
  bench.put(key, kLarge);
  bench.conversation.stop.request_stop();
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE"));
  CHECK(kLarge.starts_with(read_file(bench.target)));
  CHECK(bench.quarantined().empty());
  const std::string other = key_for(kLarge + "x");
  CHECK(has(bench.store(other, kLarge + "x"), "TRANSFER-FAILURE"));
  CHECK_FALSE(exists(bench.object(other)));
  bench.session();
  CHECK_FALSE(exists(bench.dataset + "/.microstage"));
}

TEST_CASE("each byte of progress is a byte of this file") {
  const std::string key = key_for(kLarge);
  Bench bench;
  bench.prepare();
  bench.store(key, kLarge);
  REQUIRE_FALSE(bench.conversation.progressed.empty());
  CHECK(bench.conversation.progressed.back() == kLarge.size());
  CHECK(std::is_sorted(bench.conversation.progressed.begin(), bench.conversation.progressed.end()));
}

TEST_CASE("INITREMOTE settles the dataset's id and can be repeated") {
  Bench bench;
  ::setenv("GIT_WORK_TREE", ".", 1);
  write_file(".datalad/config", "[datalad \"dataset\"]\n\tid = " + std::string{kDatasetId} + "\n");
  bench.conversation.answers["GETCONFIG archive-id"] = "";
  for (int times = 0; times < 2; ++times) {
    CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
    CHECK(bench.conversation.configs["archive-id"] == kDatasetId);
  }
  stdfs::remove_all(".datalad");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
  CHECK(bench.conversation.configs["archive-id"] == kUuid);
  bench.conversation.answers["GETCONFIG archive-id"] = "../../etc";
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE archive-id"));
  ::unsetenv("GIT_WORK_TREE");
}

TEST_CASE("INITREMOTE wants a good url but no store") {
  Bench bench;
  stdfs::remove_all(bench.scratch / "store");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
  CHECK(said(bench.conversation.informed, "mounted"));
  const std::string url =
      GENERATE("", "/data/store", "ria+file://store", "ria+file:///store#id", "ria+ftp://x/y");
  bench.conversation.answers["GETCONFIG url"] = url;
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE "));
}

// ---- what a hostile dataset could say

TEST_CASE("a remote's uuid that is no UUID never becomes a path") {
  Bench bench;
  bench.conversation.answers["GETUUID"] = "../../../victim";
  write_file("./victim/thesis", "years of work");
  stdfs::last_write_time("victim/thesis", stdfs::file_time_type::clock::now() - std::chrono::hours(24 * 365));
  const std::string key = key_for(kSmall);
  bench.put(key, kSmall);
  bench.prepare();
  CHECK(has(bench.retrieve(key), "TRANSFER-FAILURE RETRIEVE " + key));
  bench.session();
  CHECK(read_file("./victim/thesis") == "years of work");
}

TEST_CASE("a second uuid for the content of a store is refused") {
  Bench bench;
  write_file(bench.dataset + "/config",
             "[datalad \"ora-remote\"]\n\tuuid = 99999999-2222-4333-8444-555555555555\n");
  CHECK(has(bench.ask(RequestType::init_remote), "INITREMOTE-FAILURE "));
  write_file(bench.dataset + "/config", "[datalad \"ora-remote\"]\n\tuuid = " + std::string{kUuid} + "\n");
  CHECK(bench.ask(RequestType::init_remote) == "INITREMOTE-SUCCESS");
}
