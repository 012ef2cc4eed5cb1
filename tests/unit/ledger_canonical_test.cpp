// The canonical bytes of events: fixed, reversible, and refused when damaged anywhere.

#include "lib/ledger/canonical.h"

#include "lib/core/text.h"
#include "lib/ledger/chain.h"
#include "tests/support/catch.h"
#include "tests/support/ledger_random.h"

using namespace microstage;
using namespace microstage::ledger;

namespace {

std::string canonical(std::uint64_t seq, const Event& event) {
  std::string bytes;
  append_canonical(bytes, seq, event);
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  return hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("Canonical bytes are what the page says, for ever") {
  Event event;
  event.type = EventType::transfer_finished;
  event.time = 300;
  event.key = "k\xff";
  event.to = "capacity";
  event.bytes = 0;
  event.path = std::string(130, 'p');
  event.position = (std::uint64_t{1} << 63U) - 1;
  const std::string expected =
      "01"
      "8101"
      "ac02"
      "11" +
      hex_of("transfer.finished") +
      "01"
      "04"
      "02"
      "6bff"
      "06"
      "08" +
      hex_of("capacity") +
      "0d"
      "00"
      "0f"
      "8201" +
      hex_of(std::string(130, 'p')) +
      "22"
      "ffffffffffffffff7f";
  CHECK(hex_of(canonical(129, event)) == expected);
  ChainHasher hasher;
  const Hash hash = hasher.next(hasher.plain("before"), "abc");
  CHECK(hash ==
        hasher.plain(std::string(reinterpret_cast<const char*>(hasher.plain("before").data()), 32) + "abc"));
  CHECK(hex(hasher.plain("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("Any event comes back from its bytes") {
  testing::RandomEvents random(7);
  for (std::uint64_t seq = 1; seq < 2000; ++seq) {
    const Event event = random.next();
    REQUIRE(check(event));
    const std::string bytes = canonical(seq, event);
    const auto parsed = parse_canonical(bytes);
    REQUIRE(parsed);
    CHECK(parsed->first == seq);
    CHECK(parsed->second == event);
  }
}

TEST_CASE("Bytes that are cut or changed anywhere are no event, or another one") {
  testing::RandomEvents random(8);
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = canonical(1000, random.next());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto cut = parse_canonical(std::string_view(bytes).substr(0, size));
      if (cut) CHECK(canonical(cut->first, cut->second) == bytes.substr(0, size));
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const unsigned change : {1U, 0x80U, 0xffU}) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ change);
        const auto parsed = parse_canonical(damaged);
        if (parsed) REQUIRE(canonical(parsed->first, parsed->second) == damaged);
        if (!parsed) REQUIRE(parsed.error().kind == ErrorKind::integrity);
      }
    }
  }
}

TEST_CASE("Heads are written and read") {
  Head head{12, {}};
  head.hash.fill(0xab);
  const std::string text = to_text(head);
  CHECK(text.starts_with("12:abab"));
  CHECK(parse_head(text) == head);
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(parse_head(std::string_view(text).substr(0, size)));
  for (const char* bad : {"", "x:ab", ":", "12", "-1:ab"})
    CHECK_FALSE(parse_head(bad));
  CHECK_FALSE(parse_head(text + "0"));
  CHECK_FALSE(parse_head("12:" + std::string(64, 'A')));
}
