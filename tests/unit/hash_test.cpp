#include "lib/core/hash.h"

#include <vector>

#include "tests/support/catch.h"

using namespace microstage;

namespace {

struct Vector {
  HashFamily family;
  unsigned bits;
  const char* of_nothing;
  const char* of_abc;
  const char* of_counting;  // 100,000 bytes, the i-th is 7 i mod 251
};

// As `git annex calckey` computes them.
const std::vector<Vector> kVectors{
    {HashFamily::md5, 128, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72",
     "c260642229888763c0fa2a4843f50a36"},
    {HashFamily::sha1, 160, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "a9993e364706816aba3e25717850c26c9cd0d89d", "a21056bb4b3ec44dc5b44c7718fd99109047e400"},
    {HashFamily::sha2, 224, "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
     "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
     "da42b28d4bfd7a33d68d0c18d11214b85f2dbe34e63a6d02fc1639e5"},
    {HashFamily::sha2, 256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "96ad0ddabe9c733d4550fde750255a94806811029be67504bd9bd68e556686b9"},
    {HashFamily::sha2, 384,
     "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
     "0457eac326a1b8ff1aa803e337fcde3f236188304b8945c08f7181ce990c925efe8d91216417e8fd6bdcaa58fb9bc80a"},
    {HashFamily::sha2, 512,
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931b"
     "d47417a81a538327af927da3e",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442"
     "3643ce80e2a9ac94fa54ca49f",
     "9029cfe7fbc63001366ae9d2d34114346c645122c01a20c83aab2b2c71b2fc956bb4ee48120885facb9dbd9ade46b39ddc3cf38"
     "eb333be9ac74bafaba6149af1"},
    {HashFamily::sha3, 224, "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
     "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
     "8ec6d81dbb9a45aca82d262b10219ad81927fe6e670e8380cb820e6e"},
    {HashFamily::sha3, 256, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
     "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
     "6092200c5b8e19a28a7abd29af7fa8a6f47846888bf7d8d0ea3699e38c859e79"},
    {HashFamily::sha3, 384,
     "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
     "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
     "9e779e38f7cc45d9bb491460ae323bfa5758be01f9a7031dd86a37cdc8a6d80732f5d6c4bed08ab39486ad0e243214bf"},
    {HashFamily::sha3, 512,
     "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199"
     "d95b6d3e301758586281dcd26",
     "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4"
     "cf408d5a56592f8274eec53f0",
     "6f13b5167661b8f436fa62eaff01eb363ce622577000f113b355934585b684b7a3660a962d49b752e89433382bc39fff0041c09"
     "f563bafd62a816cdabcc12402"},
    {HashFamily::blake2b, 160, "3345524abf6bbe1809449224b5972c41790b6cf2",
     "384264f676f39536840523f284921cdc68b6846b", "3fbf44a0008d5bd39a6c6ef85c1bab268e7634ed"},
    {HashFamily::blake2b, 224, "836cc68931c2e4e3e838602eca1902591d216837bafddfe6f0c8cb07",
     "9bd237b02a29e43bdd6738afa5b53ff0eee178d6210b618e4511aec8",
     "ebfa05b1963a9a91c7a73161587974bf3e0549f2f0f871daad7fd1fe"},
    {HashFamily::blake2b, 256, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
     "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
     "4e4726e4e63ae22b5e82dc60f1ed4fce7b996b30ab80d687e392cf3ee22be8bc"},
    {HashFamily::blake2b, 384,
     "b32811423377f52d7862286ee1a72ee540524380fda1724a6f25d7978c6fd3244a6caf0498812673c5e05ef583825100",
     "6f56a82c8e7ef526dfe182eb5212f7db9df1317e57815dbda46083fc30f54ee6c66ba83be64b302d7cba6ce15bb556f4",
     "7349d5927966d94ca6f3b45fc595eb0190bb98cf47cb71d9c0b276c5a86ad516c23dfe2676e240ec42b6b2b3bd7c3e87"},
    {HashFamily::blake2b, 512,
     "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685"
     "b1448b755d56f701afe9be2ce",
     "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa"
     "8dbf1925ab92386edd4009923",
     "a071f5a92bb4e336699c3ece7f73fafdf33221de653ba2688451470d607420648451b7e23c378563e1db686fcf211997254647c"
     "f507d78973f1ce9987f345830"},
    {HashFamily::blake2bp, 512,
     "b5ef811a8038f70b628fa8b294daae7492b1ebe343a80eaabbf1f6ae664dd67b9d90b0120791eab81dc96985f28849f6a305186"
     "a85501b405114bfa678df9380",
     "b91a6b66ae87526c400b0a8b53774dc65284ad8f6575f8148ff93dff943a6ecd8362130f22d6dae633aa0f91df4ac89aaff31d0"
     "f1b923c898e82025dedbdad6e",
     "8950b624ead9d49938935e0d6e19fb98afad511458880999f20982b341c5a5da78d64263b5372fab0fecbcd5a84218f96be1828"
     "f357a5789696b663ef9db7def"},
    {HashFamily::blake2s, 160, "354c9c33f735962418bdacb9479873429c34916f",
     "5ae3b99be29b01834c3b508521ede60438f8de17", "5b3980bfa5c15be4de0fe94821a130f949b937e1"},
    {HashFamily::blake2s, 224, "1fa1291e65248b37b3433475b2a0dd63d54a11ecc4e3e034e7bc1ef4",
     "0b033fc226df7abde29f67a05d3dc62cf271ef3dfea4d387407fbd55",
     "3b93fb4a955053325b27fbefa4e5a74496fdb986c25c76d4fd09646b"},
    {HashFamily::blake2s, 256, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9",
     "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
     "8f038ba7393ce13eee204503e7c058123e598500b85f9ff4706b300083194003"},
    {HashFamily::blake2sp, 224, "c26167059e1d0f5c4d38e0baf1763410a974e427fe0dc3d61b7bdb71",
     "28938aa4525f52e048c21987bdc2da9a074ecc6a996baf610d326000",
     "38f82ce2f70f7e0120738233fc8e170da6c229a229802a5784114dd9"},
    {HashFamily::blake2sp, 256, "dd0e891776933f43c7d032b08a917e25741f8aa9a12c12e1cac8801500f2ca4f",
     "70f75b58f1fecab821db43c88ad84edde5a52600616cd22517b7bb14d440a7d5",
     "01416c55a96c4a38a78d58a966fbc2a4106667e7fc8407bc174aedcbd384e699"},
};

std::string counting() {
  std::string bytes;
  for (unsigned i = 0; i < 100'000; ++i)
    bytes += static_cast<char>(i * 7 % 251);
  return bytes;
}

// Fed in pieces of `step` bytes.
std::string digest(HashAlgorithm algorithm, std::string_view bytes, std::size_t step) {
  const auto hasher = make_hasher(algorithm);
  REQUIRE(hasher);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    hasher->update(std::as_bytes(std::span(bytes.substr(0, step))));
  return hasher->finish();
}

}  // namespace

TEST_CASE("every algorithm gives git-annex's digest, however the bytes are cut") {
  const std::string bytes = counting();
  for (const Vector& vector : kVectors) {
    const HashAlgorithm algorithm{vector.family, vector.bits};
    CAPTURE(static_cast<int>(vector.family), vector.bits);
    CHECK(digest(algorithm, "", 1) == vector.of_nothing);
    CHECK(digest(algorithm, "abc", 1) == vector.of_abc);
    for (const std::size_t step : {std::size_t{1}, std::size_t{127}, std::size_t{4096}, bytes.size()})
      CHECK(digest(algorithm, bytes, step) == vector.of_counting);
  }
}

TEST_CASE("an algorithm that does not exist is refused") {
  for (const HashAlgorithm algorithm :
       {HashAlgorithm{HashFamily::md5, 256}, HashAlgorithm{HashFamily::sha1, 128},
        HashAlgorithm{HashFamily::sha2, 160}, HashAlgorithm{HashFamily::sha2, 0},
        HashAlgorithm{HashFamily::sha3, 255}, HashAlgorithm{HashFamily::blake2b, 520},
        HashAlgorithm{HashFamily::blake2bp, 0}, HashAlgorithm{HashFamily::blake2s, 264},
        HashAlgorithm{HashFamily::blake2sp, 7}}) {
    CAPTURE(static_cast<int>(algorithm.family), algorithm.bits);
    CHECK(make_hasher(algorithm) == nullptr);
  }
}

TEST_CASE("MD5 of a short text is its sixteen bytes") {
  const auto md5 = md5_of("abc");
  CHECK(md5.front() == 0x90);
  CHECK(md5.back() == 0x72);
}
