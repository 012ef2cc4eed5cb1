// The table reader against any bytes: no crash, no member outside of the archive, no unbounded memory.
//
// An input is one byte of choices, then a file. A fuzzer cannot guess CRCs, so by choice the file is only a
// body and an end header, and the signature that fits is put before them:
//   bit 0: the file as it is
//   bit 1: the archive is said to have another 2^45 bytes of zeros between the body and the end header
// Otherwise two bytes more tell the length of the body.

#include <algorithm>
#include <cstdlib>

#include "lib/store/archive/table_reader.h"

namespace {

using namespace microstage::store::archive;

constexpr std::uint64_t kHole = std::uint64_t{1} << 45U;

// What an archive of these parts has in a range.
struct Archive {
  std::vector<std::byte> front;
  std::uint64_t hole = 0;
  Bytes back;

  [[nodiscard]] std::uint64_t size() const { return front.size() + hole + back.size(); }
  [[nodiscard]] std::byte at(std::uint64_t offset) const {
    if (offset < front.size()) return front[static_cast<std::size_t>(offset)];
    const std::uint64_t after = front.size() + hole;
    return offset < after ? std::byte{0} : back[static_cast<std::size_t>(offset - after)];
  }
};

Archive archive_of(Bytes input) {
  Archive archive;
  const auto choices = input.empty() ? 0U : std::to_integer<unsigned>(input.front());
  ByteReader reader(input.subspan(std::min<std::size_t>(input.size(), 1)));
  if ((choices & 1U) != 0) {
    archive.back = reader.bytes(reader.left());
    return archive;
  }
  archive.hole = (choices & 2U) != 0 ? kHole : 0;
  const std::size_t wanted = reader.u16();
  const Bytes body = reader.bytes(std::min(wanted, reader.left()));
  archive.back = reader.bytes(reader.left());
  archive.front = signature_header(body.size() + archive.hole, archive.back.size(), crc32(archive.back));
  archive.front.insert(archive.front.end(), body.begin(), body.end());
  return archive;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const MemberTable& table, const Archive& archive) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Member member = table[i];
    require(!member.path.empty());
    require(member.offset <= archive.size() && member.size <= archive.size() - member.offset);
    const auto found = table.find(member.path);
    require(found && found->offset == member.offset && found->size == member.size);
    bytes += member.size;
  }
  require(bytes == table.bytes() && bytes <= archive.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMostFed = std::uint64_t{1}
                                     << 20U;  // a hole would fill any memory, by the tester's fault
  const Archive archive = archive_of(std::as_bytes(std::span(data, size)));
  TableReader reader(archive.size());
  for (int steps = 0; const auto range = reader.wanted(); ++steps) {
    require(steps < 10 && range->offset <= archive.size() && range->size <= archive.size() - range->offset);
    if (range->size > kMostFed) return 0;
    std::vector<std::byte> bytes(static_cast<std::size_t>(range->size));
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = archive.at(range->offset + i);
    if (!reader.feed(bytes)) return 0;
  }
  check(reader.take(), archive);
  return 0;
}
