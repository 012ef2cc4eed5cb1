#include "lib/annex/key.h"

#include "tests/support/catch.h"
#include "tests/support/scratch.h"

using namespace microstage;
using annex::Key;
using testing::key_of;

namespace {

const std::string kHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Vector {
  std::string key;
  std::string file_name;
  std::string lower;
  std::string mixed;
};

// The directories are `git annex examinekey FILE_NAME --format='${hashdirlower} ${hashdirmixed}'`: ORA asks
// for those of the escaped name.
const std::vector<Vector> kVectors{
    {"SHA256E-s1048576--" + kHex + ".tif", "SHA256E-s1048576--" + kHex + ".tif", "77c/971", "5J/WW"},
    {"MD5E-s10--d41d8cd98f00b204e9800998ecf8427e.ome.tiff",
     "MD5E-s10--d41d8cd98f00b204e9800998ecf8427e.ome.tiff", "86e/185", "66/1P"},
    {"SHA256-s0--" + kHex, "SHA256-s0--" + kHex, "999/812", "2K/49"},
    {"SHA256E-s1048576-S1000-C3--" + kHex + ".tif", "SHA256E-s1048576-S1000-C3--" + kHex + ".tif", "77c/971",
     "5J/WW"},
    {"WORM-s30-m1289672605--file.flac", "WORM-s30-m1289672605--file.flac", "f54/d8f", "JZ/3f"},
    {"WORM-s30-m1289672605-S10-C2--file.flac", "WORM-s30-m1289672605-S10-C2--file.flac", "f54/d8f", "JZ/3f"},
    {"URL--http://www.example.com/a%b&c", "URL--http&c%%www.example.com%a&sb&ac", "f28/f1e", "Fg/78"},
    {"URL-s5--http://www.example.com/x-&y", "URL-s5--http&c%%www.example.com%x-&ay", "743/cc2", "wf/v3"},
    {"GPGHMACSHA1--0123456789abcdef0123456789abcdef01234567",
     "GPGHMACSHA1--0123456789abcdef0123456789abcdef01234567", "239/c00", "v3/09"},
    {"GITMANIFEST--b24c0000-0000-4000-8000-000000000001", "GITMANIFEST--b24c0000-0000-4000-8000-000000000001",
     "6d0/832", "1x/j0"},
    {"GITBUNDLE-s33--b24c0000-0000-4000-8000-000000000001-" + kHex,
     "GITBUNDLE-s33--b24c0000-0000-4000-8000-000000000001-" + kHex, "825/f01", "P2/0Z"},
    {"SHA1-s3--\\a9993e364706816aba3e25717850c26c9cd0d89d",
     "SHA1-s3--\\a9993e364706816aba3e25717850c26c9cd0d89d", "fa1/ea1", "VM/8w"},
    {"BLAKE2B160E-s7--5cc17e6f4f8c0e1b1f4ea2ee5ba6b3a7d3bb9f07.a.b",
     "BLAKE2B160E-s7--5cc17e6f4f8c0e1b1f4ea2ee5ba6b3a7d3bb9f07.a.b", "377/330", "jJ/j7"},
    {"XTEST-s4--abc", "XTEST-s4--abc", "48a/88b", "18/2M"},
    {"WORM-s3-m1--\xc3\xa4.tif", "WORM-s3-m1--\xc3\xa4.tif", "295/c00", "v9/05"},
    {"X--y", "X--y", "8be/e2a", "Mq/zk"},
};

}  // namespace

TEST_CASE("each key has the file name and the hash directories that git-annex gives it") {
  for (const Vector& vector : kVectors) {
    CAPTURE(vector.key);
    const Key key = key_of(vector.key);
    CHECK(key.text() == vector.key);
    CHECK(key.file_name() == vector.file_name);
    CHECK(Key::unescape_file_name(vector.file_name) == vector.key);
    CHECK(key.hash_directories_lower() == vector.lower);
    CHECK(key.hash_directories_mixed() == vector.mixed);
  }
}

TEST_CASE("a file name leads back to its key, whatever characters it has") {
  for (const std::string name :
       {"&", "%", ":", "/", "&a", "&s", "&c", "%a", "&&aa", "a&", "/../", ":%/&", "&%&s:&c"}) {
    CAPTURE(name);
    const Key key = key_of("URL--" + name);
    CHECK(key.file_name().find('/') == std::string::npos);
    CHECK(Key::unescape_file_name(key.file_name()) == key.text());
  }
}

TEST_CASE("what is no key is refused, with one line that says why") {
  for (const std::string& bad : {std::string(),
                                 std::string("x"),
                                 std::string("-s5--x"),
                                 std::string("SHA256"),
                                 std::string("SHA256-s5"),
                                 std::string("SHA256-s5--"),
                                 std::string("SHA256-s5-x"),
                                 std::string("SHA256-s--x"),
                                 std::string("SHA256-s-5--x"),
                                 std::string("SHA256-s99999999999999999999--x"),
                                 std::string("SHA256-m5-s5--x"),
                                 std::string("SHA256-s5-S2--x"),
                                 std::string("SHA256-s5-C2--x"),
                                 std::string("SHA256-s5-S2-C0--x"),
                                 std::string("SHA256-s5-S0-C1--x"),
                                 std::string("SHA256-s5--a b"),
                                 std::string("SHA256-s5--a\nb"),
                                 std::string("SHA256-s5--a\tb"),
                                 std::string("SHA256-s5--a\0b", 14),
                                 std::string("../x"),
                                 std::string("/--"),
                                 "SHA256-s5--" + std::string(245, 'x')}) {
    CAPTURE(bad);
    const auto key = Key::parse(bad);
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == ErrorKind::invalid);
    CHECK(key.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("the longest key is the longest file name, escapes included") {
  CHECK(Key::parse("SHA256-s5--" + std::string(244, 'x')));
  CHECK(Key::parse("SHA256-s5--" + std::string(242, 'x') + ":"));
  CHECK_FALSE(Key::parse("SHA256-s5--" + std::string(243, 'x') + ":"));
}

TEST_CASE("a key's file name is never a way out of its directory") {
  for (const std::string bad : {"..--..", ".--.", "../../x--y", "a/../../b--c"}) {
    const auto key = Key::parse(bad);
    if (!key) continue;
    CHECK(key->file_name().find('/') == std::string::npos);
    CHECK(key->file_name() != ".");
    CHECK(key->file_name() != "..");
  }
}

TEST_CASE("the size of the content is the key's, and a chunk's is the chunk's") {
  const auto size = [](std::string_view text) { return key_of(text).content_size(); };
  CHECK(size("SHA256-s5--x") == 5);
  CHECK(size("SHA256-s0--x") == 0);
  CHECK(size("WORM-s30-m1289672605--x") == 30);
  CHECK(size("SHA256-s9-S4-C1--x") == 4);
  CHECK(size("SHA256-s9-S4-C2--x") == 4);
  CHECK(size("SHA256-s9-S4-C3--x") == 1);
  CHECK(size("SHA256-s8-S4-C2--x") == 4);
  CHECK(size("SHA256-s8-S4-C3--x") == 0);
  CHECK(size("SHA256-s8-S4-C18446744073709551615--x") == 0);
  CHECK(size("SHA256-s3-S4-C1--x") == 3);
  CHECK(size("SHA256-s0-S4-C1--x") == 0);
  CHECK(size("URL--x") == std::nullopt);
  CHECK(size("GPGHMACSHA1--x") == std::nullopt);
  CHECK(size("URL-S4-C1--x") == std::nullopt);
}

TEST_CASE("a key says which digest its content must have, if we can compute it") {
  const auto digest = [](const std::string& text) { return key_of(text).digest(); };
  REQUIRE(digest("SHA256-s0--" + kHex));
  CHECK(digest("SHA256-s0--" + kHex)->hex == kHex);
  CHECK(digest("SHA256E-s0--" + kHex + ".tar.gz")->hex == kHex);
  CHECK(digest("SHA256E-s0--" + kHex)->hex == kHex);
  CHECK(digest("SHA256-s0--\\" + kHex)->hex == kHex);
  CHECK(digest("GITBUNDLE-s0--b24c0000-0000-4000-8000-000000000001-" + kHex)->hex == kHex);
  CHECK(digest("MD5E-s1--d41d8cd98f00b204e9800998ecf8427e.tif")->algorithm ==
        HashAlgorithm{HashFamily::md5, 128});
  CHECK(digest("BLAKE2SP224E-s1--" + kHex.substr(0, 56))->algorithm ==
        HashAlgorithm{HashFamily::blake2sp, 224});
  CHECK(digest("SHA3_256E-s1--" + kHex)->algorithm == HashAlgorithm{HashFamily::sha3, 256});
}

TEST_CASE("a key whose content we cannot hash says so") {
  for (const std::string& text :
       {"WORM-s1-m1--" + kHex, "URL--" + kHex, "VURL--" + kHex, "GPGHMACSHA256--" + kHex,
        "SKEIN256-s1--" + kHex, "XSHA256-s1--" + kHex, "SHA256-s1-S1-C1--" + kHex,
        "SHA256-s1--" + kHex.substr(1), "SHA256-s1--x" + kHex, "SHA256-s1--" + std::string(64, 'G'),
        "SHA256-s1--" + std::string(64, 'A'), "MD5-s1--" + kHex,
        std::string("GITMANIFEST--b24c0000-0000-4000-8000-000000000001"), std::string("GITBUNDLE-s1--x")}) {
    CAPTURE(text);
    CHECK_FALSE(key_of(text).digest());
  }
}

TEST_CASE("every digest backend of git-annex that has one is known, with and without E") {
  for (const std::string backend :
       {"MD5",        "SHA1",        "SHA224",     "SHA256",      "SHA384",     "SHA512",
        "SHA3_224",   "SHA3_256",    "SHA3_384",   "SHA3_512",    "BLAKE2B160", "BLAKE2B224",
        "BLAKE2B256", "BLAKE2B384",  "BLAKE2B512", "BLAKE2BP512", "BLAKE2S160", "BLAKE2S224",
        "BLAKE2S256", "BLAKE2SP224", "BLAKE2SP256"}) {
    CAPTURE(backend);
    const auto algorithm = annex::algorithm_of(backend);
    REQUIRE(algorithm);
    CHECK(make_hasher(*algorithm));
    const std::string hex(algorithm->bits / 4, '0');
    CHECK(key_of(backend + "-s1--" + hex).digest());
    CHECK(key_of(backend + "E-s1--" + hex + ".x").digest());
  }
}

TEST_CASE("only the manifest of a git repository changes under its key") {
  CHECK(key_of("GITMANIFEST--b24c0000-0000-4000-8000-000000000001").is_mutable());
  CHECK_FALSE(key_of("GITBUNDLE-s1--x").is_mutable());
  CHECK_FALSE(key_of("SHA256-s0--" + kHex).is_mutable());
}
